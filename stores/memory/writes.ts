/** How writes change the data in memory. Each function either does all of its work or, when fenced, nothing. */
import type {
  Arrival,
  Chunk,
  ChunkChange,
  Hint,
  NewEvent,
  NewRun,
  Note,
  SendOutcome,
  StartOutcome,
  Subscription,
  Turn,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import type { Database, Record } from "./database.ts";

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };

export function insertRun(data: Database, run: NewRun, worker: string | null): StartOutcome {
  if (data.runs.has(run.id)) return { id: run.id, created: false, claimed: false };
  const now = data.now();
  data.runs.set(run.id, {
    n: data.runs.size,
    id: run.id,
    entry: run.entry,
    call: run.call,
    secret: run.secret,
    tags: { ...run.tags },
    priority: run.priority,
    parent: run.parent ?? null,
    created: now,
    status: "active",
    blocked: null,
    epoch: worker === null ? 0 : 1,
    turn: 0,
    news: 0,
    seen: 0,
    worker,
    due: now,
    cancel: "no",
    updated: now,
    snapshot: null,
    waits: "[]",
    end: null,
    arrivals: new Map(),
    attempts: new Map(),
    chunks: new Set(),
  });
  return { id: run.id, created: true, claimed: worker !== null };
}

export function commitWrite(data: Database, write: Write, hints: Hint[]): WriteOutcome {
  const run = data.runs.get(write.run);
  if (run === undefined || run.epoch !== write.epoch) return FENCED;
  if (write.kind === "turn" && run.turn === write.turn) return passed(run, run.news);
  if (run.worker !== write.worker || run.end !== null) return FENCED;
  if (write.kind === "turn" && run.turn !== write.turn - 1) return FENCED;
  return write.kind === "turn" ? commitTurn(data, run, write, hints) : commitNote(data, run, write, hints);
}

function commitTurn(data: Database, run: Record, turn: Turn, hints: Hint[]): WriteOutcome {
  run.turn = turn.turn;
  run.updated = data.now();
  run.snapshot = turn.snapshot;
  run.waits = turn.waits;
  if (turn.cancelled) run.cancel = "under way";
  for (const wait of turn.consumed) {
    run.arrivals.delete(wait);
    run.attempts.delete(wait);
  }
  for (const { wait, key } of turn.unsubscribe) unsubscribe(data, run, wait, key);
  for (const code of turn.codes) if (!data.codes.has(code.key)) data.codes.set(code.key, code.body);
  if (turn.chunks !== null) changeChunks(data, run, turn.chunks);
  for (const child of turn.starts) {
    insertRun(data, child, null);
    hints.push({ kind: "ready" });
  }
  for (const subscription of turn.subscribe) subscribe(data, run, subscription);
  for (const event of turn.sends) deliver(data, event, hints);
  if (turn.end !== null) {
    endRun(data, run, turn, hints);
    return passed(run, turn.news);
  }
  const told = run.news !== turn.news;
  run.seen = turn.news;
  if (!told && (!turn.keep || turn.blocked !== null)) {
    run.worker = null;
    run.due = turn.due;
    if (turn.blocked !== null) {
      run.status = "blocked";
      run.blocked = turn.blocked;
      hints.push({ kind: "run", run: run.id });
    } else hints.push(turn.due === null ? { kind: "run", run: run.id } : { kind: "ready" });
  }
  return passed(run, turn.news);
}

function endRun(data: Database, run: Record, turn: Turn, hints: Hint[]): void {
  run.status = turn.end!.status;
  run.end = turn.end;
  run.worker = null;
  run.due = null;
  run.arrivals.clear();
  run.attempts.clear();
  changeChunks(data, run, { added: [], dropped: [...run.chunks] });
  for (const [key, kept] of data.mailbox) {
    const rest = kept.filter((event) => event.run !== run.id);
    if (rest.length === 0) data.mailbox.delete(key);
    else data.mailbox.set(key, rest);
  }
  hints.push({ kind: "ended", run: run.id });
  const parent = run.parent === null ? undefined : data.runs.get(run.parent.run);
  if (parent === undefined || parent.end !== null) return;
  arrive(parent, {
    wait: run.parent!.wait,
    threw: turn.end!.status !== "done",
    value: turn.end!.value,
  });
  hints.push({ kind: "run", run: parent.id });
}

