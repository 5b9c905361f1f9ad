/** How writes change the data in memory. Each function either does all of its work or, when fenced, nothing. */
import type {
  Hint,
  NewRun,
  Note,
  RunEnd,
  StartOutcome,
  Turn,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { changeChunks } from "./chunks.ts";
import type { Database, Record } from "./database.ts";
import { deliver, feed, leave, subscribe, unsubscribe } from "./events.ts";
import { askToCancel, follow, tellFollowers } from "./followers.ts";
import { forgetPast, keepPark } from "./history.ts";
import { acquire, queueRun, release, releaseAll } from "./places.ts";

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };

export function insertRun(data: Database, run: NewRun, worker: string | null, hints: Hint[]): StartOutcome {
  if (data.runs.has(run.id)) return { id: run.id, created: false, claimed: false };
  const now = data.now();
  const record: Record = {
    n: data.count++,
    id: run.id,
    entry: run.entry,
    call: run.call,
    secret: run.secret,
    tags: { ...run.tags },
    priority: run.priority,
    group: run.group,
    build: worker === null ? null : (run.build ?? null),
    bound: null,
    parent: run.parent,
    created: now,
    status: "active",
    blocked: null,
    epoch: worker === null ? 0 : 1,
    turn: 0,
    news: 0,
    seen: 0,
    worker,
    due: run.limit === null ? now : null,
    cancel: "no",
    deaths: 0,
    updated: now,
    snapshot: null,
    waits: "[]",
    end: null,
    arrivals: new Map(),
    attempts: new Map(),
    chunks: new Set(),
    keep: run.history ?? 0,
    limit: run.limited === undefined ? run.limit : run.limited,
    parks: [],
    pastChunks: new Map(),
    journal: [],
    taken: new Map(),
    sent: [],
    followers: [],
    follows: new Set(),
  };
  data.runs.set(run.id, record);
  if (run.limit !== null) queueRun(data, record, run.limit, hints);
  return { id: run.id, created: true, claimed: worker !== null };
}

export function commitWrite(data: Database, write: Write, hints: Hint[]): WriteOutcome {
  const run = data.runs.get(write.run);
  if (run === undefined || run.epoch !== write.epoch) return FENCED;
  if (write.kind === "turn" && run.turn === write.turn) return passed(run, write.news);
  if (run.worker !== write.worker || run.end !== null) return FENCED;
  if (write.kind === "turn" && run.turn !== write.turn - 1) return FENCED;
  return write.kind === "turn" ? commitTurn(data, run, write, hints) : commitNote(data, run, write, hints);
}

function commitTurn(data: Database, run: Record, turn: Turn, hints: Hint[]): WriteOutcome {
  keepPark(data, run);
  run.turn = turn.turn;
  run.updated = data.now();
  run.snapshot = turn.snapshot;
  run.waits = turn.waits;
  writeExtras(data, run, turn, hints);
  if (turn.end !== null) {
    endRun(data, run, turn.end, hints);
    if (turn.end.forgotten) forgetRun(data, run);
    return passed(run, turn.news);
  }
  const told = run.news !== turn.news;
  run.seen = turn.news;
  if (!told && (!turn.keep || turn.blocked !== null)) {
    run.worker = null;
    run.due = dueFrom(data, turn.due);
    if (turn.blocked !== null) {
      run.status = "blocked";
      run.blocked = turn.blocked;
      hints.push({ kind: "run", run: run.id });
    } else hints.push(turn.due === null ? { kind: "run", run: run.id } : { kind: "ready" });
  }
  return passed(run, turn.news);
}

