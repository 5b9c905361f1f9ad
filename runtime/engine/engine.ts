/** The engine: what an application holds to start, answer, look at and stop runs, and to work on them. */

import type { Lock } from "../../abi/index.ts";
import { ColdframeError, checkOptions, wrongOption } from "../errors.ts";
import { decodeValue, encodeValue, type LiveFrame } from "../snapshot/index.ts";
import { Changes } from "./changes.ts";
import type { Clock } from "./clock.ts";
import { CodeRecords } from "./code-records.ts";
import { encodeError } from "./codec.ts";
import { type Duration, milliseconds } from "./duration.ts";
import { Ends } from "./ends.ts";
import { isGenuine } from "./event.ts";
import type { Facts } from "./facts.ts";
import type { RunHistory } from "./history.ts";
import { localsOf } from "./locals.ts";
import { checkCount, checkName, parksOf, type StartOptions } from "./options.ts";
import type { Settings } from "./ports.ts";
import { randomId, runId } from "./random-id.ts";
import { checkSent, newEventOf, newRunOf, type SendOptions } from "./requests.ts";
import { type CancelOptions, type RunAccess, RunHandle, type RunState } from "./run-handle.ts";
import { parkOf, valueOf } from "./run-view.ts";
import type { ScheduleOptions, ScheduleState } from "./schedule.ts";
import { Schedules } from "./schedules.ts";
import { ENGINE_OPTIONS, type EngineOptions, settingsOf } from "./settings.ts";
import { Cancelled } from "./signals.ts";
import {
  type Mending,
  type NewRun,
  type RunDetail,
  type RunFilter,
  type RunRow,
  type RunStatus,
  runOfKey,
  type SendOutcome,
  type Store,
} from "./store.ts";
import { TIMING, type Timing } from "./timing.ts";
import { checkWhole } from "./whole.ts";
import { Within } from "./within.ts";
import { Worker, type WorkerListener } from "./worker.ts";

export interface HistoryOptions {
  readonly limit?: number;
}

export interface RewindOptions {
  /** Number of the turn that saved it, or negative: so many parks before the present one. */
  readonly at: number;
  /** Who does it, for the journal. */
  readonly by?: string;
}

export interface ForkOptions extends Partial<RewindOptions>, Pick<StartOptions, "id" | "history"> {}

export interface EditOptions extends Pick<RewindOptions, "by"> {
  /** Name of the function whose local is meant. */
  readonly of?: string;
  /** `coldframe.lock.json`, parsed. */
  readonly lock?: Pick<Lock, "codes">;
}

export interface MendOptions {
  /** Id of the wait, as `get` lists it. Default: that of the only step that is held. */
  readonly wait?: number;
}

/**
 * Opens the store and, unless told otherwise, begins to work.
 * @throws ColdframeError CF2301, CF2302 for wrong options; CF30xx when the database is not fit
 */
export function createEngine(options: EngineOptions): Promise<Engine> {
  return openEngine(options, TIMING);
}

/** The same, with other times than the usual ones: for simulations. */
export async function openEngine(options: EngineOptions, timing: Timing): Promise<Engine> {
  checkOptions("createEngine()", options, ENGINE_OPTIONS);
  if (typeof options.store?.migrate !== "function") {
    throw wrongOption("createEngine()", "store", options.store, 'a store, as sqlite("runs.db") returns it');
  }
  const settings = settingsOf(options, timing);
  const { store, clock, log } = settings;
  await store.migrate({ log, ...(options.clock === undefined ? {} : { now: () => clock.now() }) });
  await checkWhole(store);
  const engine = new Engine(settings, options.worker !== false);
  await engine.begin();
  return engine;
}

