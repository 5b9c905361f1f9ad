/**
 * A worker: owns runs by claims under its lease, has them advanced, and gives them back.
 */
import type { Code } from "../../abi/index.ts";
import type { Host, WaitTable } from "../machine/index.ts";
import { Activation, type StepIntent } from "./activation.ts";
import { isOfCode } from "./blockage.ts";
import { Builds, heldNowhere, type Way } from "./builds.ts";
import { CodeRecords } from "./code-records.ts";
import { encodeError } from "./codec.ts";
import { writeEnd } from "./end.ts";
import { Lease } from "./lease.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import type { Owner, Passed } from "./owner.ts";
import { serves } from "./placement.ts";
import { SUSPECT } from "./poison.ts";
import type { Settings } from "./ports.ts";
import { claimedNow } from "./requests.ts";
import { RunCache } from "./run-cache.ts";
import { tellBlocked, tellEnded, tellLost } from "./run-facts.ts";
import { RunHost } from "./run-host.ts";
import { Scheduler } from "./scheduler.ts";
import { Search, type Searcher } from "./search.ts";
import { isShielded } from "./shield.ts";
import { startStep } from "./steps.ts";
import type {
  Arrival,
  Attempt,
  Blocked,
  Claimed,
  CodeRecord,
  NewRun,
  News,
  Note,
  Release,
  RunEnd,
  StartOutcome,
  Turn,
  WorkerInfo,
  WriteOutcome,
} from "./store.ts";
import { Strays } from "./strays.ts";
import { TimerQueue } from "./timer-queue.ts";
import { advance, commit, isBusy, isSoon, nextDue, open, settle } from "./turn.ts";
import { policyOf } from "./upgrade.ts";
import { armTimers, wakeAt } from "./wait-timers.ts";
import { whereabouts } from "./whereabouts.ts";

export class Worker implements Owner, Searcher {
  readonly settings: Settings;
  readonly timers: TimerQueue;
  readonly builds: Builds;
  readonly #lease: Lease;
  readonly #cache: RunCache;
  readonly #outbox: Outbox;
  readonly #active = new Map<string, Activation>();
  /** Runs that are being inserted as claimed by this worker. */
  readonly #starting = new Set<string>();
  readonly #listener: WorkerListener;
  readonly codes = new CodeRecords();
  readonly #search: Search;
  readonly #scheduler: Scheduler;
  readonly #strays: Strays;
  /** A run that is to be alone here, for the case that it takes the process down. */
  #suspect: Activation | null = null;
  closing = false;
  #idle: (() => void) | null = null;

  constructor(settings: Settings, listener: WorkerListener) {
    this.settings = settings;
    this.timers = new TimerQueue(settings.clock);
    this.#cache = new RunCache(settings.cache);
    this.#outbox = new Outbox(settings);
    this.#listener = listener;
    this.#scheduler = new Scheduler(settings, () => this.wake());
    this.builds = new Builds(settings);
    this.#search = new Search(this);
    this.#strays = new Strays(settings.log, this.#active);
    this.#lease = new Lease(settings, this.builds, (lost) => this.#loseAll(lost));
  }

  get id(): string {
    return this.#lease.worker;
  }

  get room(): number {
    return this.closing || this.#suspect !== null ? 0 : this.settings.concurrency - this.#active.size;
  }

  /** What is recorded of a run that begins here. */
  get begins(): Pick<NewRun, "build"> {
    return { build: this.builds.own };
  }

  get hasRuns(): boolean {
    return this.#active.size > 0;
  }

  get owned(): readonly string[] {
    return [...this.#active.keys(), ...this.#starting];
  }

  owns(run: string): boolean {
    return this.#active.has(run);
  }

  async begin(): Promise<void> {
    await this.announce();
    await this.#lease.begin();
    await this.codes.load(this.settings.store);
    this.#search.begin();
    this.#scheduler.begin();
  }

  /** Ends within the grace time: steps under way may finish, runs are parked and given back. */
  async close(grace: number): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.#search.end();
    this.#scheduler.end();
    this.#strays.end();
    await this.#settled(
      grace,
      (activation) => activation.flights.size > 0 || activation.phase === "committing",
    );
    for (const activation of this.#active.values()) {
      if (activation.phase === "open" && activation.dirty) commit(activation, this);
    }
    await this.#settled(grace, (activation) => activation.phase === "committing");
    for (const activation of this.#active.values()) activation.close("the worker was closed");
    this.#active.clear();
    this.timers.clear();
    await this.#lease.end();
  }

