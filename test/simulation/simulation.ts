/**
 * One simulation: some processes over one store, some runs, faults from a seed, and what has to hold whatever happens.
 *
 * - Results and effects are those of the uncompiled program; of a cancelled run, what was done has been undone.
 * - One key of a step stands for one call; no attempt is executed twice under one fence; what a step answered once is what
 *   everything later is given.
 * - What transactional steps write in a table of the user is there exactly once.
 * - Each event is taken once. No two processes record a turn of one run. Nobody is in a locked place beside another.
 * - Once the faults stop, everything comes to its end.
 */
import type { RunDetail, Store } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { type LogEntry, stepContext } from "../../runtime/index.ts";
import { VirtualClock } from "../../runtime/testing/virtual-clock.ts";
import type { Timers } from "../../stores/sharded/fleet.ts";
import type { ShardTiming } from "../../stores/sharded/timing.ts";
import { type Coverage, type FaultKind, Faults, randomFaults } from "./faults.ts";
import { judge, judgePlaces, prefixOf } from "./judge.ts";
import { operations, type Plan, randomPlan, withoutTransactions } from "./plan.ts";
import { FAULTS, Process, type Surroundings } from "./process.ts";
import { compiled, current, eventsOf, type Model, modelOf } from "./program.ts";
import { Random } from "./random.ts";
import { isRepeatable, judgeLine, judgeParks } from "./repeats.ts";
import { judgeSchedule, randomSchedules, type ScheduleCase } from "./schedules.ts";
import { randomTempo, type Tempo } from "./tempo.ts";
import { Watch } from "./watch.ts";

export interface Scenario {
  readonly seed: number;
  readonly processes: number;
  readonly plans: readonly Plan[];
  /** How many of its parks each run keeps. */
  readonly history: readonly (number | "all")[];
  readonly schedules: readonly ScheduleCase[];
  readonly faults: readonly FaultKind[];
  readonly tempo: Tempo;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly coverage: Coverage;
}

/** Where runs live: each process has a connection of its own. */
export interface Database {
  /**
   * @param reach what the process reaches each database through; default: nothing is between
   * @param timers of the process
   * @param timing of a store of several databases
   */
  connect(this: void, reach?: (store: Store) => Store, timers?: Timers, timing?: ShardTiming): Store;
  /** What is under way between databases, when there are several. */
  readonly errands?: () => Promise<readonly (RunDetail | null)[]>;
  /** Adds one to a counter in a table of the user, in a transaction of the store. Null: it has none for users. */
  readonly add: ((tx: unknown, label: string) => void) | null;
  /** All counters that are not zero. */
  counters(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Faults happen for so long, in virtual ms. Then everything must come to its end. */
const TROUBLE = 60_000;
/** And within this time. */
const PEACE = 3_600_000;

export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const faults = randomFaults(random);
  const plans = Array.from({ length: random.between(1, 4) }, (_, i) =>
    randomPlan(random, `r${i}`, random.between(1, 6)),
  );
  const processes = random.between(1, 3);
  const tempo = randomTempo(random);
  const history = plans.map(() => random.pick([0, 1, 3, "all"] as const));
  return { seed, processes, plans, history, schedules: randomSchedules(random), faults, tempo };
}

export async function simulate(scenario: Scenario, database: Database): Promise<Verdict> {
  const plans = database.add === null ? scenario.plans.map(withoutTransactions) : scenario.plans;
  return new Simulation({ ...scenario, plans }, database).go();
}

class Simulation implements Surroundings {
  readonly clock = new VirtualClock(1_000_000);
  readonly watch = new Watch();
  readonly random: Random;
  readonly faults: Faults;
  readonly downUntil = new Map<number, number>();
  /** What the wall clock is ahead of the time that passes. */
  #offset = 0;
  underWay = 0;
  readonly tempo: Tempo;
  calling: Process | null = null;
  readonly #scenario: Scenario;
  readonly #database: Database;
  readonly #store: Store;
  readonly #processes: Process[] = [];
  readonly #cancelled = new Set<string>();
  /** Runs that were made again, and what of. */
  readonly #repeats = new Map<string, readonly string[]>();
  /** Runs that never go on at the same time as a fork of theirs. */
  readonly #alone = new Set<string>();
  /** Schedules that do not fire any more. */
  #paused = 0;
  #count = 0;
  #over = false;

