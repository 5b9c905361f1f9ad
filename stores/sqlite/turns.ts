/** Turns and notes as SQL. Runs inside a transaction of the group writer; a fenced write changes nothing. */
import type {
  Arrival,
  ChunkChange,
  NewRun,
  Note,
  StartOutcome,
  Subscription,
  Turn,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import type { Row } from "./driver.ts";
import { deliverEvent, takeKept, tell } from "./events.ts";
import { arrivalOf, clean, packBody } from "./rows.ts";
import type { Numbers, Statements, Transaction } from "./transaction.ts";

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };
const NOTHING: readonly Arrival[] = [];

/** @param worker number of the owner, or null */
export function insertRun(transaction: Transaction, run: NewRun, worker: number | null): StartOutcome {
  const { sql, now } = transaction;
  const row = sql.insertRun.get(run.id, run.entry, run.priority, now, worker);
  if (row === undefined) return { id: run.id, created: false, claimed: false };
  const n = row.n as number;
  sql.insertState.run(n, worker, worker === null ? 0 : 1, now);
  const parent = run.parent ?? null;
  sql.insertOrigin.run(
    n,
    run.call,
    run.secret,
    JSON.stringify(run.tags),
    parent?.run ?? null,
    parent?.wait ?? null,
    now,
  );
  return { id: run.id, created: true, claimed: worker !== null };
}

export function commitWrite(transaction: Transaction, write: Write, numbers: Numbers): WriteOutcome {
  const n = numbers.run(write.run);
  const worker = numbers.worker(write.worker);
  if (n === null || worker === null) return n === null ? FENCED : commitAgain(transaction, write, n);
  return write.kind === "turn"
    ? commitTurn(transaction, write, n, worker)
    : commitNote(transaction, write, n, worker);
}

/** The worker is gone: nothing may be written, but a turn that was may be recognised. */
function commitAgain({ sql }: Transaction, write: Write, n: number): WriteOutcome {
  const row = sql.fence.get(n)!;
  return write.kind === "turn" && isSame(row, write) ? passed(write) : FENCED;
}

function isSame(row: Row, turn: Turn): boolean {
  return row.epoch === turn.epoch && row.turn === turn.turn;
}

function commitTurn(transaction: Transaction, turn: Turn, n: number, worker: number): WriteOutcome {
  const { sql, now } = transaction;
  const body = packBody(turn.waits, turn.snapshot);
  const { epoch, news } = turn;
  const fits = sql.turn.run(turn.turn, body, now, n, epoch, turn.turn - 1, news, worker) === 1;
  let told: Row | null = null;
  if (!fits) {
    told = sql.fence.get(n)!;
    if (isSame(told, turn)) return answer(transaction, n, told, turn);
    if (told.epoch !== epoch || told.worker !== worker || told.turn !== turn.turn - 1) return FENCED;
    sql.setState.run(turn.turn, body, now, n);
  }
  if (hasExtras(turn)) writeExtras(transaction, turn, n);
  if (turn.end !== null) {
    endRun(transaction, n, turn);
    return told === null ? passed(turn) : answer(transaction, n, told, turn);
  }
  if (told === null && (turn.subscribe.length > 0 || turn.sends.length > 0)) {
    const current = sql.newsOf.get(n)!;
    if (current.news !== news) told = { ...current, cancel: "no" };
  }
  if (told !== null) return answer(transaction, n, told, turn);
  if (turn.blocked !== null || !turn.keep) giveBack(transaction, n, turn, turn);
  return passed(turn);
}

/** Whether the turn changes nothing but its row in `states`. */
export function isPlain(turn: Turn): boolean {
  return turn.keep && turn.end === null && turn.blocked === null && !hasExtras(turn);
}

/** Most turns have none of these. */
function hasExtras(turn: Turn): boolean {
  return (
    turn.consumed.length > 0 ||
    turn.subscribe.length > 0 ||
    turn.unsubscribe.length > 0 ||
    turn.codes.length > 0 ||
    turn.chunks !== null ||
    turn.starts.length > 0 ||
    turn.sends.length > 0 ||
    turn.cancelled
  );
}

