/** Rows of the bench, from what was measured. */

/** @param q in [0, 1] */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

export const median = (values) => quantile(values, 0.5);

/** A figure beside that of a peer, measured in the same run. @param bound "at least" or "at most" `target` of it */
export function ratio(id, value, unit, reference, bound, target) {
  const of = value / reference;
  return {
    id,
    value,
    unit,
    reference,
    ratio: of,
    target,
    met: bound === "at least" ? of >= target : of <= target,
  };
}

/** A figure that is only told: nothing says what it should be. */
export const told = (id, value, unit, reference) => ({
  ...{ id, value, unit, reference, ratio: value / reference },
  ...{ target: null, met: null },
});

/** A figure that must not be above a limit. */
export const limit = (id, value, unit, most) => ratio(id, value, unit, most, "at most", 1);
