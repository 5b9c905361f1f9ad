/** The same state gives the same bytes, also once it was read and is written again. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeValue, encodeRun, encodeValue } from "../../runtime/snapshot/index.ts";
import { begin, hold, revive } from "./programs.ts";

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
});

it("as an argument or result", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const text = encodeValue(value);
      expect(encodeValue(value)).toBe(text);
      expect(encodeValue(decodeValue(text))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

it("in a local of a run", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const run = begin(hold, () => value);
      const { text } = encodeRun(run);
      expect(encodeRun(run).text).toBe(text);
      expect(encodeRun(revive(run)).text).toBe(text);
    }),
    { numRuns: 300 },
  );
});
