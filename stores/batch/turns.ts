/** Turns and notes of a batch. A fenced write changes nothing. */
import type {
  Arrival,
  NewRun,
  Note,
  RunEnd,
  StartOutcome,
  Turn,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { clean, packBody } from "../rows/index.ts";
import { deliverEvent, feed, leave, subscribe, tell, unsubscribe } from "./events.ts";
import { askToCancel, follow, tellFollowers } from "./followers.ts";
import { Again, type Needs } from "./needs.ts";
import { acquire, lineOf, queueRun, release, releaseAll } from "./places.ts";
import type { AttemptRecord, RunRecord } from "./records.ts";
import { hasEnded, type Work } from "./work.ts";

export const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };
const NOTHING: readonly never[] = [];

/** Whether the turn changes nothing but its row in `states`. */
export function isPlain(turn: Turn): boolean {
  return (
    turn.keep &&
    turn.end === null &&
    turn.blocked === null &&
    !turn.cancelled &&
    !turn.survived &&
    turn.chunks === null &&
    turn.history === 0 &&
    turn.group === null &&
    turn.build === null &&
    turn.consumed.length === 0 &&
    turn.unsubscribe.length === 0 &&
    turn.codes.length === 0 &&
    turn.release.length === 0 &&
    !hasEffects(turn)
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

/** @param n number of its run */
export function needTurn(needs: Needs, turn: Turn, n: number): void {
  needs.runs.add(n);
  if (turn.end !== null) needs.ends.add(n);
  if (turn.history > 0) needs.keep.set(n, turn.history);
  if (hasEffects(turn) || turn.unsubscribe.length > 0) needs.openings.add(n);
  needEffects(needs, turn);
}

/** What of others a turn is about. */
export function needEffects(needs: Needs, turn: Turn): void {
  for (const { key } of turn.subscribe) needs.key(key).kept++;
  for (const { key } of turn.unsubscribe) needs.key(key).subscribers++;
  for (const { key } of turn.feeds) needs.key(key);
  for (const { key, id, run } of turn.sends) {
    needs.event(key, id);
    if (run !== null) needs.ids.add(run);
  }
  for (const run of turn.starts) needStart(needs, run);
  for (const { run } of turn.follow) {
    needs.ids.add(run);
    needs.outcomes.add(run);
  }
  for (const run of turn.cancels) needs.ids.add(run);
  for (const { key } of turn.acquire) needs.line(key);
  for (const { run, wait } of turn.release) {
    needs.ids.add(run);
    needs.release(run, wait);
  }
  if (turn.chunks !== null) {
    for (const { hash } of turn.chunks.added) needs.chunks.add(hash);
    for (const hash of turn.chunks.dropped) needs.chunks.add(hash);
  }
}

/** @param worker number of the writer; what no row has when it is gone */
export function commitTurn(work: Work, turn: Turn, n: number, worker: number): WriteOutcome {
  const run = work.runs.get(n);
  if (run === undefined || run.epoch !== turn.epoch) return FENCED;
  if (run.turn === turn.turn) return answer(work, run, turn);
  if (run.worker !== worker || hasEnded(run) || run.turn !== turn.turn - 1) return FENCED;
  if (turn.history > 0) keepPark(work, n);
  run.turn = turn.turn;
  work.changes.states.set(n, {
    n,
    epoch: turn.epoch,
    turn: turn.turn,
    body: packBody(turn.waits, turn.snapshot),
  });
  writeExtras(work, turn, run);
  if (turn.end !== null) {
    endRun(work, run, turn.end, turn.history > 0 ? turn.turn - 1 : null);
    return answer(work, run, turn);
  }
  if (run.news === turn.news) {
    if (run.told) work.change(run).told = false;
    if (turn.blocked !== null || !turn.keep) giveBack(work, run, turn);
  }
  return answer(work, run, turn);
}

/** The present park of run `n` is about to end, and is kept. */
export function keepPark(work: Work, n: number): void {
  const past = work.pasts.get(n);
  if (past === undefined) throw new Again("the past of a run");
  const { changes } = work;
  changes.parks.push(n);
  if (past.last !== null) changes.droppedParks.push({ n, turn: past.last });
  for (const hash of past.chunks) changes.droppedPastChunks.push({ n, hash });
}

/** What a turn changes beside the row of its run. */
export function writeExtras(work: Work, turn: Turn, run: RunRecord): void {
  const { n } = run;
  for (const { key, wait } of turn.unsubscribe) unsubscribe(work, n, wait, key);
  for (const wait of turn.consumed) {
    work.dropArrival(n, wait);
    work.dropAttempt(n, wait);
  }
  if (turn.cancelled) work.change(run).cancel = "under way";
  if (turn.survived) work.change(run).deaths = 0;
  if (turn.group !== null) work.change(run).group = turn.group;
  if (turn.build !== null) Object.assign(work.change(run), turn.build);
  for (const { key, body } of turn.codes) work.changes.codes.set(key, body);
  if (turn.chunks !== null) {
    for (const chunk of turn.chunks.added) {
      work.changes.chunks.set(chunk.hash, chunk);
      work.changes.references.push({ n, hash: chunk.hash });
    }
    const past = turn.history > 0 ? turn.turn - 1 : null;
    for (const hash of turn.chunks.dropped) dropChunk(work, n, hash, past);
  }
  for (const child of turn.starts) {
    startRun(work, child);
    work.hints.push({ kind: "ready" });
  }
  for (const following of turn.follow) follow(work, n, following);
  for (const id of turn.cancels) {
    const other = work.runOf(id);
    if (other !== undefined) askToCancel(work, other);
  }
  for (const { run: owner, wait } of turn.release) release(work, owner, wait);
  for (const acquiring of turn.acquire) acquire(work, n, acquiring);
  for (const given of turn.feeds) feed(work, n, given);
  for (const subscription of turn.subscribe) subscribe(work, n, subscription);
  for (const event of turn.sends) deliverEvent(work, event);
}

/** @param past turn of the last kept park that may refer to it, or null */
function dropChunk(work: Work, n: number, hash: string, past: number | null): void {
  const { references, droppedReferences, pastChunks } = work.changes;
  if (past !== null) pastChunks.push({ n, hash, until: past });
  const made = references.findIndex((reference) => reference.n === n && reference.hash === hash);
  if (made >= 0) references.splice(made, 1);
  droppedReferences.push({ n, hash });
}

export function needStart(needs: Needs, run: NewRun): void {
  needs.created.add(run.id);
  if (run.limit !== null) needs.line(lineOf(run.limit));
}

export function startRun(work: Work, run: NewRun): StartOutcome {
  const created = work.create(run);
  if (created === null) return { id: run.id, created: false, claimed: false };
  const { limit, limited = limit } = run;
  if (limited !== null) work.changes.limits.push({ n: created.n, ...limited });
  if (limit !== null) queueRun(work, created, limit);
  return { id: run.id, created: true, claimed: false };
}

/** @param past turn of the last park that is kept, or null */
export function endRun(work: Work, run: RunRecord, end: RunEnd, past: number | null): void {
  const { n, id } = run;
  const { chunks } = work.belongingsOf(n);
  work.change(run);
  run.status = end.status;
  run.worker = null;
  run.due = null;
  run.told = false;
  run.reason = null;
  run.needs = null;
  work.changes.ends.push({ n, id, end });
  work.dropOpenings(n);
  for (const state of work.keys.values()) {
    const others = state.kept.filter((event) => event.run !== id);
    state.kept.splice(0, state.kept.length, ...others);
  }
  const { events } = work.changes;
  for (let i = events.length - 1; i >= 0; i--)
    if (events[i]!.run === id && events[i]!.taken === null) events.splice(i, 1);
  const added = work.changes.references.filter((reference) => reference.n === n);
  for (const hash of new Set([...chunks, ...added.map(({ hash }) => hash)])) dropChunk(work, n, hash, past);
  work.hints.push({ kind: "ended", run: id });
  releaseAll(work, run);
  tellFollowers(work, run, end);
}

export function needNote(needs: Needs, note: Note, n: number): void {
  needs.runs.add(n);
  if (note.arrivals.length > 0) needs.openings.add(n);
  for (const { key } of note.arrivals) if (key !== undefined) needs.key(key);
}

export function commitNote(work: Work, note: Note, n: number, worker: number): WriteOutcome {
  const run = work.runs.get(n);
  if (run === undefined || run.epoch !== note.epoch || run.worker !== worker || hasEnded(run)) return FENCED;
  for (const { wait, threw, value, key } of note.arrivals) {
    if (work.arrivals(n).has(wait)) continue;
    if (key !== undefined) leave(work, n, wait, key);
    work.insertArrival(n, wait, threw, value, null);
  }
  for (const attempt of note.attempts) work.setAttempt({ n, ...attempt, error: clean(attempt.error) });
  if (note.release !== null && run.news === note.news) giveBack(work, run, note.release, note.release.bound);
  return answer(work, run, note);
}

/** The run is anybody's again. */
function giveBack(
  work: Work,
  run: RunRecord,
  { due, blocked }: Pick<Turn, "due" | "blocked">,
  bound: string | null = null,
): void {
  work.change(run);
  run.bound = bound ?? run.bound;
  run.worker = null;
  // What is due at once is due from now on.
  run.due = due === 0 ? work.now : due;
  if (blocked !== null) {
    run.status = "blocked";
    run.reason = clean(blocked.reason);
    run.needs = blocked.needs;
  }
  work.hints.push(blocked !== null || due === null ? { kind: "run", run: run.id } : { kind: "ready" });
}

export function passed(news: number): Extract<WriteOutcome, { readonly passed: true }> {
  return { passed: true, arrivals: NOTHING, news, cancel: false, suspend: false, retry: NOTHING };
}

/** Passed, with what the worker had not seen. */
function answer(work: Work, run: RunRecord, { news }: Turn | Note): WriteOutcome {
  if (run.news === news) return passed(news);
  return {
    passed: true,
    arrivals: [...work.arrivals(run.n).values()].map(arrivalOf),
    news: run.news,
    cancel: run.cancel !== "no",
    suspend: run.status === "suspended",
    retry: retried(work.attempts(run.n).values()),
  };
}

export function arrivalOf({ wait, threw, value }: Arrival): Arrival {
  return { wait, threw, value };
}

/** Steps that were held, and that a person wants to be tried again. */
export function retried(attempts: Iterable<Pick<AttemptRecord, "wait" | "made">>): readonly number[] {
  return [...attempts].filter(({ made }) => made === 0).map(({ wait }) => wait);
}

/** Wakes a run, as the answer to somebody outside of it. */
export function wakeRun(work: Work, run: RunRecord): boolean {
  if (!tell(work, run)) return false;
  work.hints.push({ kind: "run", run: run.id });
  return true;
}
