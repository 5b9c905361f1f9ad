/**
 * The turn loop of one run: deliver what arrived, run jobs until none is left, save, commit, park.
 *
 * What it is called by: an arrival (step, timer, event, cancel), the machine when promises of unmarked code have let
 * jobs run, and the answer to a commit. Each ends in `settle`, which decides what the run needs next.
 */

import { ColdframeError } from "../errors.ts";
import { deliver, drain, inCode, PENDING, Run, start, WaitTable } from "../machine/index.ts";
import {
  type ChunkSet,
  decodeValue,
  type EncodeOptions,
  encodeRun,
  type RunSnapshot,
} from "../snapshot/index.ts";
import type { Activation, StepIntent } from "./activation.ts";
import { blockedBy } from "./blockage.ts";
import { noteTurn } from "./blocking.ts";
import { applyCancel, isOwnRejection } from "./cancel.ts";
import { carryOn } from "./carry-on.ts";
import { encodeError } from "./codec.ts";
import { addEffects, addStart, addWait } from "./effects.ts";
import { droppedEvents, endOf, unhandledFailure, writeEnd } from "./end.ts";
import { checkCopy, findEntry } from "./entry.ts";
import { setSecret } from "./event.ts";
import { lookAtConsumers } from "./native-consumers.ts";
import type { Outgoing } from "./outbox.ts";
import type { Owner } from "./owner.ts";
import { servesGroup } from "./placement.ts";
import { tellParked, tellStarted, tellWoken } from "./run-facts.ts";
import { Cancelled } from "./signals.ts";
import type { Blocked, Chunk, ChunkChange, Subscription, Turn, WaitInfo, WriteOutcome } from "./store.ts";
import { NONE, TurnRecord } from "./turn-record.ts";
import { describeWait, keepPending, waitText } from "./waits.ts";
import { whereabouts } from "./whereabouts.ts";

/**
 * Advances a run as far as it can go now. Does nothing while its turn is being committed.
 * Whatever goes wrong concerns this run only: it is blocked or fails, and says why.
 */
export function advance(activation: Activation, worker: Owner): void {
  if (activation.phase !== "open" || activation.draining) return;
  const { suspended, leaving, dirty } = activation;
  if ((suspended || leaving) && !dirty && worker.standStill(activation)) return;
  if (activation.postponed && !suspended && !leaving) {
    // It may move again, and was not given back in between.
    if (!open(activation, worker)) return;
    activation.postponed = false;
    worker.resume(activation);
  }
  const began = worker.settings.clock.now();
  const { watchdog } = worker.settings;
  if (watchdog === null) {
    if (!runJobs(activation, worker)) return;
  } else {
    watchdog.enter(activation.id, "", activation.waits.get(activation.inbox[0]?.wait ?? -1)?.at ?? "");
    try {
      if (!runJobs(activation, worker)) return;
    } finally {
      watchdog.leave();
    }
  }
  noteTurn(activation, began, worker);
  settle(activation, worker);
}

/** Delivers what arrived and runs jobs until none is left. False: it cannot go on here, and was given back. */
function runJobs(activation: Activation, worker: Owner): boolean {
  if (!open(activation, worker)) return false;
  const run = activation.run!;
  activation.draining = true;
  if (run.head !== run.tail) {
    activation.dirty = true;
    drain(run);
  }
  while (activation.inbox.length > 0 && run.root!.state === PENDING) {
    const arrival = activation.inbox[0]!;
    if (run.waits.has(arrival.wait)) {
      let value: unknown;
      try {
        value =
          run.code === null ? decodeValue(arrival.value) : inCode(run.code, () => decodeValue(arrival.value));
      } catch (error) {
        activation.draining = false;
        worker.block(activation, blockedBy(error, activation.entry));
        return false;
      }
      if (!activation.dirty && worker.settings.facts.wanted) woken(activation, worker, arrival.wait);
      activation.delivered.set(arrival.wait, arrival);
      activation.dirty = true;
      deliver(run, arrival.wait, arrival.threw ? { ok: false, error: value } : { ok: true, value });
      drain(run);
    }
    activation.inbox.shift();
  }
  activation.draining = false;
  return true;
}

function woken(activation: Activation, worker: Owner, wait: number): void {
  const info = activation.waits.get(wait);
  if (info !== undefined) tellWoken(activation, worker, info);
  activation.restored = false;
}

