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
 * One process of the run `id`.
 * @param killAt failpoint at which it kills itself; 0 for none
 */
async function work(name: string, id: string, killAt: number): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", worker, name, join(folder, `${id}.db`), ledgerOf(id)],
    {
      cwd: root,
      env: { ...process.env, COLDFRAME_KILL_AT: String(killAt) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, output };
}

const ledgerOf = (id: string) => join(folder, `${id}.ledger`);

/** What the last line of a worker that came to the end says. */
function endOf({ code, output }: Ended): { result: unknown; failpoints: string[] } {
  const line = /^end (.*)$/m.exec(output)?.[1];
  if (code !== 0 || line === undefined) throw new Error(`the worker ended with code ${code}:\n${output}`);
  return JSON.parse(line) as { result: unknown; failpoints: string[] };
}

/** Calls of one branch follow one another; those of two branches run beside each other. */
const branches: Readonly<Record<string, (op: string) => string>> = {
  expand: () => "only",
  rollback: (op) => op.slice(0, op.indexOf(".")),
};

/** A run that dies at each of these failpoints in turn, each time in another process, and is then left in peace. */
async function disturbed(
  name: string,
  kills: readonly number[],
): Promise<Outcome & { faults: readonly string[] }> {
  const id = [name, ...kills].join("-");
  for (const killAt of kills) {
    const ended = await work(name, id, killAt);
    if (ended.signal === "SIGKILL") killed++;
    // How many failpoints there are depends on what is written together: it may come to its end before.
    else expect(endOf(ended).failpoints.length).toBeLessThan(killAt);
  }
  const { result } = endOf(await work(name, id, 0));
  return { ...merge(readLedger(ledgerOf(id)), branches[name]!), result };
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
    const undisturbed = endOf(await work(name, name, 0));
    expect({ ...merge(readLedger(ledgerOf(name)), branches[name]!), result: undisturbed.result }).toEqual(
      reference,
    );
    const { failpoints } = undisturbed;
    expect(failpoints.length).toBeGreaterThan(ALWAYS);
    killed = 0;

    const once = failpoints.map((_, i) => [i + 1]);
    const twice = once.filter((_, i) => i % 3 === 0).map(([n]) => [n!, 3 + (n! % 5)]);
    const wrong: unknown[] = [];
    await inParallel([...once, ...twice], async (kills) => {
      const outcome = await disturbed(name, kills);
      if (
        JSON.stringify(outcome) ===
        JSON.stringify({ trace: reference.trace, faults: [], result: reference.result })
      )
        return;
      wrong.push({ kills, at: failpoints[kills[0]! - 1], ...outcome });
    });
    expect(wrong).toEqual([]);
    expect(killed).toBeGreaterThan(ALWAYS);
  });
});
