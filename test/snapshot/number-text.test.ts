/** Texts of numbers against those of the language: edges of the range that is written in halves, and numbers of every size. */
import { expect, test } from "vitest";
import { numberText } from "../../runtime/snapshot/number-text.ts";

const powers = Array.from({ length: 17 }, (_, i) => 10 ** i);

test("around powers of ten, and around the seam of the halves", () => {
  for (const power of powers) {
    for (let by = -3; by <= 3; by++) {
      for (const value of [power + by, 7 * power + by, power + by + 0.5, -power - by])
        expect(numberText(value)).toBe(String(value));
    }
  }
  for (const high of [1000, 1_700_000, 999_999_999]) {
    for (const low of [0, 1, 9, 10, 99_999, 100_000, 999_999]) {
      const value = high * 1_000_000 + low;
      expect(numberText(value)).toBe(String(value));
    }
  }
  for (const value of [0, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 53, 1e21, 1e300, Number.MIN_VALUE])
    expect(numberText(value)).toBe(String(value));
});

test("integers of nine to sixteen digits", () => {
  // A linear congruential generator modulo 2^32 ("Numerical Recipes", 2007): the same numbers each time.
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < 20_000; i++) {
    const value = Math.floor(next() * 10 ** (9 + (i % 8)));
    if (numberText(value) !== String(value)) expect(numberText(value)).toBe(String(value));
  }
});