export class Engine implements AsyncDisposable {
  readonly store: Store;
  /** Time as this engine sees it. */
  readonly clock: Clock;
  /** What happens to the runs that this process works on. */
  readonly facts: Facts;
  /** What was set up with `schedule`: to list, pause, resume and remove it. */
  readonly schedules: Schedules;
  readonly #settings: Settings;
  readonly #worker: Worker | null;
  readonly #ends: Ends;
  readonly #codes: CodeRecords = new CodeRecords();
  readonly #changes: Changes;
  #unwatch: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  readonly #listener: WorkerListener = {
    ended: (run, end) => {
      this.#ends.tell(run, end);
      this.#changes.tell(run);
    },
    changed: (run) => this.#changes.tell(run),
  };

  /** Use `createEngine`. */
  constructor(settings: Settings, works: boolean) {
    this.store = settings.store;
    this.facts = settings.facts;
    this.#settings = settings;
    this.clock = settings.clock;
    this.#ends = new Ends(settings);
    this.#changes = new Changes(settings, (run) => this.get(run));
    this.schedules = new Schedules(settings, () => this.#checkOpen());
    this.#worker = works ? new Worker(settings, this.#listener) : null;
  }

  /** Called by `createEngine`. */
  async begin(): Promise<void> {
    this.#unwatch = this.store.watch((hint) => {
      if (hint.kind === "others") this.#ends.look();
      else if (hint.kind === "ended") this.#hearEnded(hint.run);
      this.#changes.tell(hint.kind === "run" || hint.kind === "ended" ? hint.run : null);
    });
    await this.#worker?.begin();
  }

  /**
   * Starts a run. Resolves when that is durable.
   * @param f an async function of a marked module
   * @param args are copied
   * @throws ColdframeError CF2001 when `f` was not compiled, CF2101 when an argument cannot be saved, CF2301, CF3103
   *   for wrong options
   */
  async start<A extends readonly unknown[], R>(
    f: (...args: A) => Promise<R>,
    args: NoInfer<A>,
    options: StartOptions = {},
  ): Promise<RunHandle<R>> {
    this.#checkOpen();
    const run = { ...newRunOf(f, args, options, this.#settings), ...this.#worker?.begins };
    const { failpoint } = this.#settings;
    failpoint("start:before");
    if (this.#worker !== null) {
      const { created } = await this.#worker.start(run);
      return new RunHandle<R>(this.#access, run.id, created);
    }
    const [outcome] = await this.store.start([run], null);
    failpoint("start:after");
    return new RunHandle<R>(this.#access, run.id, outcome!.created);
  }

  /**
   * Starts runs by the clock: inserts the schedule, or changes it to this. To be called whenever a program begins: one that is as
   * it was stays as it is.
   * @throws ColdframeError CF2001 when the workflow was not compiled, CF2101 when an argument cannot be saved, CF2301, CF3103
   *   for wrong options
   */
  async schedule<A extends readonly unknown[]>(
    id: string,
    options: ScheduleOptions<A>,
  ): Promise<ScheduleState> {
    return this.schedules.set(id, options);
  }

  /**
   * Starts runs and sends events in a transaction of yours: they are there for all others exactly when it is committed.
   * @param tx what a transactional step gets, or what the store knows as a transaction: see docs/transactions.md
   * @throws ColdframeError CF3111 when the store has none; CF3110 from its methods when this is no transaction of the store
   */
  with(tx: unknown): Within {
    this.#checkOpen();
    if (this.store.within === undefined)
      throw new ColdframeError("CF3111", "engine.with() needs one, as sqlite() or postgres() give it");
    return new Within(tx, this.#settings, (id, created) => new RunHandle(this.#access, id, created));
  }

  /** A handle of a run that may exist. */
  run<T = unknown>(id: string): RunHandle<T> {
    return new RunHandle<T>(this.#access, id, false);
  }

  /**
   * Sends an event: settles one `event()` that waits for the key, now or later, and each that is a broadcast. Resolves when
   * durable.
   * @param payload is copied
   * @returns what became of it; `late` when the run that made the key has ended
   * @throws ColdframeError CF2101 when the payload cannot be saved, CF3102 when the key belongs to no run, CF3103 for a
   *   wrong key or id; CF2307 when whoever is to get it has a schema, which it does not fit: then nothing was sent
   */
  async send(key: string, payload?: unknown, options: SendOptions = {}): Promise<SendOutcome> {
    this.#checkOpen();
    const event = await newEventOf(key, payload, options, this.#settings);
    this.#settings.failpoint("send:before");
    const outcome = await this.store.send(event);
    this.#settings.failpoint("send:after");
    checkSent(event, outcome);
    return outcome;
  }

  /**
   * Whether a key is one that `event()` has made in a run of this database, and not one that merely looks like it; null when it
   * does not look like it. For those who take keys from strangers.
   */
  async isGenuine(key: string): Promise<boolean | null> {
    this.#checkOpen();
    const run = runOfKey(key);
    if (run === null) return null;
    const found = await this.store.read.run(run);
    // Computed also when there is no such run, so that the time tells nothing.
    return isGenuine(key, run, found?.secret ?? "") && found !== null;
  }

  /**
   * The state of a run: for each thing it waits for, the stack of calls that wait, with source line and locals. It is not
   * woken by that. Null when there is none of this id.
   * @param options `at`: as it stood at this park, as of `fork`
   * @throws ColdframeError CF3120 when this park is not kept
   */
  async get(id: string, options: Partial<Pick<RewindOptions, "at">> = {}): Promise<RunState | null> {
    this.#checkOpen();
    checkOptions("get()", options, ["at"]);
    const found = await this.#detailOf(id, turnOf("get()", options.at));
    if (found === null) return null;
    const { call, secret: _secret, end: _end, history: _history, limit: _limit, attempts, ...state } = found;
    let park = parkOf(found, this.#codes.find);
    if (this.#codes.takeMissed()) {
      await this.#codes.load(this.store);
      park = parkOf(found, this.#codes.find);
    }
    return {
      ...state,
      ...park,
      args: decodeValue(call) as unknown[],
      attempts: attempts.map(({ wait, made, due, error, progress }) => ({
        ...{ wait, made, due, error },
        progress: progress === null ? undefined : valueOf(progress),
      })),
    };
  }

  /**
   * The calls of a parked run that wait, innermost first, with the values of their live locals: copies, as they were saved last. It is
   * not woken, and its code has to be loaded: `get` shows locals as text without. Promises and functions among them do nothing.
   * Empty when it has not begun or has ended, null when there is none of this id.
   * @param options `at`: as they were at this park, as of `fork`
   * @throws ColdframeError CF2102, CF2103, CF2201 when it cannot be read here; CF3120 when this park is not kept
   */
  async locals<T = Readonly<Record<string, unknown>>>(
    id: string,
    options: Partial<Pick<RewindOptions, "at">> = {},
  ): Promise<readonly LiveFrame<T>[] | null> {
    this.#checkOpen();
    checkOptions("locals()", options, ["at"]);
    const at = turnOf("locals()", options.at);
    const found = await this.#detailOf(id, at);
    const turn = at === undefined ? undefined : found?.turn;
    return (await localsOf(found, this.store, this.#codes, turn)) as readonly LiveFrame<T>[] | null;
  }

  async #detailOf(id: string, at: number | undefined): Promise<RunDetail | null> {
    const found = await this.store.read.run(id);
    if (found === null || at === undefined) return found;
    const { detailAt } = await import("./parks.ts");
    return detailAt(this.store, found, at);
  }

  /** How many runs there are of each status. */
  async counts(): Promise<Readonly<Record<RunStatus, number>>> {
    this.#checkOpen();
    return this.store.read.counts();
  }

  /** How many runs are blocked, by the code of the error: `{ CF2103: 3 }`. */
  async reasons(): Promise<Readonly<Record<string, number>>> {
    this.#checkOpen();
    return this.store.read.reasons();
  }

  /** Runs, newest first. */
  async list(filter: RunFilter = {}): Promise<readonly RunRow[]> {
    this.#checkOpen();
    checkOptions("list()", filter, ["status", "entry", "group", "tags", "limit", "after"]);
    return this.store.read.runs(filter);
  }

  /**
   * Asks a run to stop: `Cancelled` is thrown at its awaits. False when it has ended or does not exist.
   * @param options `force`: it ends at once, as it is; what it would do about that is not done
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<boolean> {
    this.#checkOpen();
    checkOptions("cancel()", options, ["force"]);
    return this.store.cancel(id, options.force === true ? encodeError(new Cancelled()) : null);
  }

  /**
   * Makes a run stand still: steps in flight end, nothing else is done for it, whatever comes for it waits.
   * False when it is suspended already, has ended or does not exist.
   */
  async suspend(id: string): Promise<boolean> {
    this.#checkOpen();
    return this.store.suspend(id);
  }

  /** Lets a suspended run go on. Timers that it missed fire at once. False when it is not suspended. */
  async resume(id: string): Promise<boolean> {
    this.#checkOpen();
    return this.store.resume(id);
  }

  /**
   * Tries a held step again, with all its attempts.
   * @param options `wait`: which one, when several steps of the run are held
   * @throws ColdframeError CF3105 when none is held, or several are and it is not said which; CF3101 when there is no such run
   */
  async retry(id: string, options: MendOptions = {}): Promise<void> {
    await this.#mend(id, options, { kind: "retry" });
  }

  /** Gives a held step this result. Throws as `retry` does, and CF2101 when the value cannot be saved. */
  async resolve(id: string, value: unknown, options: MendOptions = {}): Promise<void> {
    await this.#mend(id, options, {
      kind: "settle",
      threw: false,
      value: encodeValue(value, this.#settings.codec, "the value of resolve()"),
    });
  }

  /** Throws this error at the await of a held step. Throws as `retry` does. */
  async reject(id: string, error: unknown, options: MendOptions = {}): Promise<void> {
    await this.#mend(id, options, { kind: "settle", threw: true, value: encodeError(error) });
  }

  async #mend(id: string, options: MendOptions, mending: Mending): Promise<void> {
    this.#checkOpen();
    checkOptions("mend", options, ["wait"]);
    const run = await this.store.read.run(id);
    if (run === null)
      throw new ColdframeError("CF3101", `"${id}". List the runs that there are, and check the database`);
    const held = run.attempts.filter(({ due }) => due === null).map(({ wait }) => wait);
    const names = held
      .map((wait) => `${wait} (${run.waits.find((one) => one.id === wait)?.name ?? "?"})`)
      .join(", ");
    const wait = options.wait ?? (held.length === 1 ? held[0] : undefined);
    if (wait === undefined) {
      throw new ColdframeError(
        "CF3105",
        held.length === 0
          ? `no step of "${id}" is held. Only a step with onFailure: "hold" that has failed for good can be mended`
          : `several steps of "${id}" are held: ${names}. Say which with { wait }`,
      );
    }
    if (await this.store.mend(id, wait, mending)) return;
    throw new ColdframeError(
      "CF3105",
      `the wait ${wait} of "${id}" is not held. Held are: ${names || "none"}`,
    );
  }

  /**
   * Starts a run again from the beginning, with the arguments it was given.
   * @param options as of `start`; tags, priority, group, limit and history are taken over
   * @throws ColdframeError CF3101 when there is no such run
   */
  async restart(id: string, options: Pick<StartOptions, "id"> = {}): Promise<RunHandle> {
    this.#checkOpen();
    checkOptions("restart()", options, ["id"]);
    const { id: to = runId() } = options;
    checkName("run id", to);
    const found = await this.store.read.run(id);
    if (found === null)
      throw new ColdframeError("CF3101", `"${id}". List the runs that there are, and check the database`);
    const { entry, call, tags, priority, group, history, limit } = found;
    const run: NewRun = {
      history,
      id: to,
      entry,
      call,
      secret: randomId(),
      tags,
      priority,
      group,
      parent: null,
      limit,
    };
    const [outcome] = await this.store.start([run], null);
    if (outcome!.created) this.#worker?.wake();
    return new RunHandle(this.#access, to, outcome!.created);
  }

  /**
   * Starts a run in the state that another one was last saved in. Steps in flight are executed for both, with keys of
   * their own; events with a key go to whichever comes first; children are awaited by both, and end with the other one only.
   * @throws ColdframeError CF3101 when there is no such run, CF3106 when it has ended or there is a run of the new id, CF3121
   *   when it holds a lock
   */
  async clone(id: string, options: Pick<StartOptions, "id"> = {}): Promise<RunHandle> {
    this.#checkOpen();
    checkOptions("clone()", options, ["id"]);
    const { id: to = runId() } = options;
    checkName("run id", to);
    const { cloneRun } = await import("./fork.ts");
    await cloneRun(this.store, id, to);
    this.#worker?.wake();
    return new RunHandle(this.#access, to, true);
  }

  /**
   * The parks of a run that are kept, oldest first, with what it waited for and its locals; and what people did to it. Null when
   * there is none of this id.
   * @param options `limit`: at most so many parks, the newest; default 100
   */
  async history(id: string, options: HistoryOptions = {}): Promise<RunHistory | null> {
    this.#checkOpen();
    checkOptions("history()", options, ["limit"]);
    const { limit = 100 } = options;
    checkCount("history()", "limit", limit, 1);
    const { historyOf } = await import("./history.ts");
    return historyOf(id, limit, this.store, this.#codes);
  }

  /**
   * Starts another run from a park of this one, under its limit: `fork.ts` says what both have in common. Also of a run that has ended, or that other
   * code saved: the new one is aligned and migrated as any is.
   * @param options `at`: number of the turn that saved it, or negative: so many parks before the present one or the end. Default: the
   *   present park; of a run that has ended, its last. `history`: default: as the run. `by`: who does it, for the journal
   * @throws ColdframeError CF3101 when there is no such run, CF3106 when there is one of the new id, CF3120 when this park is not kept,
   *   CF3121 when it cannot be gone on from
   */
  async fork(id: string, options: ForkOptions = {}): Promise<RunHandle> {
    this.#checkOpen();
    checkOptions("fork()", options, ["at", "id", "history", "by"]);
    const { id: to = runId(), by = "" } = options;
    checkName("run id", to);
    const at = turnOf("fork()", options.at);
    const history = options.history === undefined ? null : parksOf("fork()", options.history);
    const usual = this.#settings.history;
    const { forkRun } = await import("./fork.ts");
    if (!(await forkRun(this.store, { id, at, by }, { id: to, history, usual })))
      throw new ColdframeError("CF3106", `there is a run "${to}" already. Give the fork another id`);
    this.#worker?.wake();
    return new RunHandle(this.#access, to, true);
  }

  /**
   * Sets a run back to one of its parks: it goes on from there, whoever was carrying it on is fenced out. What it did since is not
   * undone; `fork.ts` says what becomes of it. A suspended run stays suspended.
   * @param options `at` and `by` as of `fork`
   * @returns number of the turn that it is at now
   * @throws ColdframeError CF3101 when there is no such run, CF3120 when this park is not kept, CF3121 when it cannot be gone back to
   */
  async rewind(id: string, options: RewindOptions): Promise<number> {
    this.#checkOpen();
    checkOptions("rewind()", options, ["at", "by"]);
    const at = turnOf("rewind()", options.at);
    if (at === undefined) throw wrongOption("rewind()", "at", at, "the number of a turn");
    const { rewindRun } = await import("./fork.ts");
    const turn = await rewindRun(this.store, { id, at, by: options.by ?? "" });
    this.#worker?.wake();
    return turn;
  }

  /**
   * Gives locals of a run that stands still (suspended, blocked, or with a step that is held) other values. It stays as it is until
   * it is resumed, unblocked or mended. Its code is not needed.
   * @param locals values that JSON can say, by the names that `get` lists
   * @param options `of`: the function that is meant, when several have such a local. `lock`: `coldframe.lock.json`, parsed: values are
   *   checked against the types in it. `by`: who does it, for the journal
   * @returns number of the turn that it is at now
   * @throws ColdframeError CF3101 when there is no such run, CF3122 when it does not stand still, CF3123 when it has no such local,
   *   CF3124 when a value cannot be its
   */
  async edit(
    id: string,
    locals: Readonly<Record<string, unknown>>,
    options: EditOptions = {},
  ): Promise<number> {
    this.#checkOpen();
    checkOptions("edit()", options, ["of", "lock", "by"]);
    const { of, lock, by = "" } = options;
    const { editRun } = await import("./edit.ts");
    return editRun(this.store, this.clock, { id, locals, of, lock, by });
  }

  /** Lets a blocked run try again: after new code was deployed, or what made it kill its workers was mended. False when it is not blocked. */
  async unblock(id: string): Promise<boolean> {
    this.#checkOpen();
    return this.store.unblock(id, null);
  }

  /**
   * Stops working: steps in flight may end within the grace time, runs are parked and given back, the store is closed.
   * @param grace default: that of the engine
   */
  close(grace?: Duration): Promise<void> {
    this.#closed ??= this.#close(grace === undefined ? this.#settings.grace : milliseconds(grace));
    return this.#closed;
  }

  /**
   * As if the process had been killed: nothing of its runs goes on here, and the store is not told, so that others take over
   * when the lease has ended. For tests; writes under way may still reach a store that is not cut off.
   */
  abandon(): void {
    this.#closed ??= Promise.resolve();
    this.#worker?.abandon();
    this.#unwatch?.();
    this.#ends.close();
    this.#changes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(grace: number): Promise<void> {
    this.#changes.close();
    await this.#worker?.close(grace);
    this.#unwatch?.();
    this.#ends.close();
    await this.store.close();
  }

  readonly #access: RunAccess = {
    ended: (run, signal) => {
      this.#checkOpen();
      return this.#ends.wait(run, this.#worker?.owns(run) === true, signal);
    },
    get: (run) => this.get(run),
    cancel: (run, options) => this.cancel(run, options),
    changes: (run, signal) => this.#changes.of(run, signal),
  };

  /** A run that the worker has, it tells the end of by itself. */
  #hearEnded(run: string): void {
    if (this.#worker?.owns(run) !== true) this.#ends.lookAt(run);
  }

  #checkOpen(): void {
    if (this.#closed !== null) throw new ColdframeError("CF3104", "create another one");
  }
}

/** @throws ColdframeError CF2301 */
function turnOf(owner: string, at: number | undefined): number | undefined {
  if (at === undefined || (Number.isSafeInteger(at) && at !== 0)) return at;
  throw wrongOption(owner, "at", at, "the number of a turn, or negative for parks before the present one");
}
