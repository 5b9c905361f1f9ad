/**
 * How a ratio is measured: ours and the reference in turns, so that heat and neighbours hit both, and the medians of all rounds.
 */

/** The median of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

async function time(body) {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/** Medians in milliseconds of `ours` and `reference`, each run `rounds` times after a quarter as many to warm up. */
export async function compare(rounds, ours, reference) {
  const a = [];
  const b = [];
  for (let round = -(rounds >> 2); round < rounds; round++) {
    const [x, y] = [await time(() => ours(round)), await time(() => reference(round))];
    if (round >= 0) {
      a.push(x);
      b.push(y);
    }
  }
  return { ours: median(a), reference: median(b) };
}

/** One line of the result: `value` and `reference` in `unit` per operation, `ratio` of them against `target`. */
export function result(id, unit, { ours, reference }, perUnit, target) {
  const ratio = ours / reference;
  const value = Number((ours * perUnit).toPrecision(4));
  return {
    id,
    value,
    unit,
    reference: Number((reference * perUnit).toPrecision(4)),
    ratio: Number(ratio.toFixed(3)),
    target,
    met: ratio <= target,
  };
}
