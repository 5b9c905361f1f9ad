/** Steps in a program of which nothing was compiled: how users unit test them. No other test loads code into this process. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../runtime/engine/clock.ts";
import { freeWorld } from "../../runtime/engine/free.ts";
import { step, stepContext } from "../../runtime/index.ts";
import { VirtualClock } from "../../runtime/testing/index.ts";

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
  freeWorld.reset(clock);
});
afterEach(() => freeWorld.reset(systemClock));

describe("uncompiled", () => {
  it("a step has a context of its own", async () => {
    async function charge() {
      "use step";
      const { key, attempt, fence, signal, progress, heartbeat } = stepContext();
      heartbeat("on its way");
      return { key, attempt, fence, aborted: signal.aborted, progress };
    }
    const first = await charge();
    expect(first).toEqual({
      key: expect.stringMatching(/^local\/\d+$/),
      attempt: 1,
      fence: 0,
      aborted: false,
      progress: undefined,
    });
    expect((await charge()).key).not.toBe(first.key);
  });

  it("step() attempts, waits and hands over progress as in a run", async () => {
    const seen: unknown[] = [];
    const call = step(
      async function call(n: number) {
        const context = stepContext();
        seen.push([context.key, context.attempt, context.progress]);
        context.heartbeat({ at: context.attempt * n });
        if (context.attempt < 3) throw new Error("busy");
        return n;
      },
      { retry: { attempts: 3, interval: "1h" } },
    );
    const result = call(10);
    await clock.advance(2 * 3_600_000);
    expect(await result).toBe(10);
    const [[key]] = seen as [[string]];
    expect(seen).toEqual([
      [key, 1, undefined],
      [key, 2, { at: 10 }],
      [key, 3, { at: 20 }],
    ]);
  });

  it("step() limits an attempt, its heartbeats, and all attempts", async () => {
    const hang = () => new Promise(() => {});
    for (const [options, ms, message] of [
      [{ timeout: "1m" }, 60_000, "the attempt took longer than 60000 ms"],
      [{ heartbeat: "2m" }, 120_000, "the attempt gave no heartbeat for 120000 ms"],
      [{ totalTimeout: "3m", retry: 5 }, 180_000, "all attempts together took longer than 180000 ms"],
    ] as const) {
      let error: Error | null = null;
      step(hang, options)().catch((reason) => (error = reason));
      await clock.advance(ms - 1);
      expect(error).toBe(null);
      await clock.advance(1);
      expect(error).toMatchObject({ name: "TimeoutError", message });
    }
  });

  it("step() with a limit of one does one after the other", async () => {
    const log: string[] = [];
    const call = step(
      async function call(name: string) {
        log.push(`${name} begins`);
        await new Promise((resolve) => clock.setTimeout(() => resolve(null), 1000));
        log.push(`${name} ends`);
      },
      { concurrency: 1 },
    );
    void call("a");
    void call("b");
    await clock.advance(3000);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });
});