/** Makes the run from its snapshot, or begins it. False: it could not, and was given back. */
export function open(activation: Activation, worker: Owner): boolean {
  if (activation.run !== null) return true;
  try {
    inCode(activation.code, () => checkCopy(activation.entry));
    if (activation.snapshot !== null) {
      const run = new Run(activation.id, worker.hostOf(activation), activation.code);
      setSecret(run, activation.secret);
      const { points, versions, settings } = worker;
      const chunks = activation.chunks.bodies;
      const { migrated } = carryOn(activation.snapshot, run, { points, versions, chunks }, settings.codec);
      activation.run = run;
      activation.restored = true;
      // Recorded at once, so that the migration need not stay until something arrives; or since the store was not told what it waits for.
      if (migrated > 0 || (activation.waits.size === 0 && run.waits.size > 0)) activation.dirty = true;
    } else begin(activation, worker);
  } catch (error) {
    worker.block(activation, blockedBy(error, activation.entry));
    return false;
  }
  activation.run!.root!.handled = true;
  return true;
}

function begin(activation: Activation, worker: Owner): void {
  const { code } = activation;
  const f = inCode(code, () => findEntry(activation.entry));
  if (f === undefined) {
    throw new ColdframeError(
      "CF2304",
      `no loaded module has "${activation.entry}". Start a worker that imports this module, compiled, or say with renamed() what it is called now`,
    );
  }
  const args = inCode(code, () => decodeValue(activation.call)) as unknown[];
  const run = new Run(activation.id, worker.hostOf(activation), code);
  setSecret(run, activation.secret);
  if (worker.settings.facts.wanted) tellStarted(activation, worker);
  activation.run = run;
  activation.dirty = true;
  activation.draining = true;
  try {
    start(run, f as never, args);
  } catch (error) {
    activation.run = null;
    throw error;
  } finally {
    activation.draining = false;
  }
}

/** No job is left: what does the run need now? */
export function settle(activation: Activation, worker: Owner): void {
  if (activation.phase !== "open") return;
  const run = activation.run!;
  // The machine has told of them and forgotten them; the snapshot has to know which are still nobody's.
  for (const promise of activation.unhandled) {
    if (isOwnRejection(activation, promise)) promise.handled = true;
    else if (!promise.handled) run.rejections.add(promise);
  }
  activation.unhandled.length = 0;
  const now = worker.settings.clock.now();
  for (const id of run.waits.keys()) {
    if (!activation.waits.has(id) && !activation.fresh.has(id)) {
      activation.fresh.set(id, now);
      if (activation.looked === "yes") activation.looked = "no";
    }
  }
  if (run.root!.state !== PENDING) {
    commit(activation, worker);
    return;
  }
  if (activation.cancel !== "no" && applyCancel(activation, worker)) return;
  if (activation.looked !== "yes" && activation.fresh.size > 0 && !lookAtConsumers(activation, worker))
    return;
  if (run.quiescent) commit(activation, worker);
  else holdBack(activation, worker, now);
}

/** Promises of unmarked code are pending: wait for them, but not for ever. */
function holdBack(activation: Activation, worker: Owner, now: number): void {
  const { timers, settings } = worker;
  if (activation.fresh.size > 0 && activation.holdTimer === null) {
    const [first] = activation.fresh.values();
    activation.holdTimer = timers.add(Math.max(now, first! + settings.hold), () => {
      activation.holdTimer = null;
      if (activation.phase === "open") commit(activation, worker);
    });
  }
  const unrecorded = [...activation.delivered.keys()].some((wait) => !activation.recorded.has(wait));
  if (unrecorded && activation.noteTimer === null) {
    activation.noteTimer = timers.add(now + settings.timing.noteAfter, () => {
      activation.noteTimer = null;
      void recordDelivered(activation, worker);
    });
  }
}

/** Records outcomes that the run was given, so that a redo of this turn finds them. */
async function recordDelivered(activation: Activation, worker: Owner): Promise<void> {
  const arrivals = [...activation.delivered.values()].filter(({ wait }) => !activation.recorded.has(wait));
  for (const { wait } of arrivals) activation.recorded.add(wait);
  if (await worker.note(activation, { arrivals, attempts: [] })) advance(activation, worker);
}

/** Saves the run and writes its turn. */
export function commit(activation: Activation, worker: Owner): void {
  const { code } = activation.run!;
  if (code === null) save(activation, worker);
  else inCode(code, () => save(activation, worker));
}

