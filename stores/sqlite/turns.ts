/** Turns and notes as SQL. Runs inside a transaction of the group writer; a fenced write changes nothing. */
import type {
  Arrival,
  ChunkChange,
  Note,
  RunEnd,
  Turn,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { clean, packBody } from "../rows/index.ts";
import type { Row } from "./driver.ts";
import { deliverEvent, feed, leave, subscribe, unsubscribe } from "./events.ts";
import { askToCancel, follow, tellFollowers } from "./followers.ts";
import { forgetRun, keepPark } from "./history.ts";
import { acquire, release, releaseAll } from "./places.ts";
import { arrivalOf, retried } from "./rows.ts";
import { insertRun } from "./starts.ts";
import type { Numbers, Statements, Transaction } from "./transaction.ts";

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };
const NOTHING: readonly never[] = [];

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

function isNext(row: Row, { epoch, turn }: Turn, worker: number): boolean {
  return row.epoch === epoch && row.worker === worker && row.turn === turn - 1;
}

function commitTurn(transaction: Transaction, turn: Turn, n: number, worker: number): WriteOutcome {
  const { sql, now } = transaction;
  const body = packBody(turn.waits, turn.snapshot);
  const { epoch, news } = turn;
  // The row that is replaced has to be kept before that is known to be the one: what is fenced changes nothing.
  if (turn.history > 0 && isNext(sql.fence.get(n)!, turn, worker)) keepPark(sql, n, turn.history);
  const effects = hasEffects(turn);
  const leaves = turn.end !== null || (isOver(turn) && !effects);
  const owner = leaves ? null : worker;
  const fits = sql.turn.run(turn.turn, body, now, owner, n, epoch, turn.turn - 1, news, worker) === 1;
  let told: Row | null = null;
  if (!fits) {
    told = sql.fence.get(n)!;
    if (isSame(told, turn)) return answer(transaction, n, told, turn);
    if (!isNext(told, turn, worker)) return FENCED;
    sql.setState.run(turn.turn, body, now, n);
    if (turn.end !== null) sql.leave.run(n);
  }
  if (hasExtras(turn)) writeExtras(transaction, turn, n);
  if (turn.end !== null) {
    endRun(transaction, n, turn.run, turn.end, turn.history > 0 ? turn.turn - 1 : null);
    if (turn.end.forgotten) forgetRun(sql, n, turn.run);
    return told === null ? passed(turn) : answer(transaction, n, told, turn);
  }
  if (told === null && effects) {
    const current = sql.fence.get(n)!;
    if (current.news !== news) told = current;
  }
  if (told !== null) return answer(transaction, n, told, turn);
  if (isOver(turn)) {
    if (!leaves) sql.leave.run(n);
    giveBack(transaction, n, turn, turn);
  }
  return passed(turn);
}

/** Whether the worker does not go on with the run, unless there is news. */
function isOver(turn: Turn): boolean {
  return turn.blocked !== null || !turn.keep;
}

/** Whether the turn changes nothing but its row in `states`. */
export function isPlain(turn: Turn): boolean {
  return turn.keep && turn.end === null && turn.blocked === null && turn.history === 0 && !hasExtras(turn);
}

/** Most turns have none of these. */
function hasExtras(turn: Turn): boolean {
  return (
    turn.consumed.length > 0 ||
    turn.subscribe.length > 0 ||
    turn.unsubscribe.length > 0 ||
    turn.codes.length > 0 ||
    turn.chunks !== null ||
    turn.group !== null ||
    turn.build !== null ||
    turn.release.length > 0 ||
    turn.cancelled ||
    turn.survived ||
    hasEffects(turn)
  );
}

/** What other runs see of the turn, and what may at once bring news to its own run. */
function hasEffects(turn: Turn): boolean {
  return (
    turn.subscribe.length > 0 ||
    turn.starts.length > 0 ||
    turn.follow.length > 0 ||
    turn.sends.length > 0 ||
    turn.feeds.length > 0 ||
    turn.cancels.length > 0 ||
    turn.acquire.length > 0
  );
}

