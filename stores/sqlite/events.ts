/** Events as SQL: each is taken by exactly one wait, whichever of the two comes first. */
import type { NewEvent, SendOutcome } from "../../runtime/engine/store.ts";
import type { Transaction } from "./transaction.ts";

/** Delivers an event to the oldest wait for its key, or keeps it. */
export function deliverEvent(transaction: Transaction, event: NewEvent): SendOutcome {
  const { sql, now, hints } = transaction;
  if (event.run !== null) {
    const target = sql.status.get(event.run);
    if (target === undefined) return { status: "unknown", run: null };
    if (sql.endOf.get(target.n) !== undefined) return { status: "late", run: null };
  }
  const row = sql.insertEvent.get(event.key, event.id, event.payload, event.run, now);
  if (row === undefined) return { status: "duplicate", run: null };
  for (;;) {
    const waiting = sql.subscriber.get(event.key);
    if (waiting === undefined) return { status: "kept", run: null };
    sql.unsubscribe.run(event.key, waiting.n, waiting.wait);
    const run = tell(transaction, waiting.n);
    if (run === null) continue; // It has ended.
    sql.insertArrival.run(waiting.n, waiting.wait, 0, event.payload);
    sql.take.run(waiting.n, row.seq);
    hints.push({ kind: "run", run });
    return { status: "delivered", run };
  }
}

/** Gives run `n` the oldest kept event of this key. False: there is none. */
export function takeKept(transaction: Transaction, n: number, wait: number, key: string): boolean {
  const { sql } = transaction;
  const event = sql.kept.get(key);
  if (event === undefined) return false;
  sql.take.run(n, event.seq);
  sql.insertArrival.run(n, wait, 0, event.payload);
  tell(transaction, n);
  return true;
}

/**
 * Something came for run `n` from elsewhere: it is due, and its owner has news.
 * @returns its id, or null when it has ended
 */
export function tell({ sql }: Transaction, n: number): string | null {
  const run = sql.wake.get(n);
  if (run === undefined) return null;
  sql.addNews.run(n);
  return run.id;
}
