/**
 * A worker: owns runs by claims under its lease, advances them, and gives them back. It learns of work by hints and by
 * a slow poll; both lead to the same look at the store.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { bindingOf, type Host, registry } from "../machine/index.ts";
import { type CodePoints, codeKey, codeRecord, parsePoints } from "../snapshot/index.ts";
import { Activation, type StepIntent } from "./activation.ts";
import { encodeError, UNDEFINED } from "./codec.ts";
import { Lease } from "./lease.ts";
import type { Owner, Passed } from "./owner.ts";
import type { Settings } from "./ports.ts";
import { RunCache } from "./run-cache.ts";
import { RunHost } from "./run-host.ts";
import { isShielded } from "./shield.ts";
import { Cancelled, TimeoutError } from "./signals.ts";
import { findStep } from "./step.ts";
import { startStep } from "./steps.ts";
import type {
  Arrival,
  Attempt,
  Blocked,
  Claimed,
  CodeRecord,
  Hint,
  Note,
  RunEnd,
  Turn,
  WaitInfo,
  WriteOutcome,
} from "./store.ts";
import { TimerQueue } from "./timer-queue.ts";
import { advance, commit, isBusy, isSoon, nextDue, open, settle, writeEnd } from "./turn.ts";
import { writeForever } from "./writer.ts";

/** Runs claimed at one time, at most. */
const CLAIM = 100;

export class Worker implements Owner {
  readonly settings: Settings;
  readonly timers: TimerQueue;
  readonly #lease: Lease;
  readonly #cache: RunCache;
  readonly #active = new Map<string, Activation>();
  readonly #listener: WorkerListener;
  /** Code records that were written by this process. */
  readonly #written = new Set<Code>();
  /** Lists of suspend points in the store, by `id@hash`; read when a snapshot needs one. */
  #points = new Map<string, CodePoints>();
  /** Entries whose code is not loaded here. */
  readonly #lacking = new Set<string>();
  /** Runs that this process could not carry on, with how much code was loaded then. */
  readonly #given = new Map<string, number>();
  closing = false;
  #polling = false;
  #again = false;
  #pollTimer: unknown;
  #unwatch: (() => void) | null = null;
  #idle: (() => void) | null = null;

  constructor(settings: Settings, listener: WorkerListener) {
    this.settings = settings;
    this.timers = new TimerQueue(settings.clock);
    this.#cache = new RunCache(settings.cache);
    this.#listener = listener;
    this.#lease = new Lease(settings, () => this.#loseAll());
  }

  get id(): string {
    return this.#lease.worker;
  }

  /** True while it may take more runs. */
  get hasRoom(): boolean {
    return !this.closing && this.#active.size < this.settings.concurrency;
  }

  owns(run: string): boolean {
    return this.#active.has(run);
  }

  async begin(): Promise<void> {
    await this.#lease.begin();
    for (const { key, body } of await this.settings.store.read.codes())
      this.#points.set(key, parsePoints(body));
    this.#unwatch = this.settings.store.watch((hint) => this.#hear(hint));
    this.wake();
  }

  /** Ends within the grace time: steps under way may finish, runs are parked and given back. */
  async close(grace: number): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.#unwatch?.();
    this.settings.clock.clearTimeout(this.#pollTimer);
    await this.#settled(
      grace,
      (activation) => activation.flights.size > 0 || activation.phase === "committing",
    );
    for (const activation of this.#active.values()) {
      if (activation.phase === "open" && activation.dirty) commit(activation, this);
    }
    await this.#settled(grace, (activation) => activation.phase === "committing");
    for (const activation of this.#active.values()) activation.close(new Cancelled("the worker was closed"));
    this.#active.clear();
    this.timers.clear();
    await this.#lease.end();
  }

  /** A run that was inserted as claimed by this worker. */
  adopt(claimed: Claimed): void {
    const activation = new Activation(claimed);
    const cached = this.#cache.take(claimed.id, claimed.turn);
    if (cached !== null) {
      (cached.host as RunHost).activation = activation;
      activation.run = cached;
    }
    this.#active.set(claimed.id, activation);
    if (!open(activation, this)) return;
    this.#resume(activation);
    advance(activation, this);
  }

