/**
 * The kill matrix: a process that runs an example is killed with SIGKILL at each of its failpoints, before and after
 * every commit and every step, and another process carries on. What the systems saw, and the result, must be what
 * plain Node does with the uncompiled files; only a request in flight may be there twice, under the same key.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, root } from "./support/bundle.ts";
import { readLedger } from "./support/ledger.ts";
import { merge } from "./support/merged.ts";
import { type Outcome, uncompiled } from "./support/uncompiled.ts";

const AT_ONCE = 3;
/** Runs that one process carries on at last. */
const TOGETHER = 8;
/** Failpoints that every run of an example has, however much is written together. */
const ALWAYS = 20;
let killed = 0;
const folder = mkdtempSync(join(tmpdir(), "coldframe-kill-"));
let worker: string;

beforeAll(async () => {
  worker = await bundle("test/examples/support/kill-worker.ts");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(dirname(worker), { recursive: true, force: true });
});

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly output: string;
}

/**
 * One process, which carries these runs on, one after the other.
 * @param killAt failpoint at which it kills itself; 0 for none
 */
async function work(name: string, ids: readonly string[], killAt: number): Promise<Ended> {
  const files = ids.flatMap((id) => [join(folder, `${id}.db`), ledgerOf(id)]);
  const child = spawn(process.execPath, ["--enable-source-maps", worker, name, ...files], {
    cwd: root,
    env: { ...process.env, COLDFRAME_KILL_AT: String(killAt) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, output };
}

const ledgerOf = (id: string) => join(folder, `${id}.ledger`);

interface End {
  readonly result: unknown;
  readonly failpoints: readonly string[];
}

/** What a worker that came to the end of `count` runs says of each. */
function endsOf({ code, output }: Ended, count: number): readonly End[] {
  const ends = [...output.matchAll(/^end (.*)$/gm)].map(([, line]) => JSON.parse(line!) as End);
  if (code !== 0 || ends.length !== count) throw new Error(`the worker ended with code ${code}:\n${output}`);
  return ends;
}

/** Calls of one branch follow one another; those of two branches run beside each other. */
const branches: Readonly<Record<string, (op: string) => string>> = {
  expand: () => "only",
  rollback: (op) => op.slice(0, op.indexOf(".")),
};

const idOf = (name: string, kills: readonly number[]): string => [name, ...kills].join("-");

/** A run dies at each of these failpoints in turn, each time in another process. */
async function disturb(name: string, kills: readonly number[]): Promise<void> {
  for (const killAt of kills) {
    const ended = await work(name, [idOf(name, kills)], killAt);
    if (ended.signal === "SIGKILL") killed++;
    // How many failpoints there are depends on what is written together: it may come to its end before.
    else expect(endsOf(ended, 1)[0]!.failpoints.length).toBeLessThan(killAt);
  }
}

/** Then all of them are left in peace, in one more process. */
async function outcomesOf(
  name: string,
  cases: readonly (readonly number[])[],
): Promise<readonly (Outcome & { faults: readonly string[] })[]> {
  const ids = cases.map((kills) => idOf(name, kills));
  const ends = endsOf(await work(name, ids, 0), ids.length);
  return ids.map((id, i) => ({
    ...merge(readLedger(ledgerOf(id)), branches[name]!),
    result: ends[i]!.result,
  }));
}

/** Each case through `task`, so many at once. */
async function inParallel<T>(cases: readonly T[], task: (one: T) => Promise<void>): Promise<void> {
  const rest = [...cases];
  const lane = async () => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) await task(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

describe.each(["expand", "rollback"] as const)("kill matrix of %s", (name) => {
  test("killed at every failpoint, once and again, it ends as if nothing had happened", {
    timeout: 480_000,
  }, async () => {
    const reference = { ...(await uncompiled(name)), faults: [] };
    const undisturbed = endsOf(await work(name, [name], 0), 1)[0]!;
    expect({ ...merge(readLedger(ledgerOf(name)), branches[name]!), result: undisturbed.result }).toEqual(
      reference,
    );
    const { failpoints } = undisturbed;
    expect(failpoints.length).toBeGreaterThan(ALWAYS);
    killed = 0;

    const once = failpoints.map((_, i) => [i + 1]);
    const twice = once.filter((_, i) => i % 3 === 0).map(([n]) => [n!, 3 + (n! % 5)]);
    const cases = [...once, ...twice];
    const groups = Array.from({ length: Math.ceil(cases.length / TOGETHER) }, (_, i) =>
      cases.slice(i * TOGETHER, (i + 1) * TOGETHER),
    );
    const wrong: unknown[] = [];
    await inParallel(groups, async (group) => {
      for (const kills of group) await disturb(name, kills);
      for (const [i, outcome] of (await outcomesOf(name, group)).entries())
        if (
          JSON.stringify(outcome) !==
          JSON.stringify({ trace: reference.trace, faults: [], result: reference.result })
        )
          wrong.push({ kills: group[i], at: failpoints[group[i]![0]! - 1], ...outcome });
    });
    expect(wrong).toEqual([]);
    expect(killed).toBeGreaterThan(ALWAYS);
  });
});
