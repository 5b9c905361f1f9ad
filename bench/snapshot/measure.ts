/** One row of the snapshot benchmark, and how its figures are taken. */

export interface Row {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** The same measured for the reference, in the same unit. */
  readonly reference: number;
  readonly ratio: number;
  readonly target: string;
  readonly met: boolean;
}

const ROUNDS = 12;

/**
 * Microseconds per call of each of `works`: the best of several rounds, since everything else on the machine only adds. Rounds
 * alternate, so that all of them see the same machine.
 */
export function measure(calls: number, ...works: readonly (() => unknown)[]): number[] {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach((work, which) => {
      const start = performance.now();
      for (let i = 0; i < calls; i++) work();
      best[which] = Math.min(best[which]!, ((performance.now() - start) * 1000) / calls);
    });
  }
  return best;
}

/** @param met what the target says */
export function row(
  id: string,
  value: number,
  unit: string,
  reference: number,
  target: string,
  met: boolean,
): Row {
  return {
    id: `snapshot.${id}`,
    value: rounded(value),
    unit,
    reference: rounded(reference),
    ratio: rounded(value / reference),
    target,
    met,
  };
}

function rounded(figure: number): number {
  return Math.round(figure * 100) / 100;
}