  constructor(scenario: Scenario, database: Database) {
    this.#scenario = scenario;
    this.tempo = scenario.tempo;
    this.#database = database;
    this.#store = this.#counted(database.connect());
    this.random = new Random(scenario.seed ^ 0x5eed);
    this.faults = new Faults(this.random, scenario.faults);
  }

  async go(): Promise<Verdict> {
    const { plans, processes, schedules } = this.#scenario;
    const models: Model[] = [];
    for (const plan of plans) models.push(await modelOf(plan));
    const scheduled: Model[] = [];
    for (const { plan } of schedules) scheduled.push(await modelOf(plan));
    current.world = {
      act: (label, input, fails) => this.#act(label, input, fails),
      count: async (tx, label) => {
        this.#database.add!(tx, label);
        // Without time of its own: the lock of the database is a real one.
        if (this.random.chance(0.5)) await new Promise(setImmediate);
        return `${label} counted`;
      },
      pause: (ms) => new Promise((resolve) => this.clock.setTimeout(resolve, ms)),
    };
    await this.#store.migrate({ now: () => Math.floor(this.wall()) });
    for (let i = 0; i < processes; i++) void this.#keepRunning();
    for (const [i, plan] of plans.entries()) void this.#use(i, plan);
    for (const schedule of schedules) void this.#setUp(schedule);
    this.#jump();
    this.#lookAtBlocked();
    this.clock.setTimeout(() => this.#peace(), TROUBLE);
    const ends = await this.#pump();
    if (ends !== null) {
      for (const [i, model] of models.entries()) {
        await this.#check(`run${i}`, plans[i]!, model);
        for (const repeat of this.#repeats.get(`run${i}`) ?? [])
          await this.#check(`run${i}`, plans[i]!, model, repeat);
        await this.#checkParks(i);
        if (this.#alone.has(`run${i}`) && !this.#cancelled.has(`run${i}`))
          for (const violation of judgeLine([`run${i}`, `run${i} fork`], this.watch.executions))
            this.watch.violated(violation);
      }
      for (const [i, model] of scheduled.entries()) await this.#checkSchedule(schedules[i]!, model);
      for (const violation of judgePlaces(this.watch.executions, this.#cancelled))
        this.watch.violated(violation);
      for (const [label, times] of await this.#database.counters())
        if (times !== 1) this.watch.violated(`${label} was counted ${times} times`);
    }
    await this.#close();
    return { violations: this.watch.violations, coverage: this.faults.coverage };
  }

  // Time.

  wall(): number {
    return this.clock.now() + this.#offset;
  }

  /** Lets time pass until all runs have ended. Null: they do not. */
  async #pump(): Promise<true | null> {
    const end = this.clock.now() + TROUBLE + PEACE;
    for (let i = 0, ends = -1; ; i++) {
      await this.#quiet();
      // Some ends are not written by a turn, as those by force.
      if (ends !== this.watch.ends || i % 256 === 0) {
        ends = this.watch.ends;
        if (await this.#allEnded()) return true;
      }
      if (this.clock.now() > end || !this.clock.step()) {
        if (await this.#allEnded()) return true;
        const left = (await this.#store.read.runs({ limit: 1000 })).filter(({ status }) => !isEnd(status));
        const rows = [
          ...(await Promise.all(left.map(({ id }) => this.#store.read.run(id)))),
          ...(await this.#errands()),
        ];
        const processes = this.#processes.map(
          ({ name, state, engine }) => `${name} ${engine && "engine"} ${state}`,
        );
        this.watch.violated(`no progress: ${processes.join()} ${JSON.stringify(rows, null, 1)}`);
        return null;
      }
    }
  }

  /** Everything has happened that needs no time. */
  async #quiet(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.underWay > 0);
  }

  async #allEnded(): Promise<boolean> {
    for (const i of this.#scenario.plans.keys()) {
      const run = await this.#store.read.run(`run${i}`);
      if (run === null || run.end === null) return false;
    }
    if (this.#paused < this.#scenario.schedules.length) return false;
    const rows = await this.#store.read.runs({ limit: 1000 });
    return rows.every(({ status }) => isEnd(status)) && (await this.#errands()).length === 0;
  }

  #errands() {
    return this.#database.errands?.() ?? [];
  }

  #jump(): void {
    this.clock.setTimeout(() => {
      if (this.faults.hits("clock forward")) this.#offset += this.random.between(1000, 3_600_000);
      if (this.faults.hits("clock backward")) this.#offset -= this.random.between(1000, 20_000);
      if (this.faults.hits("shutdown")) void this.#shutDown();
      if (this.faults.active) this.#jump();
    }, 300);
  }

  /** Runs that were blocked because workers were killed over and over again. */
  #lookAtBlocked(): void {
    this.clock.setTimeout(async () => {
      if (this.#over) return;
      for (const { id, blocked } of await this.#store.read.runs({ status: "blocked", limit: 1000 })) {
        if (!blocked!.reason.startsWith("CF2308"))
          this.watch.violated(`${id} is blocked: ${blocked!.reason}`);
        this.faults.coverage.poison++;
        await this.#store.unblock(id, null);
      }
      this.#lookAtBlocked();
    }, 5000);
  }

  #peace(): void {
    this.faults.active = false;
    for (const process of this.#processes) process.thaw();
  }

  // Processes.

  /** One process after the other, each until it dies. */
  async #keepRunning(): Promise<void> {
    while (!this.#over) {
      await new Promise<void>((resolve) => {
        const process = new Process(`p${this.#count++}`, this.#database.connect, this, resolve);
        this.#processes.push(process);
        process
          .begin((entry) => this.#logged(entry))
          .catch((error) => {
            if (!FAULTS.has(error.message))
              this.watch.violated(`${process.name} cannot begin: ${error.stack}`);
            process.kill();
          });
      });
      await this.#time(this.random.between(10, 4000));
    }
  }

  /** What people and systems outside see of the database. Time stands still while they look. */
  #counted(store: Store): Store {
    const wrap = (target: object): object =>
      new Proxy(target, {
        get: (_, name) => {
          const value = Reflect.get(target, name, target);
          if (name === "read") return wrap(value);
          if (typeof value !== "function") return value;
          return async (...args: unknown[]) => {
            this.underWay++;
            try {
              return await Reflect.apply(value, target, args);
            } finally {
              this.underWay--;
            }
          };
        },
      });
    return wrap(store) as Store;
  }

  async #shutDown(): Promise<void> {
    const process = this.random.pick(
      this.#processes.filter(({ engine, state }) => engine !== null && state === "alive"),
    );
    if (process === undefined) return;
    await process.engine!.close().catch(() => {});
    process.kill();
  }

  #logged({ level, message, error }: LogEntry): void {
    if (level !== "error" || EXPECTED.some((known) => message.includes(known))) return;
    this.watch.violated(`log: ${message} ${error instanceof Error ? error.stack : error}`);
  }

  #time(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  // People and systems outside.

  /** Asks some process until one has answered. */
  async #ask<T>(what: (process: Process) => Promise<T>): Promise<T | null> {
    for (;;) {
      const up = this.#processes.filter(({ engine, state }) => engine !== null && state === "alive");
      const process = up.length > 0 ? this.random.pick(up) : null;
      if (process !== null) {
        const failed = Symbol();
        const answer = await Promise.race([
          what(process).catch(() => failed),
          this.#time(20_000).then(() => failed),
        ]);
        if (answer !== failed) return answer as T;
      }
      if (this.#over) return null;
      await this.#time(this.random.between(50, 500));
    }
  }

  /** Starts a run, sends its events, and disturbs it. */
  async #use(i: number, plan: Plan): Promise<void> {
    const id = `run${i}`;
    const history = this.#scenario.history[i]!;
    // Forks of it wait until it has ended.
    const isAlone = isRepeatable(plan) && this.random.chance(0.4);
    if (isAlone) this.#alone.add(id);
    const options = { id, history, ...(isAlone ? { limit: { key: `alone ${id}`, max: 1 } } : {}) };
    for (const op of operations(plan)) void this.#answer(op);
    if (this.random.chance(0.5)) await this.#time(this.random.between(0, 3000));
    await this.#ask(({ engine }) => engine!.start(compiled, [plan, "begin"], options));
    if (isRepeatable(plan)) void this.#repeat(id);
    if (this.faults.hits("cancel")) {
      await this.#time(this.random.between(0, 15_000));
      this.#cancelled.add(id);
      await this.#ask(({ engine }) => engine!.cancel(id));
    }
    while (this.faults.hits("suspend")) {
      await this.#timeOrWriting(id);
      await this.#ask(({ engine }) => engine!.suspend(id));
      await this.#timeOrWriting(id);
      await this.#ask(({ engine }) => engine!.resume(id));
    }
  }

  /** Somebody who looks for what went wrong in it goes back in it, or on from where it was. */
  async #repeat(id: string): Promise<void> {
    // What goes on from where a run was may wait for its children. They are cancelled when it goes back to before them.
    const kinds = this.random.chance(0.5) ? (["rewind"] as const) : (["fork", "clone"] as const);
    const what = kinds.filter((kind) => this.faults.hits(kind));
    if (what.length === 0) return;
    const repeats: string[] = [];
    this.#repeats.set(id, repeats);
    for (const kind of what) {
      await this.#timeOrWriting(id);
      const at = -this.random.between(1, 3);
      const to = { id: `${id} ${kind}` };
      if (kind !== "rewind") repeats.push(to.id);
      await this.#ask(async ({ engine }) => {
        try {
          if (kind === "rewind") await engine!.rewind(id, { at });
          else if (kind === "clone") await engine!.clone(id, to);
          else await engine!.fork(id, this.random.chance(0.5) ? to : { ...to, at });
        } catch (error) {
          if (!(error instanceof ColdframeError && REFUSALS.has(error.code))) throw error;
        }
      });
    }
  }

  /** A schedule that fires until somebody has had enough of it. */
  async #setUp({ id, every, overlap, catchUp, plan }: ScheduleCase): Promise<void> {
    const cron = `*/${every} * * * * *`;
    const options = { cron, workflow: compiled as never, args: [plan, "begin"] as never, overlap, catchUp };
    if (this.random.chance(0.5)) await this.#time(this.random.between(0, 3000));
    await this.#ask(({ engine }) => engine!.schedule(id, options));
    await this.#time(this.random.between(10_000, TROUBLE));
    await this.#ask(({ engine }) => engine!.schedules.pause(id));
    this.#paused++;
  }

  /** Some time; or until its worker writes, as when it gives the run back: what is done then comes in between. */
  async #timeOrWriting(run: string): Promise<void> {
    const time = this.#time(this.random.between(0, 5000));
    await (this.random.chance(0.5) ? time : Promise.race([time, this.watch.writing(run)]));
  }

  async #answer(op: Plan[number]): Promise<void> {
    const events = eventsOf(op);
    if (events.length === 0) return;
    if (op.kind === "deadline" && this.faults.hits("event at deadline")) await this.#deadlineOf(op.key);
    else await this.#time(this.random.pick([0, 100, 2000, 20_000]) + this.random.between(0, 50));
    for (const { key, payload } of events) {
      const times = this.faults.hits("event sent twice") ? 2 : 1;
      const send = () => this.#ask(({ engine }) => engine!.send(key, payload, { id: payload }));
      await Promise.all(Array.from({ length: times }, send));
    }
  }

