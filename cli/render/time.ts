/** Times as people say them: "3 min ago", "in 2 days". One unit is enough to act on; `--json` has the exact instant. */

const units: readonly (readonly [name: string, plural: string, milliseconds: number])[] = [
  ["day", "days", 86_400_000],
  ["h", "h", 3_600_000],
  ["min", "min", 60_000],
  ["s", "s", 1_000],
];

/** `90_000` as "1 min". Rounded down, as clocks do; under a second it is said so. @param milliseconds not negative */
export function duration(milliseconds: number): string {
  for (const [name, plural, size] of units) {
    const count = Math.floor(milliseconds / size);
    if (count > 0) return `${count} ${count === 1 ? name : plural}`;
  }
  return "less than a second";
}

/** @param instant and `now` in milliseconds since 1970 */
export function relative(instant: number, now: number): string {
  if (Math.abs(instant - now) < 1_000) return "just now";
  // A deadline three days ahead reads "in 3 days" also a moment after it was set.
  return instant > now ? `in ${duration(roundUp(instant - now))}` : `${duration(now - instant)} ago`;
}

/** Rounds up to a whole minute once an hour or more is left, so that the larger units do not drop at once. */
function roundUp(milliseconds: number): number {
  return milliseconds < 3_600_000 - 60_000 ? milliseconds : Math.ceil(milliseconds / 60_000) * 60_000;
}