function save(activation: Activation, worker: Owner): void {
  activation.holdTimer?.();
  activation.holdTimer = null;
  const run = activation.run!;
  if (run.root!.state !== PENDING) {
    const end = endOf(activation, worker, run);
    if (end instanceof ColdframeError) void holdUnsaved(activation, worker, end);
    else writeEnd(activation, worker, end);
    return;
  }
  const idle = run.waits.size === 0 && run.natives.size === 0 && run.head === run.tail;
  if (idle && activation.cancel !== "no") {
    writeEnd(activation, worker, { status: "cancelled", value: encodeError(new Cancelled()) });
    return;
  }
  if (!activation.dirty) {
    if (idle) worker.block(activation, stuck(run));
    else worker.park(activation);
    return;
  }
  let saved: RunSnapshot;
  try {
    saved = encode(run, { ...worker.settings.codec, chunks: activation.chunks });
  } catch (error) {
    refuse(activation, worker, error);
    return;
  }
  activation.noteTimer?.();
  activation.noteTimer = null;
  const kept = new WaitTable<WaitInfo>();
  const turn = new TurnRecord(activation, worker.id);
  let intents: WaitTable<StepIntent> | null = null;
  let subscribe: Subscription[] | null = null;
  let waits = "";
  for (const wait of saved.waits) {
    const { id } = wait;
    let info = activation.waits.get(id);
    if (info === undefined) {
      info = describeWait(run.waits.get(id)!, wait, activation.fresh.get(id) ?? 0);
      if (wait.kind === "step") (intents ??= new WaitTable()).set(id, wait);
      else if (wait.kind === "event")
        (subscribe ??= []).push({ wait: id, key: wait.key, schema: wait.schema ?? null });
      else if (wait.kind !== "timer") addWait(turn, activation, wait);
    }
    kept.set(id, info);
    waits += waits === "" ? waitText(info) : `,${waitText(info)}`;
  }
  for (const wait of saved.dropped) {
    run.waits.delete(wait.id);
    addStart(turn, activation, wait);
  }
  const failure = unhandledFailure(saved);
  if (failure !== null) {
    writeEnd(activation, worker, failure);
    return;
  }
  const due = nextDue(activation, kept);
  const blocked = kept.size === 0 && run.natives.size === 0 ? stuck(run) : null;
  turn.snapshot = saved.text;
  turn.waits = flat(`[${waits}]`);
  turn.due = due;
  turn.build = worker.builds.change(activation);
  if (subscribe !== null) turn.subscribe = subscribe;
  turn.unsubscribe = droppedEvents(activation, kept);
  addEffects(turn, activation, kept);
  const leaving = turn.group === null ? activation.leaving : !servesGroup(worker.settings, turn.group);
  turn.keep = leaving
    ? activation.flights.size > 0 || activation.inbox.length > 0
    : intents !== null || isBusy(activation) || isSoon(due, worker);
  turn.consumed = consumedBy(activation, kept);
  turn.codes = worker.newCodes(saved.codes, activation.id);
  turn.chunks = chunkChange(activation.chunks, saved.chunks);
  turn.cancelled = activation.cancel === "under way";
  turn.survived = activation.deaths > 0 && ![...activation.trials].some((wait) => kept.has(wait));
  turn.blocked = blocked;
  activation.phase = "committing";
  // What promises of unmarked code let the run do while this is being written belongs to the next turn.
  activation.dirty = false;
  worker.write(new Commit(activation, worker, turn, saved.chunks, kept, intents));
}

/** A turn that is being written, and what follows from it. */
class Commit implements Outgoing {
  readonly activation: Activation;
  readonly write: Turn;
  readonly #worker: Owner;
  readonly #chunks: ChunkSet;
  readonly #kept: WaitTable<WaitInfo>;
  readonly #intents: WaitTable<StepIntent> | null;
  /** In ms; -1 when nobody wants to know. */
  readonly #began: number;

  constructor(
    activation: Activation,
    worker: Owner,
    turn: Turn,
    chunks: ChunkSet,
    kept: WaitTable<WaitInfo>,
    intents: WaitTable<StepIntent> | null,
  ) {
    this.activation = activation;
    this.write = turn;
    this.#worker = worker;
    this.#chunks = chunks;
    this.#kept = kept;
    this.#intents = intents;
    this.#began = worker.settings.facts.wanted ? worker.settings.clock.now() : -1;
  }

