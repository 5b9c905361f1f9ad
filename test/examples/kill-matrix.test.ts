/**
 * The kill matrix: a process that runs an example is killed with SIGKILL at each of its failpoints, before and after
 * every commit and every step, and another process carries on. What the systems saw, and the result, must be what
 * plain Node does with the uncompiled files; only a request in flight may be there twice, under the same key.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { readLedger } from "./support/ledger.ts";
import { merge } from "./support/merged.ts";
import { uncompiled } from "./support/uncompiled.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "coldframe-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AT_ONCE = 2;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly output: string;
}

/** @param killAt failpoint at which the process kills itself; 0 for none */
async function work(name: string, id: string, killAt: number): Promise<Ended> {
  const args = ["--import", "coldframe/register", "test/examples/support/kill-worker.ts", name];
  const child = spawn(process.execPath, [...args, join(folder, `${id}.db`), join(folder, `${id}.ledger`)], {
    cwd: root,
    env: { ...process.env, COLDFRAME_KILL_AT: String(killAt) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, output };
}

/** What the last line of a worker that came to the end says. */
function endOf({ code, output }: Ended): { result: unknown; failpoints: string[] } {
  const line = /^end (.*)$/m.exec(output)?.[1];
  if (code !== 0 || line === undefined) throw new Error(`the worker ended with code ${code}:\n${output}`);
  return JSON.parse(line) as { result: unknown; failpoints: string[] };
}

/** Numbers from 1 to `count` through `task`, so many at once. */
async function inParallel(count: number, task: (n: number) => Promise<void>): Promise<void> {
  let next = 1;
  const lane = async () => {
    while (next <= count) await task(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

const branches: Record<string, (op: string) => string> = {
  expand: () => "only",
  rollback: (op) => op.slice(0, op.indexOf(".")),
};

describe.each(["expand", "rollback"] as const)("kill matrix of %s", (name) => {
  test("killed at every failpoint, it ends as if nothing had happened", { timeout: 240_000 }, async () => {
    const reference = await uncompiled(name);
    const undisturbed = endOf(await work(name, `${name}-0`, 0));
    const whole = merge(readLedger(join(folder, `${name}-0.ledger`)), branches[name]!);
    expect({ ...whole, result: undisturbed.result }).toEqual({ ...reference, faults: [] });
    expect(undisturbed.failpoints.length).toBeGreaterThan(20);

    const wrong: unknown[] = [];
    await inParallel(undisturbed.failpoints.length, async (n) => {
      const id = `${name}-${n}`;
      const killed = await work(name, id, n);
      const second = endOf(await work(name, id, 0));
      const { trace, faults } = merge(readLedger(join(folder, `${id}.ledger`)), branches[name]!);
      const same =
        JSON.stringify([trace, second.result]) === JSON.stringify([reference.trace, reference.result]);
      if (killed.signal !== "SIGKILL" || faults.length > 0 || !same) {
        wrong.push({
          killedAt: undisturbed.failpoints[n - 1],
          n,
          killed,
          faults,
          trace,
          result: second.result,
        });
      }
    });
    expect(wrong).toEqual([]);
  });
});