/** What a turn changes beside the row of its run. */
export function writeExtras(transaction: Transaction, turn: Turn, n: number): void {
  const { sql } = transaction;
  for (const { key, wait } of turn.unsubscribe) unsubscribe(transaction, n, wait, key);
  for (const wait of turn.consumed) {
    sql.dropArrival.run(n, wait);
    sql.dropAttempt.run(n, wait);
  }
  if (turn.cancelled) sql.cancelled.run(n);
  if (turn.group !== null) sql.setGroup.run(turn.group, n);
  if (turn.build !== null) sql.setBuild.run(turn.build.build, turn.build.bound, n);
  if (turn.survived) sql.survived.run(n);
  if (turn.cancelled || turn.consumed.length > 0) sql.seen.run(n);
  for (const { key, body } of turn.codes) sql.addCode.run(key, body);
  if (turn.chunks !== null) changeChunks(sql, n, turn.chunks, turn.history > 0 ? turn.turn - 1 : null);
  for (const child of turn.starts) {
    insertRun(transaction, child, null);
    transaction.hints.push({ kind: "ready" });
  }
  for (const following of turn.follow) follow(transaction, n, following);
  for (const id of turn.cancels) {
    const other = sql.number.get(id)?.n as number | undefined;
    if (other !== undefined) askToCancel(transaction, other);
  }
  for (const { run, wait } of turn.release) {
    const owner = run === turn.run ? n : (sql.number.get(run)?.n as number | undefined);
    if (owner !== undefined) release(transaction, owner, wait);
  }
  for (const acquiring of turn.acquire) acquire(transaction, n, acquiring);
  for (const given of turn.feeds) feed(transaction, n, given);
  for (const subscription of turn.subscribe) subscribe(transaction, n, subscription);
  for (const event of turn.sends) deliverEvent(transaction, event);
}

/** Of a run that no worker owns any more. @param past turn of the last park that is kept, or null */
export function endRun(
  transaction: Transaction,
  n: number,
  id: string,
  end: RunEnd,
  past: number | null,
): void {
  const { sql, now, hints } = transaction;
  sql.end.run(end.status, n);
  hints.push({ kind: "ended", run: id });
  if (sql.insertEnd.get(n, end.value, now, id)!.leaves === 0) return;
  sql.dropArrivals.run(n);
  sql.dropAttempts.run(n);
  sql.dropKept.run(id);
  const chunks = sql.chunkNames.all(n);
  if (chunks.length > 0) changeChunks(sql, n, { added: [], dropped: chunks.map(({ hash }) => hash) }, past);
  releaseAll(transaction, n);
  tellFollowers(transaction, n, end);
}

/** The first outcome of a wait counts. */
export function insertArrival({ sql }: Transaction, n: number, { wait, threw, value }: Arrival): boolean {
  return sql.insertArrival.run(n, wait, threw ? 1 : 0, value) === 1;
}

function changeChunks(
  sql: Statements,
  n: number,
  { added, dropped }: ChunkChange,
  past: number | null,
): void {
  for (const { hash, body } of added) {
    sql.addChunk.run(hash, body);
    sql.refer.run(n, hash);
  }
  for (const hash of dropped) {
    sql.dropChunk.run(n, hash);
    if (past === null) sql.collect.run(hash);
    else sql.dropChunkFromPark.run(n, past, hash);
  }
}

function commitNote(transaction: Transaction, note: Note, n: number, worker: number): WriteOutcome {
  const { sql } = transaction;
  const row = sql.fence.get(n)!;
  if (row.epoch !== note.epoch || row.worker !== worker) return FENCED;
  for (const arrival of note.arrivals) {
    const first = insertArrival(transaction, n, arrival);
    if (first && arrival.key !== undefined) leave(transaction, n, arrival.wait, arrival.key);
  }
  for (const { wait, made, due, error, since, begun, progress } of note.attempts)
    sql.setAttempt.run(n, wait, made, due, clean(error), since, begun, progress);
  if (row.news !== note.news) return answer(transaction, n, row, note);
  if (note.release !== null) {
    if (note.release.bound !== null) sql.bind.run(note.release.bound, n);
    sql.leave.run(n);
    giveBack(transaction, n, note.release, note);
  }
  return passed(note);
}

/** A run that no worker owns any more is anybody's. What is due at once is due from now on. */
function giveBack(
  { sql, hints, now }: Transaction,
  n: number,
  { due: wanted, blocked }: Pick<Turn, "due" | "blocked">,
  { run }: Write,
): void {
  const due = wanted === 0 ? now : wanted;
  if (blocked !== null) {
    sql.block.run(due, clean(blocked.reason), blocked.needs, n);
    hints.push({ kind: "run", run });
  } else {
    sql.giveBack.run(due, n);
    hints.push(due === null ? { kind: "run", run } : { kind: "ready" });
  }
}

export function passed({ news }: Write): Extract<WriteOutcome, { readonly passed: true }> {
  return { passed: true, arrivals: NOTHING, news, cancel: false, suspend: false, retry: NOTHING };
}

/** Passed, with what the worker had not seen. */
function answer({ sql }: Transaction, n: number, row: Row, { news }: Write): WriteOutcome {
  const isNew = row.news !== news;
  return {
    passed: true,
    arrivals: isNew ? sql.arrivals.all(n).map(arrivalOf) : NOTHING,
    news: row.news,
    cancel: row.cancel !== "no",
    suspend: row.status === "suspended",
    retry: isNew ? retried(sql, n) : NOTHING,
  };
}
