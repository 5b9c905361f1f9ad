/** Two workers over one SQLite file, in real time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createEngine } from "../../runtime/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { program } from "./programs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-two-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const engine = (options = {}) =>
  createEngine({ store: sqlite(join(folder, "runs.db"), { poll: 5 }), log: () => {}, ...options });

it("share the runs that a third process starts and answers, and execute each step once", async () => {
  const main = program(
    "const a = await call('a', args[0]); const b = await event('k' + args[0]); return [a, b]",
  );
  const client = await engine({ worker: false });
  const workers = [await engine({ concurrency: 20 }), await engine({ concurrency: 20 })];
  const ids = Array.from({ length: 100 }, (_, i) => i);
  const runs = await Promise.all(ids.map((i) => client.start(main, [i])));
  await Promise.all(ids.map((i) => client.send(`k${i}`, i)));
  expect(await Promise.all(runs.map((run) => run.result()))).toEqual(ids.map((i) => ["a", i]));
  expect(main.calls).toHaveLength(100);
  for (const each of [...workers, client]) await each.close();
});

it("hand a run over when one closes in the middle", async () => {
  const main = program(
    "const a = await call('a'); const b = await event('k'); await call('b'); return [a, b]",
  );
  const first = await engine();
  const run = await first.start(main, [], { id: "r" });
  for await (const state of run.watch()) if (state.waits[0]?.kind === "event") break;
  await first.close();
  const second = await engine();
  await second.send("k", 1);
  expect(await second.run("r").result()).toEqual(["a", 1]);
  expect(main.calls).toEqual([["a"], ["b"]]);
  await second.close();
});