function changeChunks(data: Database, run: Record, { added, dropped }: ChunkChange): void {
  for (const { hash, body } of added) {
    if (run.chunks.has(hash)) continue;
    run.chunks.add(hash);
    const known = data.chunks.get(hash);
    if (known === undefined) data.chunks.set(hash, { body: copy(body), runs: 1 });
    else known.runs++;
  }
  for (const hash of dropped) {
    if (!run.chunks.delete(hash)) continue;
    const known = data.chunks.get(hash)!;
    known.runs--;
    if (known.runs === 0) data.chunks.delete(hash);
  }
}

export function chunksOf(data: Database, run: Record): readonly Chunk[] {
  return [...run.chunks].map((hash) => ({ hash, body: copy(data.chunks.get(hash)!.body) }));
}

function copy(body: Chunk["body"]): Chunk["body"] {
  return typeof body === "string" ? body : body.slice();
}

function commitNote(data: Database, run: Record, note: Note, hints: Hint[]): WriteOutcome {
  for (const { wait, threw, value, key } of note.arrivals) {
    if (run.arrivals.has(wait)) continue;
    if (key !== undefined) unsubscribe(data, run, wait, key);
    run.arrivals.set(wait, { wait, threw, value });
  }
  for (const attempt of note.attempts) run.attempts.set(attempt.wait, attempt);
  const told = run.news !== note.news;
  if (note.release !== null && !told) {
    run.worker = null;
    run.due = note.release.due;
    if (note.release.blocked !== null) {
      run.status = "blocked";
      run.blocked = note.release.blocked;
      hints.push({ kind: "run", run: run.id });
    } else hints.push({ kind: "ready" });
  }
  return passed(run, note.news);
}

export function deliver(data: Database, event: NewEvent, hints: Hint[]): SendOutcome {
  if (event.run !== null) {
    const target = data.runs.get(event.run);
    if (target === undefined) return { status: "unknown", run: null };
    if (target.end !== null) return { status: "late", run: null };
  }
  const name = JSON.stringify([event.key, event.id]);
  if (data.sent.has(name)) return { status: "duplicate", run: null };
  data.sent.add(name);
  const waiting = data.subscriptions.get(event.key);
  const first = waiting?.shift();
  if (first === undefined) {
    data.mailbox.set(event.key, [...(data.mailbox.get(event.key) ?? []), event]);
    return { status: "kept", run: null };
  }
  if (waiting!.length === 0) data.subscriptions.delete(event.key);
  arrive(first.run, { wait: first.wait, threw: false, value: event.payload });
  hints.push({ kind: "run", run: first.run.id });
  return { status: "delivered", run: first.run.id };
}

/** Records what somebody else than the owner settled, and makes the run due. */
function arrive(run: Record, arrival: Arrival): void {
  if (run.arrivals.has(arrival.wait)) return;
  run.arrivals.set(arrival.wait, arrival);
  run.news++;
  run.due = 0;
  if (run.status === "blocked") {
    run.status = "active";
    run.blocked = null;
  }
}

function subscribe(data: Database, run: Record, { wait, key }: Subscription): void {
  const kept = data.mailbox.get(key);
  const event = kept?.shift();
  if (event !== undefined) {
    if (kept!.length === 0) data.mailbox.delete(key);
    arrive(run, { wait, threw: false, value: event.payload });
    return;
  }
  const waiting = data.subscriptions.get(key) ?? [];
  waiting.push({ run, wait });
  waiting.sort((a, b) => a.run.n - b.run.n || a.wait - b.wait);
  data.subscriptions.set(key, waiting);
}

function unsubscribe(data: Database, run: Record, wait: number, key: string): void {
  const rest = data.subscriptions.get(key)?.filter((other) => other.run !== run || other.wait !== wait);
  if (rest === undefined || rest.length === 0) data.subscriptions.delete(key);
  else data.subscriptions.set(key, rest);
}

function passed(run: Record, seen: number): WriteOutcome {
  const arrivals = run.news === seen ? [] : [...run.arrivals.values()];
  return { passed: true, arrivals, news: run.news, cancel: run.news !== seen && run.cancel !== "no" };
}