  /** As if the process had been killed: nothing of its runs goes on here, and nobody is told. */
  abandon(): void {
    this.closing = true;
    this.#search.end();
    this.#strays.end();
    this.#lease.abandon();
    for (const activation of this.#active.values()) activation.close("the worker has died");
    this.#active.clear();
    this.timers.clear();
  }

  /** Inserts a run, and takes it up when there is room. */
  async start(run: NewRun): Promise<StartOutcome> {
    const { store, failpoint } = this.settings;
    const here = this.room > 0 && run.limit === null && serves(this.settings, run.group, run.entry);
    if (here) this.#starting.add(run.id);
    try {
      const [outcome] = await store.start([run], here ? this.id : null);
      failpoint("start:after");
      if (outcome!.claimed) this.adopt(claimedNow(run));
      else if (outcome!.created) this.wake();
      return outcome!;
    } catch (error) {
      // It may have been carried out.
      if (here) this.#search.doubt();
      throw error;
    } finally {
      this.#starting.delete(run.id);
    }
  }

  /** A run that was claimed by this worker. */
  adopt(claimed: Claimed): void {
    // Taken from this worker by somebody who set it back, before the worker noticed.
    const former = this.#active.get(claimed.id);
    if (former !== undefined) this.#lose(former);
    const activation = new Activation(claimed);
    const [way, ...ways] = this.builds.ways(claimed);
    if (way === undefined) {
      this.#active.set(claimed.id, activation);
      this.#giveUp(activation, { reason: heldNowhere(claimed.build!).message, needs: claimed.entry });
      return;
    }
    activation.ways = ways;
    const code = this.builds.codeOf(way);
    const cached = this.#cache.take(claimed.id, claimed.turn);
    if (cached !== null && cached.code === code) {
      (cached.host as RunHost).activation = activation;
      activation.run = cached;
    }
    this.#active.set(claimed.id, activation);
    if (claimed.deaths >= SUSPECT) this.#beAloneWith(activation);
    if (code === undefined) void this.#goOn(activation, way);
    else {
      activation.code = code;
      this.#takeUp(activation);
    }
  }

  #beAloneWith(activation: Activation): void {
    this.#suspect = activation;
    const { clock, timing } = this.settings;
    const time = timing.probation * 2 ** Math.min(10, activation.deaths - SUSPECT);
    this.timers.add(clock.now() + time, () => this.#hasCompany(activation));
  }

  /** It has lived long, come further, or gone. */
  #hasCompany(activation: Activation): void {
    if (this.#suspect !== activation) return;
    this.#suspect = null;
    this.wake();
  }

  #takeUp(activation: Activation): void {
    if (!open(activation, this)) return;
    this.resume(activation);
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

  readonly points: CodeRecords["find"] = this.codes.find;
  readonly versions: CodeRecords["versions"] = this.codes.versions;

  newCodes(codes: readonly Code[], run: string): readonly CodeRecord[] {
    return this.codes.newOf(codes, this.#partOf(run));
  }

  #partOf(run: string): number {
    return this.settings.store.partOf?.(run) ?? 0;
  }

  write(outgoing: Outgoing): void {
    this.#outbox.add(outgoing);
  }

  written(activation: Activation, turn: Turn, outcome: WriteOutcome | null): outcome is Passed {
    if (outcome === null || activation.phase !== "committing") return false;
    if (outcome.passed) {
      if (turn.codes.length > 0) this.codes.written(turn.codes, this.#partOf(turn.run));
      return true;
    }
    if (outcome.fenced) this.#lose(activation);
    else this.#cannotWrite(activation, turn, outcome.error);
    return false;
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
    const outcome = await new Promise<WriteOutcome | null>((done) => {
      this.#outbox.add({ activation, write: note, done });
    });
    if (outcome === null || activation.phase === "closed") return false;
    if (outcome.passed) {
      // Whoever asked for the note need not care for what came with its answer.
      if (outcome.news > activation.news) void Promise.resolve().then(() => advance(activation, this));
      this.#heard(activation, outcome);
      this.#listener.changed(activation.id);
      return true;
    }
    if (outcome.fenced) this.#lose(activation);
    else
      this.settings.log({
        level: "error",
        message: "a fact could not be written",
        run: activation.id,
        at: whereabouts(activation),
        error: outcome.error,
      });
    return false;
  }

  passed(
    activation: Activation,
    outcome: Passed,
    intents: WaitTable<StepIntent> | null,
    released: boolean,
  ): void {
    this.#listener.changed(activation.id);
    if (activation.deaths === 0) this.#hasCompany(activation);
    if (released) {
      this.#release(activation);
      return;
    }
    this.#heard(activation, outcome);
    if (intents !== null) for (const intent of intents.values()) startStep(activation, intent, this);
    armTimers(activation, this);
    const { inbox, dirty, cancel, suspended, leaving, postponed } = activation;
    if (inbox.length > 0 || dirty || cancel === "asked" || suspended || leaving || postponed)
      advance(activation, this);
    else this.park(activation);
    this.#idle?.();
  }

  ended(activation: Activation, end: RunEnd): void {
    if (this.settings.facts.wanted) tellEnded(activation, this, end);
    activation.close("the run has ended");
    this.#forget(activation);
    this.#listener.ended(activation.id, end);
  }

  park(activation: Activation): void {
    if (activation.phase !== "open" || activation.run === null) return;
    if (activation.run.natives.size > 0) this.#cache.drop(activation.id);
    else this.#cache.keep(activation);
    if (isBusy(activation) || activation.dirty) return;
    if (activation.missing !== null) {
      this.block(activation, activation.missing);
      return;
    }
    const due = nextDue(activation, activation.waits);
    if (activation.waits.size > 0 && (this.closing || !isSoon(due, this)))
      void this.#giveBack(activation, { due, blocked: null, bound: null });
  }

  standStill(activation: Activation): boolean {
    if ((activation.run?.natives.size ?? 0) > 0 && !activation.leaving) return false;
    if (activation.flights.size > 0) return true;
    const due = activation.inbox.length > 0 ? 0 : nextDue(activation, activation.waits);
    void this.#giveBack(activation, { due, blocked: null, bound: null });
    return true;
  }

  block(activation: Activation, blocked: Blocked): void {
    if (this.codes.takeMissed() && !activation.reread) {
      void this.#tryWithNewerRecords(activation);
      return;
    }
    const [next, ...rest] = activation.ways;
    if (next !== undefined && !activation.dirty && isOfCode(blocked)) {
      activation.ways = rest;
      void this.#goOn(activation, next, blocked);
      return;
    }
    this.#cache.drop(activation.id);
    const { build } = activation;
    if (build !== null && !this.builds.isOwn(build) && isOfCode(blocked))
      void this.#handOver(activation, blocked);
    else this.#giveUp(activation, blocked);
  }

  #giveUp(activation: Activation, blocked: Blocked): void {
    this.sayBlocked(activation, blocked);
    this.#search.gaveUp(activation.id, activation.entry, blocked);
    void this.#giveBack(activation, { due: 0, blocked, bound: null });
  }

  /** Takes it up in the code of a kept build. @param blocked why not in the code before that */
  async #goOn(activation: Activation, way: Way, blocked: Blocked | null = null): Promise<void> {
    // What arrives meanwhile waits in the inbox.
    activation.phase = "committing";
    if (activation.run !== null) activation.run.ended = true;
    activation.run = null;
    activation.missing = null;
    let failure: unknown = null;
    try {
      activation.code = await this.builds.load(way);
    } catch (error) {
      failure = error;
    }
    if (activation.phase !== "committing") return;
    activation.phase = "open";
    if (failure === null) this.#takeUp(activation);
    else {
      const reason = failure instanceof Error ? failure.message : String(failure);
      const what = blocked === null ? reason : `${blocked.reason}. In its kept build: ${reason}`;
      this.#giveUp(activation, { reason: what, needs: activation.entry });
    }
  }

