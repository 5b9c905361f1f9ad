/**
 * The times that nobody sets, in ms. What is right must not depend on them: simulations draw them by chance (test/simulation/tempo.ts).
 * Those that people may set are options (settings.ts).
 */

/** Waits between two tries: the first, doubled each time, up to the longest. */
export interface Backoff {
  readonly first: number;
  readonly longest: number;
}

export interface Timing {
  /** A result that is not committed after this time is recorded by itself, so that a redo finds it. */
  readonly noteAfter: number;
  /** A run whose next timer is due within this time stays with its worker. */
  readonly keepFor: number;
  /** How long to wait before the records of codes are asked for again. */
  readonly readAgain: number;
  /** When taking up what was claimed keeps the thread for longer than this, less is claimed at a time. */
  readonly busy: number;
  /** When it keeps it for longer than this, nothing more is claimed for as long again. */
  readonly swamped: number;
  /** For so long nothing is claimed when the memory is full: runs end meanwhile, or are parked and dropped. */
  readonly fullFor: number;
  /**
   * What is due and could not be had belongs to another worker now, or was locked for a moment, perhaps by who changes nothing and
   * tells nobody. So it is looked for again after this time, and after twice that, and so on, up to the poll.
   */
  readonly missed: number;
  /** Writes of runs, while the database fails. */
  readonly write: Backoff;
  /** Questions of steps, while the database fails. */
  readonly ask: Backoff;
  /** Between two writes of progress. */
  readonly tellAfter: number;
  /** A suspect that has not killed its worker for so long has company again. Doubled with each further death. */
  readonly probation: number;
  /** How long, and how often, a worker looks for runs that a lost answer may have given it: see doubt.ts. */
  readonly doubt: Doubtful;
  /** So often a lease is renewed while it runs. */
  readonly renewals: number;
}

export interface Doubtful {
  readonly for: number;
  readonly again: number;
}

export const TIMING: Timing = {
  noteAfter: 50,
  keepFor: 5000,
  readAgain: 1000,
  busy: 20,
  swamped: 250,
  fullFor: 1000,
  missed: 25,
  write: { first: 100, longest: 5000 },
  ask: { first: 100, longest: 5000 },
  tellAfter: 1000,
  probation: 20_000,
  doubt: { for: 1_200_000, again: 30_000 },
  renewals: 3,
};
