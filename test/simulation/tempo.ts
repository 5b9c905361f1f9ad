/**
 * How fast everything is in a simulation: the times of engine and stores, drawn from its seed. What is right must not depend on
 * them. Only what their meaning demands is kept: a first wait is not longer than the longest, and one looks for what a lost answer
 * has brought for longer than a request can be late.
 */
import { TIMING, type Timing } from "../../runtime/engine/timing.ts";
import { SHARD_TIMING, type ShardTiming } from "../../stores/sharded/timing.ts";
import type { Random } from "./random.ts";

export interface Tempo {
  readonly engine: Timing;
  readonly shards: ShardTiming;
  /** A call takes at most so many virtual ms each way, when nothing is wrong. */
  readonly latency: number;
  /** What each process picks its options from. */
  readonly lease: readonly number[];
  readonly poll: readonly number[];
  readonly hold: readonly number[];
  readonly grace: readonly number[];
}

export const USUAL: Tempo = {
  engine: TIMING,
  shards: SHARD_TIMING,
  latency: 3,
  lease: [3000, 10_000],
  poll: [500, 5000],
  hold: [100, 1000],
  grace: [0, 500, 5000],
};

/** A request is carried out up to so many ms after its caller has given it up, and a lease is not longer. */
const LATEST = 60_000;

/** As users have it, or all drawn. */
export function randomTempo(random: Random): Tempo {
  if (random.chance(0.25)) return USUAL;
  /** From an `n`th of the time to `n` times it, all orders of magnitude alike. */
  const about = (time: number, n: number): number =>
    Math.max(1, Math.round(time * n ** (2 * random.next() - 1)));
  const backoff = (usual: { readonly first: number; readonly longest: number }) => {
    const first = about(usual.first, 16);
    return { first, longest: Math.max(first, about(usual.longest, 8)) };
  };
  const doubt = () => {
    const again = about(TIMING.doubt.again, 16);
    return { again, for: again + LATEST + about(LATEST, 8) };
  };
  const some = (times: readonly number[]): readonly number[] => times.filter(() => random.chance(0.5));
  const anyOf = (times: readonly number[]): readonly number[] => {
    const picked = some(times);
    return picked.length > 0 ? picked : [random.pick(times)];
  };
  return {
    engine: {
      noteAfter: about(TIMING.noteAfter, 32),
      keepFor: about(TIMING.keepFor, 32),
      readAgain: about(TIMING.readAgain, 8),
      busy: about(TIMING.busy, 8),
      swamped: about(TIMING.swamped, 8),
      fullFor: about(TIMING.fullFor, 8),
      missed: about(TIMING.missed, 32),
      write: backoff(TIMING.write),
      ask: backoff(TIMING.ask),
      tellAfter: about(TIMING.tellAfter, 16),
      probation: about(TIMING.probation, 8),
      doubt: doubt(),
      renewals: random.pick([2, 3, 10]),
    },
    shards: {
      patience: about(SHARD_TIMING.patience, 8),
      rest: backoff(SHARD_TIMING.rest),
      retry: about(SHARD_TIMING.retry, 16),
      reopen: SHARD_TIMING.reopen,
      doubt: doubt(),
    },
    latency: random.pick([0, 3, 25, 200]),
    lease: anyOf([2000, 3000, 10_000, 45_000]),
    poll: anyOf([100, 500, 5000, 120_000]),
    hold: anyOf([1, 100, 1000, 10_000]),
    grace: anyOf([0, 20, 500, 5000, 30_000]),
  };
}
