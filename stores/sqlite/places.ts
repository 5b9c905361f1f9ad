/** Locks with a number of places, as SQL: a line for each key, served in order; a place lasts until it is given up or its run ends. */
import type { Acquiring, NewRun } from "../../runtime/engine/store.ts";
import { tell } from "./events.ts";
import type { Transaction } from "./transaction.ts";

/** The wait of a run that has to get a place before it begins. */
const BEGINNING = -1;

export function acquire(
  transaction: Transaction,
  n: number,
  { wait, key, max, loose, value }: Acquiring,
): void {
  transaction.sql.queue.run(key, n, wait, max, loose ? 1 : 0, value);
  serve(transaction, key);
}

/** A run that was just inserted, not due, is due once it has a place. */
export function queueRun(
  transaction: Transaction,
  n: number,
  { key, max }: NonNullable<NewRun["limit"]>,
): void {
  acquire(transaction, n, { wait: BEGINNING, key: `run ${key}`, max, loose: false, value: "" });
}

export function release(transaction: Transaction, n: number, wait: number): void {
  const left = transaction.sql.leavePlace.get(n, wait);
  if (left !== undefined) serve(transaction, left.key);
}

/** Run `n` has ended: what it had or waited for is the next one's. */
export function releaseAll(transaction: Transaction, n: number): void {
  for (const { wait } of transaction.sql.places.all(n)) release(transaction, n, wait);
}

/** Lets those in, from the front of the line, for whom there is a place. */
function serve(transaction: Transaction, key: string): void {
  const { sql, now, hints } = transaction;
  for (;;) {
    const next = sql.nextInLine.get(key);
    if (next === undefined || next.taken >= next.max) return;
    sql.grant.run(next.seq);
    if (next.wait === BEGINNING) {
      sql.beginLimited.run(now, next.n);
      hints.push({ kind: "ready" });
      continue;
    }
    sql.insertArrival.run(next.n, next.wait, 0, next.value);
    const run = tell(transaction, next.n);
    if (run !== null) hints.push({ kind: "run", run });
  }
}