  // What the parts of a turn ask for (owner.ts).

  hostOf(activation: Activation): Host {
    return new RunHost(activation, this);
  }

  advance(activation: Activation): void {
    advance(activation, this);
  }

  settle(activation: Activation): void {
    settle(activation, this);
  }

  end(activation: Activation, end: RunEnd): void {
    writeEnd(activation, this, end);
  }

  readonly points = (hash: string, id: string): CodePoints | undefined => this.#points.get(codeKey(id, hash));

  newCodes(codes: readonly Code[]): readonly CodeRecord[] {
    let records: CodeRecord[] | null = null;
    for (const code of codes) {
      if (this.#written.has(code)) continue;
      const record = codeRecord(code);
      records ??= [];
      records.push(record);
    }
    return records ?? NONE;
  }

  write(activation: Activation, turn: Turn, done: (outcome: Passed) => void): void {
    const wanted = () => activation.phase === "committing";
    writeForever(this.settings, turn, wanted, (outcome) => {
      if (outcome === null || !wanted()) return;
      if (outcome.passed) {
        if (turn.codes.length > 0) this.#remember(turn.codes);
        done(outcome);
      } else if (outcome.fenced) this.#lose(activation);
      else this.#cannotWrite(activation, turn, outcome.error);
      this.#idle?.();
    });
  }

  async note(activation: Activation, facts: Facts, release: Release | null = null): Promise<boolean> {
    const note: Note = {
      kind: "note",
      run: activation.id,
      worker: this.id,
      epoch: activation.epoch,
      news: activation.news,
      release,
      ...facts,
    };
    const outcome = await new Promise<WriteOutcome | null>((resolve) => {
      writeForever(this.settings, note, () => activation.phase !== "closed", resolve);
    });
    if (outcome === null || activation.phase === "closed") return false;
    if (outcome.passed) {
      this.#heard(activation, outcome);
      return true;
    }
    if (outcome.fenced) this.#lose(activation);
    else
      this.settings.log({
        level: "error",
        message: "a fact could not be written",
        run: activation.id,
        error: outcome.error,
      });
    return false;
  }

  passed(activation: Activation, outcome: Passed, intents: readonly StepIntent[], released: boolean): void {
    this.#listener.changed();
    if (released) {
      this.#release(activation);
      return;
    }
    this.#heard(activation, outcome);
    for (const intent of intents) startStep(activation, intent, this);
    this.#armTimers(activation);
    if (activation.inbox.length > 0 || activation.dirty || activation.cancel === "asked")
      advance(activation, this);
    else this.park(activation);
  }

  ended(activation: Activation, end: RunEnd): void {
    activation.close(new Cancelled("the run has ended"));
    this.#forget(activation);
    this.#listener.ended(activation.id, end);
  }

  park(activation: Activation): void {
    if (activation.phase !== "open" || activation.run === null) return;
    if (activation.run.natives.size > 0) this.#cache.drop(activation.id);
    else this.#cache.keep(activation);
    if (isBusy(activation) || activation.dirty) return;
    if (activation.missing !== null) {
      this.block(activation, missingStep(activation.missing));
      return;
    }
    const due = nextDue(activation, activation.waits);
    if (activation.waits.size > 0 && !isSoon(due, this))
      void this.#giveBack(activation, { due, blocked: null });
  }

  block(activation: Activation, blocked: Blocked): void {
    this.settings.log({ level: "warn", message: `blocked: ${blocked.reason}`, run: activation.id });
    this.#given.set(activation.id, loaded());
    if (blocked.needs === activation.entry && bindingOf(activation.entry) === undefined) {
      this.#lacking.add(activation.entry);
    }
    void this.#giveBack(activation, { due: 0, blocked });
  }

  wakeAt(activation: Activation, wait: number, due: number, callback: () => void): void {
    activation.timers.get(wait)?.();
    const take = this.timers.add(due, () => {
      activation.timers.delete(wait);
      if (activation.phase !== "closed") callback();
    });
    activation.timers.set(wait, take);
  }

  // Ownership.

  async #giveBack(activation: Activation, release: Release): Promise<void> {
    const seen = activation.news;
    activation.phase = "committing";
    const passed = await this.note(activation, { arrivals: [], attempts: [] }, release);
    if (!passed) return;
    if (activation.news === seen) {
      this.#release(activation);
      return;
    }
    activation.phase = "open";
    advance(activation, this);
  }

