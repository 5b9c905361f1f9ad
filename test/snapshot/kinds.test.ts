/** Kinds of values × positions in the heap: what comes back is what was there (contract §4). */
import { describe, expect, it } from "vitest";
import { machine } from "../../runtime/machine/index.ts";
import { decodeValue, encodeRun, encodeValue } from "../../runtime/snapshot/index.ts";
import { Box, Decimal, kinds, Money, Vault } from "./kinds.ts";
import { answer, begin, both, counter, hold, result, revive } from "./programs.ts";
import { difference } from "./same.ts";

function throughLocal(make: () => unknown): { before: unknown; after: unknown } {
  let before: unknown;
  const run = begin(hold, () => (before = make()));
  const text = encodeRun(run).text;
  expect(encodeRun(run).text).toBe(text);
  const revived = revive(run);
  expect(encodeRun(revived).text).toBe(text);
  answer(revived, null);
  return { before, after: (result(revived) as { x: unknown }).x };
}

function isMutable(value: unknown): value is object {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    Object.isExtensible(value)
  );
}

/** What is kept of his class is for the user's transformer to say, and the platform hides its symbols among ours. */
function isForeign(value: object): boolean {
  return (
    [Money, Decimal, Box, Vault].some((C) => value instanceof C) ||
    value instanceof AbortSignal ||
    value instanceof AbortController
  );
}

describe.each(kinds)("$name", ({ name, make, byName }) => {
  it("in a local", () => {
    const { before, after } = throughLocal(make);
    expect(difference(before, after)).toBeNull();
    if (byName) expect(after === before).toBe(true);
  });

  it("as an argument or result", () => {
    const value = make();
    expect(difference(value, decodeValue(encodeValue(value)))).toBeNull();
  });

  it("in a closure", () => {
    const { before, after } = throughLocal(() => counter(make()));
    const read = (x: unknown) => (x as { get: () => unknown }).get();
    expect(difference(read(before), read(after))).toBeNull();
  });

  it("shared by two tasks", () => {
    const value = make();
    const run = begin(both, () => {
      const { get } = counter(value);
      return get;
    });
    // Each of the two tasks got the closure; what it reads is one object.
    const revived = revive(run);
    answer(revived, null);
    answer(revived, null);
    const [a, b] = result(revived) as { x: () => unknown }[];
    expect(a!.x).toBe(b!.x);
    expect(difference(value, a!.x())).toBeNull();
  });

  it("as a key and a value of a map, and in a cycle", () => {
    const { before, after } = throughLocal(() => {
      const value = make();
      const map = new Map<unknown, unknown>([[value, value]]);
      const holder: Record<string, unknown> = { value, map };
      map.set("holder", holder);
      if (isMutable(value) && !byName && !isForeign(value))
        Object.defineProperty(value, "loop", { value: holder, configurable: true });
      return holder;
    });
    expect(difference(before, after)).toBeNull();
  });

  const sample = make();
  it.runIf(isMutable(sample) && !byName && !isForeign(sample))("with extra properties", () => {
    const { before, after } = throughLocal(() => {
      const value = make() as Record<string | symbol, unknown>;
      value.extra = { n: [1] };
      value[Symbol.for("extra")] = value;
      Object.defineProperty(value, "secret", { value: 5 });
      const local = Symbol("local");
      Object.defineProperty(value, local, { value: local, writable: true });
      Object.defineProperty(value, "computed", { get: counter(5).get, enumerable: true });
      return value;
    });
    expect(difference(before, after)).toBeNull();
  });

  it.runIf(
    isMutable(sample) &&
      !byName &&
      !isForeign(sample) &&
      !(ArrayBuffer.isView(sample) && sample.byteLength > 0),
  )("frozen and sealed", () => {
    // V8 (Node 20) freezes such an error that is to be sealed when another was frozen before.
    const all = [Object.seal, Object.preventExtensions, Object.freeze];
    for (const close of sample instanceof DOMException || name.includes("was deleted")
      ? [Object.freeze]
      : all) {
      const { before, after } = throughLocal(() => close(make()));
      expect([close.name, difference(before, after)]).toEqual([close.name, null]);
    }
  });
});

it("keeps windows of a pool overlapping", () => {
  const { after } = throughLocal(() => {
    const buffer = Buffer.from("overlapping");
    return [buffer.subarray(0, 6), buffer.subarray(3, 9), Buffer.from("apart")];
  });
  const [one, two, apart] = after as [Buffer, Buffer, Buffer];
  one[4] = 88;
  expect([String(one), String(two), String(apart)]).toEqual(["overXa", "rXappi", "apart"]);
});

it("keeps identity among all of them at once", () => {
  const { before, after } = throughLocal(() => {
    const all = kinds.map(({ make }) => make());
    return { all, again: [...all].reverse() };
  });
  expect(difference(before, after)).toBeNull();
});

it("leaves no trace in the machine", () => {
  expect(machine.run).toBeNull();
});