  /** Resolves when the wait for an event is over by time. */
  async #deadlineOf(key: string): Promise<void> {
    const late = this.random.between(0, 6);
    while (this.faults.active) {
      const due = this.watch.deadlines.get(key);
      if (due === undefined) await this.#time(40);
      else {
        const left = due - this.wall() - late;
        if (left > 0) await this.#time(left);
        return;
      }
    }
  }

  async #act(label: string, input: string, fails: number): Promise<string> {
    const context = stepContext();
    const process = this.calling!;
    // The process may have been stopped in the middle of the job that calls the step.
    await new Promise<void>((resolve) => process.enter(resolve));
    const n = this.watch.called(context, label, input, this.clock.now());
    await new Promise<void>((resolve) => {
      const takes = this.random.chance(0.1) ? this.random.between(1000, 9000) : this.random.between(0, 60);
      this.clock.setTimeout(() => process.enter(resolve), takes);
    });
    if (n === null) throw new Error("the system outside has seen a higher fence");
    if (context.attempt <= fails) throw new Error("not yet");
    return `${label}#${n}`;
  }

  // What has to hold.

  /** @param repeat the run that went on from where this one was */
  async #check(id: string, plan: Plan, model: Model, repeat: string | null = null): Promise<void> {
    const found = await this.#store.read.run(repeat ?? id);
    // Whoever asked for it may have been refused.
    if (found === null || (repeat !== null && this.#cancelled.has(id))) return;
    const { status, end } = found;
    const result = status === "done" ? await this.#result(repeat ?? id) : end?.value;
    const repeated = this.#repeats.has(id);
    const cancelled = this.#cancelled.has(id);
    const { executions } = this.watch;
    const own = (label: string) => label.startsWith(prefixOf(id));
    const counted = [...(await this.#database.counters()).keys()].filter(own);
    const steps = executions.filter(({ label }) => own(label));
    const run = { id, plan, model, status, result, cancelled, repeated };
    for (const violation of judge(run, steps, counted, executions))
      this.watch.violated(repeat === null ? violation : `${repeat}: ${violation}`);
  }

  async #checkParks(i: number): Promise<void> {
    const id = `run${i}`;
    const engine = await this.#engine();
    const kept = await this.#store.read.history(id, { limit: 10_000 });
    const shown = await engine.history(id, { limit: 10_000 });
    if (shown!.parks.length !== kept.length)
      this.watch.violated(`${id} shows ${shown!.parks.length} parks, and keeps ${kept.length}`);
    const turns = kept.map(({ turn }) => turn);
    const parked = this.#repeats.has(id) ? null : (this.watch.parks.get(id) ?? []);
    for (const violation of judgeParks(id, this.#scenario.history[i]!, turns, parked))
      this.watch.violated(violation);
  }

  async #checkSchedule(schedule: ScheduleCase, { result }: Model): Promise<void> {
    const rows = await this.#store.read.runs({ tags: { schedule: schedule.id }, limit: 10_000 });
    const runs = [];
    for (const { id, status } of rows) {
      const end = status === "done" ? await this.#result(id) : (await this.#store.read.run(id))!.end;
      runs.push({ id, status, result: JSON.stringify(end) });
    }
    const jumped = this.faults.coverage["clock forward"] > 0;
    const { executions } = this.watch;
    for (const violation of judgeSchedule(schedule, runs, JSON.stringify(result), executions, jumped))
      this.watch.violated(violation);
  }

  async #result(id: string): Promise<unknown> {
    const engine = await this.#engine();
    return JSON.parse(JSON.stringify(await engine.run(id).result()));
  }

  async #engine() {
    const { createEngine } = await import("../../runtime/index.ts");
    return createEngine({ store: this.#database.connect(), worker: false, clock: this.clock, log: () => {} });
  }

  async #close(): Promise<void> {
    this.#over = true;
    for (const process of this.#processes) process.kill();
    await this.#database.close();
  }
}

const isEnd = (status: string): boolean => status === "done" || status === "failed" || status === "cancelled";

/** What a person is told who wants to go on from where a run was. */
const REFUSALS: ReadonlySet<string> = new Set(["CF3101", "CF3106", "CF3114", "CF3120", "CF3121"]);

/** What workers may say in such circumstances. */
const EXPECTED = [
  "the store failed",
  "the lease of this worker ended",
  "the lease could not be renewed",
  "could not be removed",
  "could not be looked at",
];
