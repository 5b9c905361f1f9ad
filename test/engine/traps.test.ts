/**
 * Traps of systems like this one that are the engine's, by the numbers of the list that the project began with: which tests
 * stand for each, and those that stand nowhere else.
 */
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** Files of `test/`, and titles of tests in them. */
const traps: Record<string, readonly (readonly [file: string, title: string])[]> = {
  "4 warm differs from restored": [
    ["engine/run.test.ts", "is the same warm and cold"],
    ["engine/workers.test.ts", "do not forget what a run did since it was parked"],
  ],
  "6 a turn that runs twice": [
    ["testing/every-crash.test.ts", "passes each write and each step, before and after"],
    ["testing/every-crash.test.ts", "finds a call that comes out differently"],
  ],
  "10 native promises beside external awaits": [
    ["engine/native-promises.test.ts", "are awaited in a loop beside a step"],
    ["engine/native-promises.test.ts", "of an uncompiled helper that awaits a step are refused"],
    ["engine/traps.test.ts", "an emitter raced with a step"],
    ["engine/traps.test.ts", "a native stream with a step in the loop"],
  ],
  "11 a loop of races": [
    ["engine/event.test.ts", "that is raced in a loop leaves one wait, and a snapshot of constant size"],
    ["engine/growth.test.ts", "rows and bytes stay the same"],
  ],
  "12 cancel": [
    ["engine/cancel-matrix.test.ts", "ends a loop that swallows it"],
    ["engine/cancel.test.ts", "lets a step in flight end first, and tells its outcome"],
  ],
  "13 tasks that nobody awaits": [
    ["engine/run.test.ts", "executes a step that nobody awaits"],
    ["engine/run.test.ts", "fails of a rejection that nobody can handle"],
    ["engine/run.test.ts", "handles a rejection late when it still can"],
    ["engine/run.test.ts", "is blocked when nothing can wake it"],
    ["engine/cancel-matrix.test.ts", "in a task that nobody awaits"],
  ],
  "14 deep recursion, long lists": [
    ["snapshot/run.test.ts", "saves a recursion of 1,000 frames"],
    ["snapshot/run.test.ts", "saves a linked list of 200,000 nodes"],
  ],
  "15 a worker that comes back": [
    ["engine/workers.test.ts", "that were frozen past their lease can record nothing"],
    ["cli/takeover.test.ts", "a process that was stopped past its lease records nothing"],
    ["stores/contract.ts", "never renews a lease that has ended"],
  ],
  "16 an event and its wait at the same time": [
    ["stores/contract.ts", "loses no event in any interleaving"],
    ["stores/contract.ts", "decides between an event and the deadline of its wait once"],
  ],
  "17 the lost answer to a commit": [
    ["engine/workers.test.ts", "recognise a commit whose answer was lost"],
    ["stores/contract.ts", "recognises a turn whose answer was lost"],
  ],
  "18 one bad row in a batch": [
    ["stores/contract.ts", "commits a turn and gives the snapshot to the next claim"],
    ["stores/contract.ts", "decides each of many turns in one call by itself"],
  ],
  "19 a crash during a long native await": [
    ["engine/native-promises.test.ts", "that take long do not make a crash repeat the step before them"],
  ],
  "20 poison, and SIGTERM at every await": [
    ["engine/poison.test.ts", "is blocked after the third, and the thousand beside it are not"],
    ["engine/shutdown.test.ts", "at every await: nothing is lost, no step is executed twice"],
  ],
};

it.each(Object.entries(traps))("trap %s has its tests", (_, tests) => {
  for (const [file, title] of tests) {
    const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8");
    const escaped = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    expect(text).toMatch(new RegExp(`\\b(?:it|test)(?:\\.each\\([^\\n]*\\))?\\(\\s*"${escaped}`));
  }
});

describe("trap 10", () => {
  const slow = () => new Promise((resolve) => stage.clock.setTimeout(() => resolve("slow"), 60_000));

  it.each(["emitter", "step"])("an emitter raced with a step: the %s is first", async (first) => {
    const emitter = new EventEmitter();
    const main = program(
      "const p = call('work'); const got = await Promise.race([p, world.once()]); return [String(got), await p]",
      { once: () => once(emitter, "x"), work: () => (first === "step" ? "work" : slow()) },
    );
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    await stage.when(() => main.calls.length === 1);
    if (first === "emitter") stage.clock.setTimeout(() => emitter.emit("x", "heard"), 5000);
    const last = first === "step" ? "work" : "slow";
    expect(await stage.until(run.result())).toEqual([first === "step" ? "work" : "heard", last]);
  });

  it("a native stream with a step in the loop is refused before the step is called", async () => {
    const main = program(
      "const got = []; for await (const x of world.stream()) got.push(await call('copy', x)); await sleep('1h'); return got",
      { stream: () => Readable.from(["a", "b", "c"]), copy: (x: string) => x + x },
    );
    const engine = await stage.engine({ hold: "1s" });
    const run = await engine.start(main, []);
    const outcome = await stage.until(run.result().catch((error: { code: string }) => error.code));
    // Its reader is a local that no snapshot keeps: told at the first park, not after the first crash.
    expect([outcome, main.calls]).toEqual(["CF2101", []]);
  });

  it("both end when the process dies while they are pending", async () => {
    const main = program(
      "const paid = await call('charge'); try { return [paid, await Promise.race([event('never'), world.once()])] } catch (e) { return [paid, e.name] }",
      { once: () => once(new EventEmitter(), "x") },
    );
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await stage.data.read.run("r"))!.waits[0]?.kind === "event");
    kill();
    const other = await stage.engine({ poll: "1s" });
    expect(await stage.until(other.run("r").result())).toEqual(["charge", "Interrupted"]);
    expect(main.calls).toEqual([["charge"]]);
  });
});

describe("a clock that goes backwards", () => {
  it("neither loses a run nor fires anything twice", async () => {
    let offset = 0;
    const clock: Clock = {
      now: () => stage.clock.now() + offset,
      setTimeout: (callback, ms) => stage.clock.setTimeout(callback, ms),
      clearTimeout: (timer) => stage.clock.clearTimeout(timer),
    };
    const main = program(
      "const got = []; for (let i = 0; i < 3; i++) { await sleep('10m'); got.push(await call('n', i)) } return got",
      { n: (i: number) => i },
    );
    const engine = await stage.engine({ clock, lease: "10s", poll: "1s" });
    const run = await engine.start(main, []);
    for (let i = 0; i < 4; i++) {
      await stage.clock.advance(300_000);
      offset -= 200_000;
    }
    expect(await stage.until(run.result())).toEqual([0, 1, 2]);
    expect(main.calls.map(([, i]) => i)).toEqual([0, 1, 2]);
    expect((await run.status())!.epoch).toBeGreaterThan(0);
  });
});
