/**
 * Group commit over a server: what many callers want while a transaction is under way goes into the next one together. A
 * group that fails because of one of its parts is halved until that part is alone; the others are written.
 */
import type { Hint } from "../../runtime/engine/store.ts";
import { load } from "./load.ts";
import { Again, Needs } from "./needs.ts";
import type { Op } from "./ops.ts";
import type { Tables } from "./records.ts";

/** A transaction is cut when its parts hold more than this, so that one commit does not delay all others for long. */
const BYTES_AT_ONCE = 8 * 1024 * 1024;
/** Half of what is often ready at one time: the server writes one half while the other is decided here. */
const PARTS_AT_ONCE = 512;
/** Beginnings of one transaction that others came in between of, at most. */
const TRIES = 30;

/**
 * `alone`: because of the values of one part. `again`: because of another transaction; it may pass when made again.
 * `failed`: the database is not there, or not well.
 */
export type Failure = "alone" | "again" | "failed";

export interface Transactions {
  /** Commits what `body` did, or nothing when it throws. */
  transaction<T>(body: (tables: Tables) => Promise<T>): Promise<T>;
  failure(error: unknown): Failure;
  /** Carries out what users' transactions have left by now. Without it, that is what is being done. */
  readonly settlePosts?: () => Promise<void>;
}

/** Collects what is added until a writer is free. */
export class Lane<T extends { readonly bytes: number }> {
  readonly #write: (items: readonly T[]) => Promise<void>;
  readonly #writers: number;
  #waiting: T[] = [];
  #writing = 0;
  #scheduled = false;

  /** @param write never rejects @param writers groups that may be under way at one time */
  constructor(write: (items: readonly T[]) => Promise<void>, writers: number) {
    this.#write = write;
    this.#writers = writers;
  }

  get isIdle(): boolean {
    return this.#writing === 0 && this.#waiting.length === 0;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing >= this.#writers) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting.length === 0) return;
      this.#writing++;
      void this.#write(this.#next()).finally(() => {
        this.#writing--;
        if (this.#waiting.length > 0) this.#schedule();
      });
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #next(): readonly T[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < PARTS_AT_ONCE && (count === 0 || bytes < BYTES_AT_ONCE))
      bytes += this.#waiting[count++]!.bytes;
    return this.#waiting.splice(0, count);
  }
}

/** An operation, and who waits for it. */
export interface Asked<T = unknown> {
  readonly op: Op<T>;
  readonly bytes: number;
  done(result: T): void;
  /** @param alone because of its own values: others of the same caller may have been written */
  failed(error: unknown, alone: boolean): void;
}

/** Events are about to be sent that would overtake those of users' transactions. */
class Overtaking extends Error {}

/** Decides and writes operations; hints are told after the commit. Never rejects. */
export async function carryOut(
  asked: readonly Asked[],
  transactions: Transactions,
  tell: (hints: readonly Hint[]) => void,
): Promise<void> {
  let results: readonly unknown[];
  try {
    const decided = await decide(
      asked.map(({ op }) => op),
      transactions,
    );
    results = decided.results;
    tell(decided.hints);
  } catch (error) {
    const alone = transactions.failure(error) === "alone";
    if (!alone || asked.length === 1) {
      for (const one of asked) one.failed(error, alone);
      return;
    }
    const half = asked.length >> 1;
    await carryOut(asked.slice(0, half), transactions, tell);
    await carryOut(asked.slice(half), transactions, tell);
    return;
  }
  for (const [i, one] of asked.entries()) one.done(results[i]);
}

/**
 * One transaction for all, made again when others come in between.
 * @param also what else belongs into it; false: nothing of it is done
 */
export async function decide(
  ops: readonly Op[],
  transactions: Transactions,
  also: (tables: Tables, results: readonly unknown[]) => Promise<void> = async () => {},
): Promise<{ readonly results: readonly unknown[]; readonly hints: readonly Hint[] }> {
  const needs = new Needs();
  for (const op of ops) op.need(needs);
  let settle = transactions.settlePosts;
  for (let tries = 1; ; tries++) {
    try {
      return await transactions.transaction(async (tables) => {
        const work = await load(tables, needs);
        if (settle !== undefined && work.isBehindPosts) throw new Overtaking();
        const results = ops.map((op) => op.apply(work));
        await also(tables, results);
        if (!(await tables.write(work.changes))) throw new Again("something changed meanwhile");
        return { results, hints: work.hints };
      });
    } catch (error) {
      if (error instanceof Overtaking) {
        await settle!();
        // What is left cannot be written, or came later.
        settle = undefined;
        continue;
      }
      const again = error instanceof Again || transactions.failure(error) === "again";
      if (!again || tries === TRIES) throw error;
      if (tries > 3)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 ** Math.min(tries, 7)));
    }
  }
}
