/** What can go wrong in a simulation, how often, and how often it did. */
import type { Random } from "./random.ts";

export const faultKinds = [
  /** The process dies before a call reaches the store. */
  "crash before call",
  /** The process dies after the store did what it was asked for, before it knows. */
  "crash after call",
  /** The process dies at a failpoint: before or after a commit or an attempt of a step. */
  "crash at failpoint",
  /** The call fails, nothing was done. */
  "call fails",
  /** The call fails, yet it was done. */
  "answer lost",
  /** The call fails, and is carried out some time later. */
  "call arrives late",
  /** The call takes longer than a lease. */
  "slow call",
  /** No call succeeds for a while. */
  "store down",
  "hint lost",
  "hint twice",
  "hint late",
  /** `news` tells what it told before. */
  "stale news",
  /** The process stands still for longer than its lease, then goes on. */
  "freeze",
  /** It stands still for less. */
  "pause",
  /** The store's clock jumps. */
  "clock forward",
  "clock backward",
  /** A worker's clock differs from the store's. */
  "clock skew",
  /** An event is sent in the very millisecond of the deadline it is awaited with. */
  "event at deadline",
  "event sent twice",
  /** A process is closed as by SIGTERM. */
  "shutdown",
  "cancel",
  "suspend",
  /** Somebody sets a run back to one of its parks. */
  "rewind",
  /** Somebody starts another run from a park of one. */
  "fork",
  "clone",
  /** A run that was alone with three dead workers is blocked: somebody unblocks it. */
  "poison",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Probability at each occasion. */
const RATES: Readonly<Record<FaultKind, number>> = {
  "crash before call": 0.01,
  "crash after call": 0.02,
  "crash at failpoint": 0.01,
  "call fails": 0.03,
  "answer lost": 0.04,
  "call arrives late": 0.02,
  "slow call": 0.01,
  "store down": 0.004,
  "hint lost": 0.3,
  "hint twice": 0.2,
  "hint late": 0.2,
  "stale news": 0.3,
  freeze: 0.006,
  pause: 0.02,
  "clock forward": 0.006,
  "clock backward": 0.006,
  "clock skew": 0.5,
  "event at deadline": 0.6,
  "event sent twice": 0.4,
  shutdown: 0.005,
  cancel: 0.3,
  suspend: 0.6,
  rewind: 0.5,
  fork: 0.5,
  clone: 0.5,
  poison: 1,
};

export type Coverage = Record<FaultKind, number>;

export const noCoverage = (): Coverage => Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Coverage;

/** The faults of one simulation. */
export class Faults {
  readonly coverage = noCoverage();
  readonly #random: Random;
  readonly #on: ReadonlySet<FaultKind>;
  /** False once everything is to go well. */
  active = true;

  constructor(random: Random, on: readonly FaultKind[]) {
    this.#random = random;
    this.#on = new Set(on);
  }

  /** Whether it goes wrong in this way now. */
  hits(kind: FaultKind): boolean {
    if (!this.active || !this.#on.has(kind) || !this.#random.chance(RATES[kind])) return false;
    this.coverage[kind]++;
    return true;
  }
}

/** Some of the kinds: all, few, or none. */
export function randomFaults(random: Random): readonly FaultKind[] {
  const share = random.pick([0, 0.15, 0.4, 0.7, 1]);
  return faultKinds.filter(() => random.chance(share));
}
