/** Events as SQL: each is taken by exactly one wait, whichever of the two comes first; feeds get copies. */
import type { Feed, NewEvent, SendOutcome, Subscription } from "../../runtime/engine/store.ts";
import type { Transaction } from "./transaction.ts";

/** Who has taken an event that only feeds wanted. */
const FEEDS = 0;

/** Delivers an event to the oldest wait for its key, or keeps it. */
export function deliverEvent(transaction: Transaction, event: NewEvent): SendOutcome {
  const { sql, now } = transaction;
  if (event.run !== null) {
    const target = sql.status.get(event.run);
    if (target === undefined) return { status: "unknown", run: null };
    if (!LIVE.includes(target.status)) return { status: "late", run: null };
  }
  const row = sql.insertEvent.get(event.key, event.id, event.payload, event.run, now);
  if (row === undefined) return { status: "duplicate", run: null };
  const fed = copy(transaction, event);
  const run = match(transaction, event.key, row.seq, event.payload) ?? fed;
  if (run === null) return { status: "kept", run };
  if (run === fed) sql.take.run(FEEDS, row.seq);
  return { status: "delivered", run };
}

const LIVE = ["active", "blocked", "suspended"];

/** Gives an event to the oldest wait for its key. @returns the run that got it, or null */
function match(transaction: Transaction, key: string, seq: number, payload: string): string | null {
  const { sql, hints } = transaction;
  for (;;) {
    const waiting = sql.subscriber.get(key);
    if (waiting === undefined) return null;
    sql.unsubscribe.run(key, waiting.n, waiting.wait);
    const run = tell(transaction, waiting.n);
    if (run === null) continue; // It has ended.
    sql.arriveWith.run(waiting.n, waiting.wait, payload, seq);
    sql.take.run(waiting.n, seq);
    hints.push({ kind: "run", run });
    return run;
  }
}

/** Copies an event to the feeds of its key. @returns the last run that got one, or null */
function copy(transaction: Transaction, { key, id, payload }: NewEvent): string | null {
  const { sql } = transaction;
  let last: string | null = null;
  for (const { n, target, once, id: run } of sql.feeds.all(key)) {
    const { status } = deliverEvent(transaction, { key: target, id, payload, run });
    if (once === 1 || status === "late") sql.dropFeed.run(key, n, target);
    if (status !== "late") last = run;
  }
  return last;
}

export function feed({ sql }: Transaction, n: number, { key, to, which }: Feed): void {
  if (which === "none") sql.dropFeed.run(key, n, to);
  else sql.feed.run(key, n, to, which === "next" ? 1 : 0);
}

/** Run `n` waits for the next event of a key: it gets the oldest that is kept, or is told when one comes. */
export function subscribe(
  transaction: Transaction,
  n: number,
  { key, wait, schema = null }: Subscription,
): void {
  const { sql } = transaction;
  const event = sql.kept.get(key);
  if (event === undefined) {
    sql.subscribe.run(key, n, wait, schema);
    return;
  }
  sql.take.run(n, event.seq);
  sql.arriveWith.run(n, wait, event.payload, event.seq);
  tell(transaction, n);
}

/** Ends a wait that the run has dropped. An event that has come for it meanwhile goes to the next one, or is kept. */
export function unsubscribe(transaction: Transaction, n: number, wait: number, key: string): void {
  const { sql } = transaction;
  if (leave(transaction, n, wait, key)) return;
  const arrived = sql.arrivedWith.get(n, wait);
  if (arrived === undefined) return;
  sql.dropArrival.run(n, wait);
  sql.putBack.run(arrived.value, arrived.event);
  match(transaction, key, arrived.event, arrived.value);
}

/** Nothing is delivered to this wait any more. False: something was. */
export function leave({ sql }: Transaction, n: number, wait: number, key: string): boolean {
  sql.dropFeedOf.run(n, key);
  return sql.unsubscribe.run(key, n, wait) > 0;
}

/**
 * Something came for run `n` from elsewhere: it is due, and its owner has news.
 * @returns its id, or null when it has ended
 */
export function tell({ sql, now }: Transaction, n: number): string | null {
  const run = sql.wake.get(n, now);
  if (run === undefined) return null;
  sql.addNews.run(n);
  return run.id;
}