  /** The run is anybody's again. Its decoded form is kept for the case that it comes back. */
  #release(activation: Activation): void {
    activation.release();
    this.#active.delete(activation.id);
    if (activation.run !== null && activation.run.natives.size === 0 && activation.snapshot !== null) {
      this.#cache.keepReleased(activation);
    }
    this.#idle?.();
    this.wake();
  }

  #lose(activation: Activation): void {
    this.settings.log({
      level: "warn",
      message: "the run is owned by another worker now",
      run: activation.id,
    });
    activation.close(new Cancelled("the run is owned by another worker now"));
    this.#forget(activation);
  }

  #loseAll(): void {
    for (const activation of [...this.#active.values()]) this.#lose(activation);
    this.wake();
  }

  #forget(activation: Activation): void {
    this.#active.delete(activation.id);
    this.#cache.drop(activation.id);
    this.#given.delete(activation.id);
    this.#idle?.();
    if (this.#again || this.#active.size === this.settings.concurrency - 1) this.wake();
  }

  /** The turn itself cannot be stored, as when it is too large: the run fails, and says so. */
  #cannotWrite(activation: Activation, turn: Turn, error: Error): void {
    this.settings.log({ level: "error", message: "a turn could not be written", run: activation.id, error });
    activation.phase = "open";
    if (turn.end === null) writeEnd(activation, this, { status: "failed", value: encodeError(error) });
    else this.#lose(activation);
  }

  /** Takes up what was under way when the run was last saved. */
  #resume(activation: Activation): void {
    for (const promise of activation.run!.waits.values()) {
      const wait = promise.wait!;
      if (wait.kind !== "step" || !activation.waits.has(wait.id)) continue;
      if (activation.inbox.some((arrival) => arrival.wait === wait.id)) continue;
      if (activation.cancel === "asked" && !isShielded(promise)) continue;
      startStep(activation, { wait: wait.id, step: wait.step, args: wait.args }, this);
    }
    this.#armTimers(activation);
  }

  #armTimers(activation: Activation): void {
    for (const [wait, take] of activation.timers) {
      if (activation.waits.has(wait)) continue;
      take();
      activation.timers.delete(wait);
    }
    for (const info of activation.waits.values()) {
      if (info.due === null || activation.timers.has(info.id)) continue;
      this.wakeAt(activation, info.id, info.due, () => this.#fire(activation, info));
    }
  }

  #fire(activation: Activation, { id, kind, name }: WaitInfo): void {
    if (!activation.waits.has(id)) return;
    if (kind === "event") {
      void this.#expire(activation, id, name);
      return;
    }
    activation.receive([{ wait: id, threw: false, value: UNDEFINED }], false);
    advance(activation, this);
  }

  /** An event's deadline has come: the store decides whether an event was there before. */
  async #expire(activation: Activation, wait: number, key: string): Promise<void> {
    const value = encodeError(new TimeoutError(`no event came for "${key}" in time`));
    const arrival: Arrival = { wait, threw: true, value };
    if (!(await this.note(activation, { arrivals: [{ ...arrival, key }], attempts: [] }))) return;
    activation.receive([arrival], true);
    advance(activation, this);
  }

  // Looking for work.

  /** Looks at the store soon. */
  wake(): void {
    if (this.closing) return;
    if (this.#polling) this.#again = true;
    else void this.#poll();
  }

  #hear(hint: Hint): void {
    if (hint.kind !== "ended") this.wake();
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    const { clock, poll, random, log } = this.settings;
    clock.clearTimeout(this.#pollTimer);
    let next = poll * (0.75 + random() / 2);
    try {
      do {
        this.#again = false;
        await this.#readNews();
        const due = await this.#claim();
        if (due !== null) next = Math.min(next, Math.max(1, due));
      } while (this.#again && !this.closing);
    } catch (error) {
      if (!this.closing) log({ level: "error", message: "the store failed; looking again later", error });
    }
    this.#polling = false;
    if (this.closing) return;
    this.#pollTimer = clock.setTimeout(() => {
      void this.#unblock().finally(() => this.wake());
    }, next);
  }

  async #readNews(): Promise<void> {
    if (this.#active.size === 0) return;
    for (const news of await this.settings.store.news(this.id)) {
      const activation = this.#active.get(news.run);
      if (activation === undefined || activation.news >= news.news) continue;
      this.#heard(activation, { ...news, cancel: news.cancel !== "no" });
      advance(activation, this);
    }
  }

  #heard(activation: Activation, news: Pick<Passed, "news" | "arrivals" | "cancel">): void {
    activation.news = Math.max(activation.news, news.news);
    if (news.cancel && activation.cancel === "no") activation.cancel = "asked";
    if (news.arrivals.length > 0) activation.receive(news.arrivals, true);
  }

  /** Takes due runs. Returns milliseconds until the next is due, or null. */
  async #claim(): Promise<number | null> {
    const { store, concurrency } = this.settings;
    while (this.hasRoom) {
      const due = await store.due(this.id);
      if (due !== 0) return due;
      const limit = Math.min(CLAIM, concurrency - this.#active.size);
      const claimed = await store.claim(this.id, limit, [...this.#lacking]);
      for (const run of claimed) this.adopt(run);
      if (claimed.length < limit) return claimed.length === 0 ? null : await store.due(this.id);
    }
    return null;
  }

  /** Blocked runs whose code has been loaded here meanwhile. */
  async #unblock(): Promise<void> {
    const { store } = this.settings;
    for (const entry of this.#lacking) if (bindingOf(entry) !== undefined) this.#lacking.delete(entry);
    for (const { id, blocked } of await store.read.runs({ status: "blocked", limit: 1000 })) {
      const needs = blocked?.needs ?? null;
      if (needs === null || this.#given.get(id) === loaded()) continue;
      if (bindingOf(needs) !== undefined || findStep(needs) !== undefined) await store.unblock(id);
    }
  }

  #remember(records: readonly CodeRecord[]): void {
    for (const { key, body } of records) {
      const points = parsePoints(body);
      this.#points.set(key, points);
      const code = registry.codes.get(points.id);
      if (code !== undefined) this.#written.add(code);
    }
  }

  /** Resolves when no run of this worker is `busy` any more, or after `ms`. */
  #settled(ms: number, busy: (activation: Activation) => boolean): Promise<void> {
    const { clock } = this.settings;
    return new Promise((resolve) => {
      const done = () => {
        clock.clearTimeout(timer);
        this.#idle = null;
        resolve();
      };
      const timer = clock.setTimeout(done, ms);
      this.#idle = () => {
        if (![...this.#active.values()].some(busy)) done();
      };
      this.#idle();
    });
  }
}

/** Who wants to know what becomes of runs. */
export interface WorkerListener {
  ended(run: string, end: RunEnd): void;
  /** The state of some run is another one. */
  changed(): void;
}

interface Facts {
  readonly arrivals: readonly (Arrival & { readonly key?: string })[];
  readonly attempts: readonly Attempt[];
}
interface Release {
  readonly due: number | null;
  readonly blocked: Blocked | null;
}

const NONE: readonly CodeRecord[] = [];

/** Grows when code is loaded. */
function loaded(): number {
  return registry.modules.size + registry.steps.size + registry.codes.size;
}

function missingStep(step: string): Blocked {
  const error = new ColdframeError(
    "CF2303",
    `no loaded module has the step "${step}". Start a worker that imports this module, compiled`,
  );
  return { reason: error.message, needs: step };
}
