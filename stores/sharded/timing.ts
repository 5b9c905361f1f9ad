/** The times of a store of several databases, in ms. What is right must not depend on them: simulations draw them by chance. */
import { type Backoff, type Doubtful, TIMING } from "../../runtime/engine/timing.ts";

export interface ShardTiming {
  /** How long all wait for one database. */
  readonly patience: number;
  /** How long to leave an errand alone that has failed, or a database that has. */
  readonly rest: Backoff;
  /** When to look again for a database that did not answer. */
  readonly retry: number;
  /** Between two tries to open a database that was not there. */
  readonly reopen: number;
  /** How long, and how often, runs are looked for that a lost answer may have given. */
  readonly doubt: Doubtful;
}

export const SHARD_TIMING: ShardTiming = {
  patience: 1000,
  rest: { first: 250, longest: 30_000 },
  retry: 1000,
  reopen: 1000,
  doubt: TIMING.doubt,
};
