/** Depth is not limited by the stack of calls. */
import { describe, expect, it } from "vitest";
import { $Promise, type Run } from "../../runtime/machine/index.ts";
import { encodeRun } from "../../runtime/snapshot/index.ts";
import { begin, captured, counter, event, hold, load, revive } from "./programs.ts";

type Link = { next?: Link; [key: string]: unknown };

/** Builds from the inside, walks from the outside. */
function chain(length: number, wrap: (inner: unknown, i: number) => unknown): unknown {
  let value: unknown = null;
  for (let i = 0; i < length; i++) value = wrap(value, i);
  return value;
}

function depthOf(value: unknown, next: (value: never) => unknown): number {
  let depth = 0;
  for (let at = value; at !== null && at !== undefined; at = next(at as never)) depth++;
  return depth;
}

const x = (run: Run) => (run.root!.frame as { x: unknown }).x;
const kept = (value: unknown) => x(revive(begin(hold, () => value)));

describe("depth", () => {
  it("a linked list of a million nodes", { timeout: 120_000 }, () => {
    const list = chain(1_000_000, (next, n) => ({ n, next }));
    expect(depthOf(kept(list), ({ next }: Link) => next)).toBe(1_000_000);
  });

  it.each<[string, number, (inner: unknown, i: number) => unknown, (value: never) => unknown]>([
    ["arrays", 200_000, (inner) => [inner], ([inner]: unknown[]) => inner],
    ["long arrays", 5_000, (inner) => [...new Array(20).fill(0), inner], (list: unknown[]) => list[20]],
    [
      "maps",
      100_000,
      (inner, i) => new Map([[i, inner]]),
      (map: Map<unknown, unknown>) => [...map.values()][0],
    ],
    [
      "keys of maps",
      100_000,
      (inner) => new Map([[inner, 1]]),
      (map: Map<unknown, unknown>) => [...map.keys()][0],
    ],
    ["sets", 100_000, (inner) => new Set([inner]), (set: Set<unknown>) => [...set][0]],
    ["causes of errors", 20_000, (cause) => new Error("x", { cause }), ({ cause }: Error) => cause],
    [
      "aggregated errors",
      2_000,
      (inner) => new AggregateError([inner]),
      ({ errors }: AggregateError) => errors[0],
    ],
    [
      "settled promises",
      50_000,
      (inner) => $Promise.resolve([inner]),
      (promise: { value: unknown[] }) => promise.value[0],
    ],
    [
      "prototypes",
      500,
      (above) => Object.create(above as object),
      (object: object) => Object.getPrototypeOf(object),
    ],
    ["frozen objects", 50_000, (next) => Object.freeze({ next }), ({ next }: Link) => next],
    [
      "accessors",
      20_000,
      (inner) => Object.defineProperty({ inner }, "x", { value: 1 }),
      ({ inner }: { inner: unknown }) => inner,
    ],
    [
      "weak references",
      20_000,
      (inner) => (inner === null ? {} : new WeakRef(inner as object)),
      (ref: Partial<WeakRef<object>>) => ref.deref?.(),
    ],
  ])("of %s", (_, length, wrap, next) => {
    // Made in the run: promises belong to it.
    const run = begin(hold, () => chain(length, wrap));
    expect(depthOf(x(revive(run)), next)).toBe(depthOf(x(run), next));
  });

  it("of closures over closures", () => {
    let inner = counter(0) as unknown;
    for (let i = 0; i < 20_000; i++) inner = Object.assign(counter(i).inc, { inner });
    expect(depthOf(kept(inner), (f: { inner?: unknown }) => f.inner)).toBe(20_001);
  });

  it("of promises that wait for each other", () => {
    const run = begin(hold, () => {
      let promise = event("first") as unknown as Promise<unknown>;
      for (let i = 0; i < 50_000; i++) promise = promise.then(undefined);
      return promise;
    });
    const { text } = encodeRun(run);
    expect(encodeRun(load(text)).text).toBe(text);
    expect(begin(captured, 1).waits.size).toBe(1);
  });
});
