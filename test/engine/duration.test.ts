import { describe, expect, it } from "vitest";
import { dueTime, milliseconds } from "../../runtime/engine/duration.ts";

describe("durations", () => {
  it.each([
    [5, 5],
    [-1, 0],
    ["250ms", 250],
    ["1.5s", 1500],
    ["5m", 300_000],
    ["3d", 259_200_000],
    ["1h 30m", 5_400_000],
    ["2w", 1_209_600_000],
  ])("reads %j as %d ms", (duration, ms) => {
    expect(milliseconds(duration)).toBe(ms);
  });

  it.each([["3 days"], [""], ["d"], ["3"], [Number.NaN], [Number.POSITIVE_INFINITY], ["-5s"]])(
    "refuses %j",
    (duration) => {
      expect(() => milliseconds(duration)).toThrow(expect.objectContaining({ code: "CF2302" }));
    },
  );

  it("takes dates as they are", () => {
    expect(dueTime(new Date(1234), 99)).toBe(1234);
    expect(dueTime("1s", 99)).toBe(1099);
    expect(() => dueTime(new Date("never"), 0)).toThrow(expect.objectContaining({ code: "CF2302" }));
  });
});
