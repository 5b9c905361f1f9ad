/** Durations as people write them. */
import { ColdframeError } from "../errors.ts";

/** Milliseconds, or a number with a unit: `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"3d"`, `"1w"`; several add up: `"1h 30m"`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*/;

/**
 * @returns milliseconds
 * @throws ColdframeError CF2302 for anything else than a duration
 */
export function milliseconds(duration: Duration): number {
  if (typeof duration === "number") {
    if (Number.isFinite(duration)) return Math.max(0, duration);
    throw unreadable(duration);
  }
  if (typeof duration !== "string") throw unreadable(duration);
  let rest = duration.trim();
  if (rest === "") throw unreadable(duration);
  let sum = 0;
  while (rest !== "") {
    const part = PART.exec(rest);
    if (part === null) throw unreadable(duration);
    sum += Number(part[1]) * UNITS[part[2]!]!;
    rest = rest.slice(part[0].length);
  }
  return sum;
}

/**
 * When something is due that was asked for at `now`.
 * @returns milliseconds since 1970
 * @throws ColdframeError CF2302
 */
export function dueTime(when: Duration | Date, now: number): number {
  if (!(when instanceof Date)) return now + milliseconds(when);
  const time = when.getTime();
  if (Number.isNaN(time)) throw unreadable(when);
  return time;
}

function unreadable(value: unknown): ColdframeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new ColdframeError(
    "CF2302",
    `${shown}. Write milliseconds, a Date, or a number with ms, s, m, h, d or w, as in "3d" or "1h 30m"`,
  );
}