/** What a turn changes beside the run itself. */
export function writeExtras(data: Database, run: Record, turn: Turn, hints: Hint[]): void {
  if (turn.cancelled) run.cancel = "under way";
  for (const { wait, key } of turn.unsubscribe) unsubscribe(data, run, wait, key, hints);
  if (turn.survived) run.deaths = 0;
  if (turn.group !== null) run.group = turn.group;
  if (turn.build !== null) Object.assign(run, turn.build);
  for (const wait of turn.consumed) {
    run.arrivals.delete(wait);
    run.taken.delete(wait);
    run.attempts.delete(wait);
  }
  for (const code of turn.codes) if (!data.codes.has(code.key)) data.codes.set(code.key, code.body);
  if (turn.chunks !== null) changeChunks(data, run, turn.chunks, run.keep === 0 ? null : turn.turn - 1);
  for (const child of turn.starts) {
    insertRun(data, child, null, hints);
    hints.push({ kind: "ready" });
  }
  for (const following of turn.follow) follow(data, run, following);
  for (const id of turn.cancels) {
    const other = data.runs.get(id);
    if (other !== undefined) askToCancel(data, other, hints);
  }
  for (const { run: owner, wait } of turn.release) release(data, owner, wait, hints);
  for (const acquiring of turn.acquire) acquire(data, run, acquiring, hints);
  for (const given of turn.feeds) feed(data, run, given);
  for (const subscription of turn.subscribe) subscribe(data, run, subscription);
  for (const event of turn.sends) deliver(data, event, hints);
}

export function endRun(data: Database, run: Record, end: RunEnd, hints: Hint[]): void {
  run.status = end.status;
  run.end = end;
  run.worker = null;
  run.due = null;
  run.blocked = null;
  run.updated = data.now();
  run.arrivals.clear();
  run.attempts.clear();
  changeChunks(data, run, { added: [], dropped: [...run.chunks] }, run.parks.at(-1)?.turn ?? null);
  for (const [key, kept] of data.mailbox) {
    const rest = kept.filter((event) => event.run !== run.id);
    if (rest.length === 0) data.mailbox.delete(key);
    else data.mailbox.set(key, rest);
  }
  hints.push({ kind: "ended", run: run.id });
  releaseAll(data, run, hints);
  tellFollowers(data, run, end, hints);
}

/** Nothing is left of a run that has ended. */
export function forgetRun(data: Database, run: Record): void {
  data.runs.delete(run.id);
  for (const name of run.sent) data.sent.delete(name);
  forgetPast(data, run);
  for (const fed of [...data.feeds.values()].flat())
    if (fed.run === run) feed(data, run, { ...fed, which: "none" });
}

/** What is due at once is due from now on. */
function dueFrom(data: Database, due: number | null): number | null {
  return due === 0 ? data.now() : due;
}

function commitNote(data: Database, run: Record, note: Note, hints: Hint[]): WriteOutcome {
  for (const { wait, threw, value, key } of note.arrivals) {
    if (run.arrivals.has(wait)) continue;
    if (key !== undefined) leave(data, run, wait, key);
    run.arrivals.set(wait, { wait, threw, value });
  }
  for (const attempt of note.attempts) run.attempts.set(attempt.wait, attempt);
  const told = run.news !== note.news;
  if (note.release !== null && !told) {
    run.worker = null;
    run.due = dueFrom(data, note.release.due);
    run.bound = note.release.bound ?? run.bound;
    if (note.release.blocked !== null) {
      run.status = "blocked";
      run.blocked = note.release.blocked;
      hints.push({ kind: "run", run: run.id });
    } else hints.push({ kind: "ready" });
  }
  return passed(run, note.news);
}

function passed(run: Record, seen: number): WriteOutcome {
  const isNew = run.news !== seen;
  return {
    passed: true,
    arrivals: isNew ? [...run.arrivals.values()] : [],
    news: run.news,
    cancel: isNew && run.cancel !== "no",
    suspend: run.status === "suspended",
    retry: isNew ? retried(run) : [],
  };
}

/** Steps that were held, and that a person wants to be tried again. */
export function retried(run: Record): readonly number[] {
  return [...run.attempts.values()].filter(({ made }) => made === 0).map(({ wait }) => wait);
}