  /** Leaves it to a worker that has the code that ran it last; when there is none, it is blocked. */
  async #handOver(activation: Activation, blocked: Blocked): Promise<void> {
    const { build, entry, group } = activation;
    activation.phase = "committing";
    const isNewest = policyOf(entry, null, this.settings.upgrade) === "newest";
    const others = await this.settings.store.read.workers().catch(() => []);
    if (activation.phase !== "committing") return;
    activation.phase = "open";
    // Kept copies are for runs whose policy says so.
    const has = ({ builds: [own, ...kept] }: WorkerInfo) =>
      own === build || (!isNewest && kept.includes(build!));
    const able = others.filter((other) => other.id !== this.id && has(other) && serves(other, group, entry));
    if (able.length === 0) {
      this.#giveUp(activation, blocked);
      return;
    }
    const { id: bound } = able[Math.floor(this.settings.random() * able.length)]!;
    const message = `left to worker ${bound}, which has the build ${build} that ran it last: ${blocked.reason}`;
    this.settings.log({ level: "info", run: activation.id, message });
    void this.#giveBack(activation, { due: 0, blocked: null, bound });
  }

  sayBlocked(activation: Activation, { reason }: Blocked): void {
    const at = whereabouts(activation);
    this.settings.log({ level: "warn", message: `blocked: ${reason}`, run: activation.id, at });
    if (this.settings.facts.wanted) tellBlocked(activation, this, reason);
  }

  wakeAt(activation: Activation, wait: number, due: number, callback: () => void): void {
    wakeAt(activation, wait, due, callback, this);
  }

  // Ownership.

  async #giveBack(activation: Activation, release: Release): Promise<void> {
    const seen = activation.news;
    activation.phase = "committing";
    const arrivals = activation.inbox.filter(({ wait }) => !activation.recorded.has(wait));
    for (const { wait } of arrivals) activation.recorded.add(wait);
    const passed = await this.note(activation, { arrivals, attempts: [] }, release);
    // The lease may have been lost since the answer came.
    if (!passed || activation.phase !== "committing") return;
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
    this.#hasCompany(activation);
    // Not when it has run on since its snapshot: that is what the next owner begins from.
    if ((activation.run?.natives.size ?? 0) > 0) activation.run!.ended = true;
    else if (!activation.dirty && activation.snapshot !== null) this.#cache.keepReleased(activation);
    this.#idle?.();
    this.wake();
  }

  #lose(activation: Activation): void {
    if (this.settings.facts.wanted) tellLost(activation, this);
    this.settings.log({
      level: "warn",
      message: "the run is owned by another worker now",
      run: activation.id,
      at: whereabouts(activation),
    });
    activation.close("the run is owned by another worker now");
    this.#forget(activation);
    this.#search.doubt();
  }

  /** @param worker the id that it had */
  #loseAll(worker: string): void {
    const { facts, clock } = this.settings;
    if (facts.wanted) facts.tell({ kind: "lease lost", time: clock.now(), worker, runs: this.#active.size });
    for (const activation of [...this.#active.values()]) this.#lose(activation);
    this.wake();
  }

  #forget(activation: Activation): void {
    this.#active.delete(activation.id);
    this.#hasCompany(activation);
    this.#cache.drop(activation.id);
    this.#search.forget(activation.id);
    this.#idle?.();
    if (this.#active.size === this.settings.concurrency - 1) this.wake();
  }

  /** The turn itself cannot be stored, as when it is too large: the run fails, and says so. */
  #cannotWrite(activation: Activation, turn: Turn, error: Error): void {
    const at = whereabouts(activation);
    const message = "a turn could not be written";
    this.settings.log({ level: "error", message, run: activation.id, at, error });
    activation.phase = "open";
    if (turn.end === null) writeEnd(activation, this, { status: "failed", value: encodeError(error) });
    else this.#lose(activation);
  }

  resume(activation: Activation): void {
    for (const promise of activation.run!.waits.values()) {
      const wait = promise.wait!;
      if (wait.kind !== "step" || !activation.waits.has(wait.id)) continue;
      if (activation.inbox.some((arrival) => arrival.wait === wait.id)) continue;
      if (activation.cancel === "asked" && !isShielded(promise)) continue;
      startStep(activation, wait, this);
    }
    armTimers(activation, this);
  }

  /** A person wants a held step to be tried again. */
  #retry(activation: Activation, wait: number): void {
    const held = activation.attempts.get(wait);
    if (held?.due !== null) return;
    const since = this.settings.clock.now();
    activation.attempts.set(wait, { ...held, made: 0, due: 0, since, begun: null });
    const asked = activation.run?.waits.get(wait)?.wait;
    if (asked?.kind === "step") startStep(activation, asked, this);
  }

  /** Takes up what another process wrote about code since this one began, and tries once more. Never rejects. */
  async #tryWithNewerRecords(activation: Activation): Promise<void> {
    try {
      await this.codes.load(this.settings.store);
    } catch (error) {
      if (activation.phase !== "open") return;
      const message = "what other builds say of their code could not be read; the run goes on when it can";
      this.settings.log({ level: "error", message, run: activation.id, at: whereabouts(activation), error });
      const { clock, random, timing } = this.settings;
      const again = clock.now() + timing.readAgain * (0.5 + random());
      this.timers.add(again, () => void this.#tryWithNewerRecords(activation));
      return;
    }
    activation.reread = true;
    this.codes.takeMissed();
    if (activation.phase === "open") this.#takeUp(activation);
  }

  // Looking for work (search.ts).

  async announce(): Promise<void> {
    await this.builds.announce();
    await this.#lease.tellBuilds();
  }

  /** Looks at the store soon. */
  wake(): void {
    this.#search.look();
  }

  hear(news: News): void {
    const activation = this.#active.get(news.run);
    if (activation === undefined || activation.news >= news.news) return;
    this.#heard(activation, { ...news, cancel: news.cancel !== "no" });
    advance(activation, this);
  }

  #heard(activation: Activation, news: Omit<Passed, "passed">): void {
    if (news.news > activation.news) {
      activation.suspended = news.suspend;
      for (const wait of news.retry) this.#retry(activation, wait);
    }
    activation.news = Math.max(activation.news, news.news);
    if (news.cancel && activation.cancel === "no") activation.cancel = "asked";
    if (news.arrivals.length > 0) activation.receive(news.arrivals, true);
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
  /** The state of a run is another one. */
  changed(run: string): void;
}

interface Facts {
  readonly arrivals: readonly (Arrival & { readonly key?: string })[];
  readonly attempts: readonly Attempt[];
}