function writeExtras(transaction: Transaction, turn: Turn, n: number): void {
  const { sql } = transaction;
  for (const wait of turn.consumed) {
    sql.dropArrival.run(n, wait);
    sql.dropAttempt.run(n, wait);
  }
  if (turn.cancelled) sql.cancelled.run(n);
  if (turn.cancelled || turn.consumed.length > 0) sql.seen.run(n);
  for (const { key, wait } of turn.unsubscribe) sql.unsubscribe.run(key, n, wait);
  for (const { key, body } of turn.codes) sql.addCode.run(key, body);
  if (turn.chunks !== null) changeChunks(sql, n, turn.chunks);
  for (const child of turn.starts) {
    insertRun(transaction, child, null);
    transaction.hints.push({ kind: "ready" });
  }
  for (const subscription of turn.subscribe) subscribe(transaction, n, subscription);
  for (const event of turn.sends) deliverEvent(transaction, event);
}

function subscribe(transaction: Transaction, n: number, { key, wait }: Subscription): void {
  if (!takeKept(transaction, n, wait, key)) transaction.sql.subscribe.run(key, n, wait);
}

function endRun(transaction: Transaction, n: number, turn: Turn): void {
  const { sql, now, hints } = transaction;
  const { status, value } = turn.end!;
  sql.leave.run(n);
  sql.end.run(status, n);
  sql.insertEnd.run(n, value, now);
  sql.dropArrivals.run(n);
  sql.dropAttempts.run(n);
  sql.dropKept.run(turn.run);
  const chunks = sql.chunkNames.all(n);
  if (chunks.length > 0) changeChunks(sql, n, { added: [], dropped: chunks.map(({ hash }) => hash) });
  hints.push({ kind: "ended", run: turn.run });
  const parent = sql.parent.get(n);
  if (parent === undefined) return;
  const target = sql.status.get(parent.parent);
  if (target === undefined || tell(transaction, target.n) === null) return;
  sql.insertArrival.run(target.n, parent.parent_wait, status === "done" ? 0 : 1, value);
  hints.push({ kind: "run", run: parent.parent });
}

function changeChunks(sql: Statements, n: number, { added, dropped }: ChunkChange): void {
  for (const { hash, body } of added) {
    sql.addChunk.run(hash, body);
    sql.refer.run(n, hash);
  }
  for (const hash of dropped) {
    sql.dropChunk.run(n, hash);
    sql.collect.run(hash);
  }
}

function commitNote(transaction: Transaction, note: Note, n: number, worker: number): WriteOutcome {
  const { sql } = transaction;
  const row = sql.fence.get(n)!;
  if (row.epoch !== note.epoch || row.worker !== worker) return FENCED;
  for (const { wait, threw, value, key } of note.arrivals) {
    const first = sql.insertArrival.run(n, wait, threw ? 1 : 0, value) === 1;
    if (first && key !== undefined) sql.unsubscribe.run(key, n, wait);
  }
  for (const { wait, made, due, error } of note.attempts)
    sql.setAttempt.run(n, wait, made, due, clean(error));
  if (row.news !== note.news) return answer(transaction, n, row, note);
  if (note.release !== null) giveBack(transaction, n, note.release, note);
  return passed(note);
}

/** The run is anybody's again. */
function giveBack(
  { sql, hints }: Transaction,
  n: number,
  { due, blocked }: Pick<Turn, "due" | "blocked">,
  { run }: Write,
): void {
  sql.leave.run(n);
  if (blocked !== null) {
    sql.block.run(due, clean(blocked.reason), blocked.needs, n);
    hints.push({ kind: "run", run });
  } else {
    sql.giveBack.run(due, n);
    hints.push(due === null ? { kind: "run", run } : { kind: "ready" });
  }
}

export function passed({ news }: Write): Extract<WriteOutcome, { readonly passed: true }> {
  return { passed: true, arrivals: NOTHING, news, cancel: false };
}

/** Passed, with what the worker had not seen. */
function answer({ sql }: Transaction, n: number, row: Row, { news }: Write): WriteOutcome {
  const arrivals = row.news === news ? NOTHING : sql.arrivals.all(n).map(arrivalOf);
  return { passed: true, arrivals, news: row.news, cancel: row.cancel !== "no" };
}