  done(outcome: WriteOutcome | null): void {
    const { activation, write } = this;
    if (!this.#worker.written(activation, write, outcome)) return;
    activation.phase = "open";
    activation.turn = write.turn;
    activation.snapshot = write.snapshot;
    activation.chunks = this.#chunks;
    activation.waits = this.#kept;
    for (const wait of write.consumed) activation.recorded.delete(wait);
    activation.delivered.clear();
    activation.fresh.clear();
    activation.refused = false;
    if (write.build !== null) Object.assign(activation, write.build);
    if (write.survived) activation.deaths = 0;
    if (write.group !== null) moved(activation, write.group, this.#worker);
    const released = (!write.keep || write.blocked !== null) && outcome.news === write.news;
    if (this.#began >= 0) tellParked(activation, this.#worker, write, this.#began, released);
    if (write.blocked !== null && released) this.#worker.sayBlocked(activation, write.blocked);
    this.#worker.passed(activation, outcome, this.#intents, released);
  }
}

function moved(activation: Activation, group: string, worker: Owner): void {
  activation.group = group;
  activation.leaving = !servesGroup(worker.settings, group);
}

/** A step or run that was called goes on, whether or not anyone can still see its outcome: it has effects. */
function encode(run: Run, options: EncodeOptions): RunSnapshot {
  const saved = encodeRun(run, options);
  if (saved.dropped.length === 0) return saved;
  const calls = saved.dropped.filter(
    (wait) => wait.kind === "step" || (wait.kind === "child" && wait.attached),
  );
  if (calls.length === 0) return saved;
  for (const { id } of calls) keepPending(run.waits.get(id)!);
  return encodeRun(run, options);
}

/**
 * The text in one piece. One that was put together stays a tree of its parts, each an object that a collection of young
 * ones has to copy, until somebody reads it.
 */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** Waits that the store keeps something for, which is of no more use. */
function consumedBy({ recorded }: Activation, kept: WaitTable<WaitInfo>): readonly number[] {
  return recorded.size === 0 ? NONE : [...recorded].filter((wait) => !kept.has(wait));
}

/** What the store has to keep from now on, and what it need not any more. */
function chunkChange(before: ChunkSet, now: ChunkSet): ChunkChange | null {
  if (before === now) return null;
  const added: Chunk[] = [];
  const dropped: string[] = [];
  for (const [hash, body] of now.bodies) if (!before.bodies.has(hash)) added.push({ hash, body });
  for (const hash of before.bodies.keys()) if (!now.bodies.has(hash)) dropped.push(hash);
  return added.length === 0 && dropped.length === 0 ? null : { added, dropped };
}

/** Something of the run is under way in this process. */
export function isBusy(activation: Activation): boolean {
  return (
    activation.flights.size > 0 || activation.inbox.length > 0 || (activation.run?.natives.size ?? 0) > 0
  );
}

/** It is not worth giving the run back until then. */
export function isSoon(due: number | null, worker: Owner): boolean {
  const { clock, timing } = worker.settings;
  return due !== null && due <= clock.now() + timing.keepFor;
}

/** When the run wants to go on by itself: its first timer, deadline or retry; at once for a step that was not begun. */
export function nextDue(activation: Activation, kept: WaitTable<WaitInfo>): number | null {
  let next: number | null = null;
  for (const { id, kind, due } of kept.values()) {
    const attempt = activation.attempts.get(id);
    const time = due ?? (kind === "step" && attempt === undefined ? 0 : (attempt?.due ?? null));
    if (time !== null && (next === null || time < next)) next = time;
  }
  return next;
}

/** Nothing is awaited that could ever settle. */
function stuck(run: Run): Blocked {
  const { code, ip } = run.root!;
  const point = code?.points[ip];
  const place = point === undefined ? "" : ` at ${code!.file}:${point.line} ("${point.name}")`;
  return {
    reason: new ColdframeError(
      "CF2305",
      `it awaits a promise${place} that no step, timer, event or other function is going to settle`,
    ).message,
    needs: null,
  };
}

/** The run stays as it was last saved, with the outcomes that it has got since. */
async function holdUnsaved(activation: Activation, worker: Owner, error: unknown): Promise<void> {
  const arrivals = [...activation.delivered.values()].filter(({ wait }) => !activation.recorded.has(wait));
  for (const { wait } of arrivals) activation.recorded.add(wait);
  activation.phase = "committing";
  if (arrivals.length > 0 && !(await worker.note(activation, { arrivals, attempts: [] }))) return;
  // The lease may have been lost since the answer came.
  if (activation.phase !== "committing") return;
  activation.phase = "open";
  activation.run!.ended = true;
  activation.run = null;
  activation.inbox.unshift(...activation.delivered.values());
  activation.delivered.clear();
  activation.fresh.clear();
  worker.block(activation, blockedBy(error, activation.entry));
}

/** The run cannot be saved: its new waits are told, so that it can clean up; the second time it fails. */
function refuse(activation: Activation, worker: Owner, error: unknown): void {
  if (worker.settings.onUnsavable === "hold") {
    void holdUnsaved(activation, worker, error);
    return;
  }
  const run = activation.run!;
  if (activation.refused || activation.fresh.size === 0) {
    writeEnd(activation, worker, { status: "failed", value: encodeError(error) });
    return;
  }
  activation.refused = true;
  const { log } = worker.settings;
  log({
    level: "error",
    message: "a run could not be saved",
    run: activation.id,
    at: whereabouts(activation),
    error,
  });
  activation.draining = true;
  for (const id of activation.fresh.keys()) deliver(run, id, { ok: false, error });
  drain(run);
  activation.draining = false;
  settle(activation, worker);
}
