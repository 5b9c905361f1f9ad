/** Turns and notes as SQL. Runs inside a transaction of the group writer; a fenced write changes nothing. */
import type {
  NewRun,
  Note,
  StartOutcome,
  Subscription,
  Turn,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import type { Row } from "./driver.ts";
import { deliverEvent, takeKept } from "./events.ts";
import { arrivalOf, clean } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };

export function insertRun(transaction: Transaction, run: NewRun, worker: string | null): StartOutcome {
  const { sql, now } = transaction;
  const epoch = worker === null ? 0 : 1;
  const row = sql.insertRun.get(run.id, run.entry, epoch, run.priority, now, now, worker);
  if (row === undefined) return { id: run.id, created: false, claimed: false };
  sql.insertState.run(row.n);
  const parent = run.parent ?? null;
  sql.insertOrigin.run(
    row.n,
    run.call,
    run.secret,
    JSON.stringify(run.tags),
    parent?.run ?? null,
    parent?.wait ?? null,
    now,
  );
  return { id: run.id, created: true, claimed: worker !== null };
}

export function commitWrite(transaction: Transaction, write: Write): WriteOutcome {
  return write.kind === "turn" ? commitTurn(transaction, write) : commitNote(transaction, write);
}

function commitTurn(transaction: Transaction, turn: Turn): WriteOutcome {
  const { sql, now } = transaction;
  const { run, worker, epoch } = turn;
  const keep = turn.keep || turn.blocked !== null || turn.end !== null;
  const row = keep
    ? sql.keptTurn.get(turn.turn, turn.news, now, run, epoch, turn.turn - 1, worker)
    : // Kept after all when something arrived that the worker has not seen.
      sql.turn.get(
        turn.turn,
        turn.news,
        turn.news,
        turn.due,
        0,
        turn.news,
        now,
        run,
        epoch,
        turn.turn - 1,
        worker,
      );
  if (row === undefined) {
    const same = sql.sameTurn.get(run, epoch, turn.turn);
    return same === undefined ? FENCED : passed(transaction, same, turn.news);
  }
  const n = row.n as number;
  sql.state.run(turn.snapshot, turn.waits, n);
  for (const wait of turn.consumed) {
    sql.dropArrival.run(n, wait);
    sql.dropAttempt.run(n, wait);
  }
  for (const { key, wait } of turn.unsubscribe) sql.unsubscribe.run(key, n, wait);
  for (const { key, body } of turn.codes) sql.addCode.run(key, body);
  for (const child of turn.starts) {
    insertRun(transaction, child, null);
    transaction.hints.push({ kind: "ready" });
  }
  if (turn.cancelled) sql.cancelled.run(n);
  let found = false;
  for (const subscription of turn.subscribe) found = subscribe(transaction, n, subscription) || found;
  for (const event of turn.sends) deliverEvent(transaction, event);
  if (turn.end !== null) {
    endRun(transaction, n, turn);
    return passed(transaction, row, turn.news);
  }
  const current = found || turn.sends.length > 0 ? takeBack(transaction, n, turn) : row;
  const told = current.news !== turn.news;
  if (turn.blocked !== null && !told) {
    sql.block.run(turn.due, clean(turn.blocked.reason), turn.blocked.needs, n);
    transaction.hints.push({ kind: "run", run });
  } else if (!keep && !told && turn.due !== null) transaction.hints.push({ kind: "ready" });
  return passed(transaction, turn.cancelled ? { ...current, cancel: "under way" } : current, turn.news);
}

/** Events that were there already, or that the run sent to itself: it stays with the worker, which is told of them. */
function takeBack(transaction: Transaction, n: number, turn: Turn): Row {
  const row = transaction.sql.newsOf.get(n)!;
  if (row.news !== turn.news) transaction.sql.keep.run(turn.worker, n);
  return row;
}

/** @returns true when the event was there already */
function subscribe(transaction: Transaction, n: number, { key, wait }: Subscription): boolean {
  if (takeKept(transaction, n, wait, key)) return true;
  transaction.sql.subscribe.run(key, n, wait);
  return false;
}

function endRun(transaction: Transaction, n: number, turn: Turn): void {
  const { sql, now, hints } = transaction;
  const { status, value } = turn.end!;
  sql.end.run(status, n);
  sql.insertEnd.run(n, value, now);
  sql.dropArrivals.run(n);
  sql.dropAttempts.run(n);
  sql.dropKept.run(turn.run);
  hints.push({ kind: "ended", run: turn.run });
  const parent = sql.parent.get(n);
  if (parent === undefined) return;
  const target = sql.status.get(parent.parent);
  if (target === undefined || sql.tell.get(target.n) === undefined) return;
  sql.insertArrival.run(target.n, parent.parent_wait, status === "done" ? 0 : 1, value);
  hints.push({ kind: "run", run: parent.parent });
}

function commitNote(transaction: Transaction, note: Note): WriteOutcome {
  const { sql, hints } = transaction;
  const row = sql.owned.get(note.run, note.epoch, note.worker);
  if (row === undefined) return FENCED;
  const n = row.n as number;
  for (const { wait, threw, value, key } of note.arrivals) {
    const first = sql.insertArrival.run(n, wait, threw ? 1 : 0, value) === 1;
    if (first && key !== undefined) sql.unsubscribe.run(key, n, wait);
  }
  for (const { wait, made, due, error } of note.attempts)
    sql.setAttempt.run(n, wait, made, due, clean(error));
  if (note.release !== null && row.news === note.news) {
    const { due, blocked } = note.release;
    if (blocked === null) {
      sql.giveBack.run(due, n);
      hints.push({ kind: "ready" });
    } else {
      sql.block.run(due, clean(blocked.reason), blocked.needs, n);
      hints.push({ kind: "run", run: note.run });
    }
  }
  return passed(transaction, row, note.news);
}

function passed({ sql }: Transaction, row: Row, seen: number): WriteOutcome {
  const arrivals = row.news === seen ? [] : sql.arrivals.all(row.n).map(arrivalOf);
  return { passed: true, arrivals, news: row.news, cancel: row.cancel };
}
