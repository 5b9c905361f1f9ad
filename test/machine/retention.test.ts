/**
 * A loop grows nothing: reactions of settled groups are pruned, settled tasks hold no frames, the queue no values.
 */
import { expect, test } from "vitest";
import {
  $Promise,
  type Durable,
  deliver,
  drain,
  external,
  freeRun,
  inRun,
  type Run,
} from "../../runtime/machine/index.ts";
import { inNewRun, microtasks, notes, wait } from "./compiled.ts";

function event(run: Run): Durable {
  return external(run, { kind: "event", id: run.nextId++, key: "k", due: null, at: "" });
}

test("10,000 races against one event leave no reaction on it", () => {
  const log: unknown[] = [];
  const { run, result: stop } = inNewRun((run) => event(run));
  for (let i = 0; i < 10_000; i++) {
    const race = inRun(run, () => $Promise.race([stop, $Promise.resolve(i)])) as unknown as Durable;
    expect(race.value).toBe(i);
  }
  expect(stop.reactions).toBeUndefined();
  const last = inRun(run, () => $Promise.race([stop]).then((x) => log.push(x)));
  deliver(run, 1, { ok: true, value: "stopped" });
  drain(run);
  expect(last).toBeInstanceOf(Promise);
  expect(log).toEqual(["stopped"]);
});

test.each([
  ["all", () => $Promise.reject(1)],
  ["any", () => $Promise.resolve(1)],
] as const)("an early end of %s takes its reactions back, and those of others stay", (kind, settled) => {
  const log: unknown[] = [];
  const { run, result: stop } = inNewRun((run) => event(run));
  inRun(run, () => {
    (stop as unknown as Promise<unknown>).then((x) => log.push(x));
    (kind === "all" ? $Promise.all([stop, settled()]) : $Promise.any([stop, settled()])).catch(() => {});
  });
  expect(Array.isArray(stop.reactions)).toBe(false);
  deliver(run, 1, { ok: true, value: 7 });
  drain(run);
  expect(log).toEqual([7]);
});

test("a native promise that lost a race is not waited for", async () => {
  let settle!: () => void;
  const slow = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const host = notes();
  const { run } = inNewRun(() => $Promise.race([slow, 1]), host);
  expect(run.pendingNative).toBe(0);
  expect(run.quiescent).toBe(true);
  settle();
  await microtasks();
  expect(host.quiescent).toEqual([0, 0]);
});

test("the queue gives back what it held", () => {
  const { run } = inNewRun(() => {
    for (let i = 0; i < 20_000; i++) $Promise.resolve({ i }).then(() => {});
  });
  expect(run.jobs.length).toBeLessThan(15_000);
  expect(run.jobs.every((x) => typeof x !== "object")).toBe(true);
  inRun(run, () => $Promise.resolve({}).then(() => {}));
  expect(run.jobs.filter((x) => typeof x === "object")).toEqual([]);
});

test("a queue that never runs empty does not grow", () => {
  let longest = 0;
  inNewRun((run) => {
    let left = 100_000;
    const again = () => {
      longest = Math.max(longest, run.jobs.length);
      if (left-- > 0) $Promise.resolve().then(again);
    };
    again();
    again();
  });
  expect(longest).toBeLessThan(50_000);
});

test("promises of the free run are not held by it", async () => {
  await Promise.all(Array.from({ length: 100 }, (_, i) => wait([], "w", Promise.resolve(i))));
  expect(freeRun.natives.size).toBe(0);
  expect(freeRun.rejections.size).toBe(0);
  expect(freeRun.quiescent).toBe(true);
});
