/**
 * The store port: what the engine asks of a database, in terms of turns, never of rows.
 *
 * States of a run:
 *
 * | status      | meaning                                                              | leaves it by                  |
 * |-------------|----------------------------------------------------------------------|-------------------------------|
 * | `active`    | runs, or is parked; claimable when `due` has come and nobody owns it  | a turn                        |
 * | `blocked`   | cannot go on; untouched, `reason` says why                            | an arrival, cancel, `unblock` |
 * | `suspended` | somebody wants it to stand still; what arrives for it waits          | `resume`, the end by force    |
 * | `done`, `failed`, `cancelled` | ended; the result or error is kept               | never                         |
 *
 * Rules that every store keeps and `test/stores` checks:
 *
 * - A write carries a fence: worker and epoch. The epoch is raised by each claim, so a worker that lost its run
 *   can record nothing. A fenced write fails alone; the other writes of the same call are committed.
 * - A turn carries its number. The same turn committed twice (the answer was lost) passes twice and counts once.
 * - An event and the deadline of its wait, two events with one id, two outcomes of one step: decided once, in a transaction.
 * - Time in the arguments and answers is milliseconds since 1970 on the store's own clock, the only clock for leases.
 */
import type {
  Acquiring,
  Arrival,
  Attempt,
  Blocked,
  BuildRecord,
  Chunk,
  ChunkChange,
  CodeRecord,
  Copy,
  CopyOutcome,
  Feed,
  Following,
  JournalLine,
  Mending,
  Placement,
  RunEnd,
  ScheduleRow,
  StoreOptions,
  Stranded,
  Subscription,
  WaitInfo,
  WorkerInfo,
} from "./records.ts";

export type {
  Acquiring,
  Arrival,
  Attempt,
  Blocked,
  BuildRecord,
  Chunk,
  ChunkChange,
  CodeRecord,
  Copy,
  CopyOutcome,
  Feed,
  Following,
  JournalLine,
  Mending,
  Placement,
  RunEnd,
  ScheduleRow,
  StoreOptions,
  Stranded,
  Subscription,
  WaitInfo,
  WorkerInfo,
} from "./records.ts";
export { runOfKey, SYSTEM_GROUP } from "./records.ts";

/** `asked`: somebody wants the run cancelled. `under way`: its awaits were told, and that is in the snapshot. */
export type CancelState = "no" | "asked" | "under way";

export type RunStatus = "active" | "blocked" | "suspended" | "done" | "failed" | "cancelled";

/** Who writes. `epoch` is the run's fencing number at the claim. */
export interface Fence {
  readonly run: string;
  readonly worker: string;
  readonly epoch: number;
}

/** The group of a run, and of a worker, of which nothing else is said. */
export const DEFAULT_GROUP = "default";
/** So long a worker has for a due run that was left to it, in ms: it may live and not come, since it is closing, full or hangs. */
export const BOUND_FOR = 30_000;

export interface NewRun {
  readonly id: string;
  /** `module#name` of the started function. */
  readonly entry: string;
  /** The call, encoded: `[function, ...arguments]`. */
  readonly call: string;
  /** Generated event keys derive from it. Never shown. */
  readonly secret: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Higher first, with regard to how long others have been waiting: fairness.ts. */
  readonly priority: number;
  /** Only workers of this group claim it. */
  readonly group: string;
  /** The run that started it, or null. */
  readonly parent: string | null;
  /** It begins when fewer than `max` runs with this key have begun and not ended; in the order in which they were started. */
  readonly limit: { readonly key: string; readonly max: number } | null;
  /** What is recorded as its limit, for those who begin it anew; left out: `limit`. */
  readonly limited?: NewRun["limit"];
  /** How many of its parks are kept when they are over: `ALL_PARKS`, or 0 and left out: none. */
  readonly history?: number;
  /** Id of the build that begins it: recorded when it is inserted as claimed. Default: none. */
  readonly build?: string;
}

/** The code that a run is in. */
export interface RunBuild {
  /** Id of the build that ran it last, or null: none has yet. */
  readonly build: string | null;
  /**
   * Only a worker that holds this build, or has this id, claims it; null: any. The same as `build`: it stays with the code that
   * ran it last.
   */
  readonly bound: string | null;
}

/** More than any run has. */
export const ALL_PARKS = 2 ** 31 - 1;

/** One turn of a run: everything that changes, in one transaction. */
export interface Turn extends Fence {
  readonly kind: "turn";
  /** Number of this turn: one more than the last. */
  readonly turn: number;
  /** Null when the run ended. */
  readonly snapshot: string | null;
  /** JSON of `WaitInfo[]`, written by the engine. */
  readonly waits: string;
  /** When the run wants to be claimed, if nothing arrives before: 0 at once, null never. Only used when released. */
  readonly due: number | null;
  /** False gives the run back, so that any worker may claim it. */
  readonly keep: boolean;
  /** The group that the run belongs to from now on, or null: the same as before. Also when the run is kept. */
  readonly group: string | null;
  /** The code that it is in from now on, or null: the same as before. Also when the run is kept, or has ended. */
  readonly build: RunBuild | null;
  /** Event waits that are new with this turn. The store answers with arrivals for those whose event is already there. */
  readonly subscribe: readonly Subscription[];
  /** Event waits that were dropped. An event that came for one meanwhile is somebody else's. */
  readonly unsubscribe: readonly Pick<Subscription, "wait" | "key">[];
  readonly feeds: readonly Feed[];
  /** Waits whose recorded arrivals or attempts are now part of the snapshot, or are of no more use. */
  readonly consumed: readonly number[];
  /** Child runs to start; an existing id is taken as started. */
  readonly starts: readonly NewRun[];
  readonly sends: readonly NewEvent[];
  /** Waits that are new with this turn, for ends of other runs. The store answers with arrivals for those that have ended. */
  readonly follow: readonly Following[];
  /** Other runs to cancel. */
  readonly cancels: readonly string[];
  /** Lock waits that are new with this turn. The store answers with arrivals for those that got a place. */
  readonly acquire: readonly Acquiring[];
  /** Lock waits of this or other runs, granted or not, that are given up. */
  readonly release: readonly { readonly run: string; readonly wait: number; readonly key: string }[];
  readonly codes: readonly CodeRecord[];
  /**
   * Chunks that the snapshot refers to from now on, and those that it does not any more; null: the same as before. The end of a
   * run drops all of its chunks. A chunk to which no run refers is gone with the transaction that dropped it.
   */
  readonly chunks: ChunkChange | null;
  /** The park that ends with this turn is kept, and so many in all; 0: none. */
  readonly history: number;
  readonly end: RunEnd | null;
  /** The cancel that was asked for has been thrown into the run. */
  readonly cancelled: boolean;
  /** What was under way when earlier workers died with the run has ended: those deaths do not count any more (poison.ts). */
  readonly survived: boolean;
  /** Set: the run becomes `blocked` once this turn is recorded, and is given back. */
  readonly blocked: Blocked | null;
  /** The run's `news` that this worker has seen. Differs from the row: the run is kept, and the answer carries all open arrivals. */
  readonly news: number;
}

export interface Release {
  readonly due: number | null;
  readonly blocked: Blocked | null;
  /** What it is bound to from now on, or null: the same as before. */
  readonly bound: string | null;
}

/** Facts about a run between two turns, so that a redo finds them. */
export interface Note extends Fence {
  readonly kind: "note";
  /** Outcomes to record. For an event wait this is its deadline: its subscription is removed with it. The first recorded wins. */
  readonly arrivals: readonly (Arrival & { readonly key?: string })[];
  readonly attempts: readonly Attempt[];
  /** Set: the run is given back untouched, due at this time; with `blocked`, as blocked. */
  readonly release: Release | null;
  readonly news: number;
}

export type Write = Turn | Note;

/** A run as it was saved by one turn. */
export interface Park {
  /** Number of the turn. */
  readonly turn: number;
  /** When it was saved. */
  readonly saved: number;
  readonly snapshot: string;
  readonly waits: readonly WaitInfo[];
  readonly holdings: Holdings;
}

/** What a run has beside its snapshot: what it takes until it gives it back, and where it belongs. */
export interface Holdings {
  /** `under way`: its awaits had been told of the cancel. */
  readonly cancel: CancelState;
  /** Null of parks that an older schema kept. */
  readonly group: string | null;
  /** Of locks, those that outlive the run left out; also the ones that it stands in line for. */
  readonly places: readonly { readonly wait: number; readonly key: string; readonly max: number }[];
  readonly feeds: readonly Feed[];
}

/** A turn that a person writes, without owning the run. */
export interface Overruling {
  /** `epoch` and `turn` are those that the run had, and one more, when this was decided. */
  readonly turn: Turn;
  readonly line: Omit<JournalLine, "time" | "turn">;
  /** Set: what goes on from there is neither blocked nor, but for this, being cancelled. Null: both stay. */
  readonly cancel: "no" | "under way" | null;
}

export type WriteOutcome =
  | {
      readonly passed: true;
      /** Arrivals that this worker has not seen: empty unless `news` differs. */
      readonly arrivals: readonly Arrival[];
      readonly news: number;
      /** Among what it has not seen is the wish to cancel the run. */
      readonly cancel: boolean;
      /** Somebody wants the run to stand still. Only told when `news` differs. */
      readonly suspend: boolean;
      /** Steps that were held and are to be tried again. Only told when `news` differs. */
      readonly retry: readonly number[];
    }
  /** Another worker owns the run, or it ended. Nothing was written; drop it. */
  | { readonly passed: false; readonly fenced: true; readonly error: null }
  /** This write could not be written (too large, a constraint). The others of the call were. */
  | { readonly passed: false; readonly fenced: false; readonly error: Error };

/** A step of a run that the worker owns, whose outcome is to be recorded. */
export interface StepFence extends Fence {
  readonly wait: number;
}

export type TransactOutcome =
  /** All was committed together. `before`: it had been, and the function was not called. */
  | { readonly kind: "recorded"; readonly arrival: Arrival; readonly before: boolean }
  /** Another worker owns the run, or it ended. Nothing was written; drop it. */
  | { readonly kind: "fenced" }
  /** The function threw, or the database refused what it did: nothing of it is there. */
  | { readonly kind: "threw"; readonly error: unknown };

/** What can be done in a transaction of somebody else. It is there for all others when that is committed. */
export interface TransactionPort {
  /** Inserts runs, owned by nobody. */
  start(runs: readonly NewRun[]): Promise<readonly StartOutcome[]>;
  send(event: NewEvent): Promise<SendOutcome>;
}

export interface NewEvent {
  readonly key: string;
  /** Encoded payload. */
  readonly payload: string;
  /** The same key and id twice is one event. */
  readonly id: string;
  /** The run that handed out the key, when the key says so. */
  readonly run: string | null;
}

/**
 * `delivered`: a wait got it. `kept`: nobody waits yet, it is in the mailbox. `duplicate`: this id was sent before.
 * `late`: the run of this key has ended. `unknown`: there is no such run.
 */
export type SendStatus = "delivered" | "kept" | "duplicate" | "late" | "unknown";

export interface SendOutcome {
  readonly status: SendStatus;
  /** The run that got it, or null. */
  readonly run: string | null;
}

/** A run that this worker owns now, with all it takes to carry on. */
export interface Claimed extends RunBuild {
  readonly id: string;
  readonly entry: string;
  readonly epoch: number;
  readonly turn: number;
  readonly call: string;
  readonly secret: string;
  readonly priority: number;
  readonly group: string;
  /** Null before the first turn. */
  readonly snapshot: string | null;
  readonly waits: string;
  /** All that the snapshot refers to. */
  readonly chunks: readonly Chunk[];
  readonly arrivals: readonly Arrival[];
  readonly attempts: readonly Attempt[];
  readonly news: number;
  readonly cancel: CancelState;
  /** Workers that died with it since it last came further. */
  readonly deaths: number;
  /** How many of its parks are kept. */
  readonly history: number;
}

export interface RunRow extends RunBuild {
  readonly id: string;
  readonly entry: string;
  readonly status: RunStatus;
  readonly tags: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly group: string;
  readonly turn: number;
  readonly epoch: number;
  /** The worker that owns it at the moment, or null. */
  readonly worker: string | null;
  readonly created: number;
  readonly updated: number;
  /** When it may be claimed, or since when; null: not by time. Of no meaning while a worker owns it. */
  readonly due: number | null;
  readonly cancel: CancelState;
  /** Why it is blocked, or null. */
  readonly blocked: Blocked | null;
  /** Steps that failed for good and are held for a person. */
  readonly held: number;
  /** The run that started it, or null. */
  readonly parent: string | null;
}

export interface RunDetail extends RunRow {
  readonly call: string;
  /** Never shown. */
  readonly secret: string;
  readonly snapshot: string | null;
  readonly waits: readonly WaitInfo[];
  readonly attempts: readonly Attempt[];
  readonly end: RunEnd | null;
  /** How many of its parks are kept. */
  readonly history: number;
  /** Under which it was started. A clone has none. */
  readonly limit: NewRun["limit"];
}

export interface RunFilter {
  readonly status?: RunStatus;
  readonly entry?: string;
  readonly group?: string;
  /** All of these tags. */
  readonly tags?: Readonly<Record<string, string>>;
  /** At most so many. Default 100. */
  readonly limit?: number;
  /** Runs that come after this one in the list: the last id of the page before. */
  readonly after?: string;
}

/** A schedule as it is to be, and what it starts by that. */
export interface ScheduleChange {
  readonly row: ScheduleRow;
  /** The version that this was decided upon; null: there was none. Any other, and nothing is changed. */
  readonly seen: string | null;
  /** A run that exists is taken as started. */
  readonly starts: readonly NewRun[];
  /** While this run has not ended, nothing is started and `last` is this run. */
  readonly unless: string | null;
  /** A run to cancel when it has not ended. */
  readonly cancel: string | null;
}

export interface StartOutcome {
  readonly id: string;
  /** False: there was a run of this id already, and it is untouched. */
  readonly created: boolean;
  /** Set when it was inserted claimed by the worker that started it. */
  readonly claimed: boolean;
}

/** A hint that something changed. Hints may be lost or doubled: the safety poll is what makes things right. */
export type Hint =
  | { readonly kind: "ready" }
  /** A schedule was set up or changed. */
  | { readonly kind: "schedule" }
  /** Some other process wrote something. */
  | { readonly kind: "others" }
  | { readonly kind: "run"; readonly run: string }
  | { readonly kind: "ended"; readonly run: string };

export interface Store {
  /**
   * Lease of workers, and how often to look for what no hint told, in ms, unless the engine's options say otherwise: for a
   * database where each question costs others something.
   */
  readonly pace?: { readonly lease: number; readonly poll: number };

  /**
   * The time on the store's clock as it is known here, in ms since 1970: due times are meant by it, and the clock of this machine may
   * be wrong. Left out by a store whose clock is that of this machine.
   */
  readonly now?: (() => number) | undefined;

  /**
   * Which part of the store has a run: writes for one part can fail while those for another do not, so they are handed over apart.
   * Left out by a store that is all of one piece.
   */
  readonly partOf?: ((run: string) => number) | undefined;

  /** Creates or upgrades the schema. Called once by the engine before anything else. CF30xx when the database is not fit. */
  migrate(options?: StoreOptions): Promise<void>;

  /** Inserts runs. With `worker`, inserted as claimed by it (epoch 1). */
  start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]>;

  /**
   * Takes up to `limit` due runs of the placement for the worker, in the order of `rankOf` (fairness.ts), and raises their
   * epochs. First gives back the runs of workers whose lease has ended. Takes nothing when the worker's own lease has ended.
   * Suspects (poison.ts) are taken alone, by a worker without runs. What becomes due at once (`due` 0, an arrival, an owner
   * that is gone) is due since that moment, so that its age counts from there.
   */
  claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]>;

  /**
   * Registers the worker (`first`) or prolongs its lease; its builds are those told last. False: the lease had ended, all its
   * runs are lost; take a new id. An ended lease is never renewed.
   */
  renew(worker: WorkerInfo, first: boolean): Promise<boolean>;

  /** Gives back the runs of this worker but those that it knows of: of a claim or start it may have had no answer. Locks no others. */
  disown(worker: string, known: readonly string[]): Promise<void>;

  /** Commits the writes of many runs in as few transactions as possible. One outcome per write, in order. Resolves when durable. */
  commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]>;

  /**
   * Calls a function with a transaction, and records the arrival that it answers with in the same one: what it wrote and the
   * outcome of the step are durable together, or neither is. Left out by a store that cannot.
   *
   * 1. An arrival that is recorded for the wait already is the outcome: the function is not called. So whoever got no answer to a
   *    commit calls again.
   * 2. Begin; call the function with the transaction, in the form in which users of this database know one.
   * 3. When it throws, roll back. Else check the fence under a lock of the run, record the arrival, commit. The run need not be
   *    locked before: what another owner did meanwhile shows then, and a lock for as long as the function takes would stop the
   *    group commits of this worker.
   *
   * The transaction cannot be used after the function has settled: CF3108. Rejects when it is not known what became of it.
   */
  readonly transact?:
    | ((step: StepFence, body: (tx: unknown) => Promise<Arrival>) => Promise<TransactOutcome>)
    | undefined;

  /**
   * Starts runs and sends events in a transaction of the user's, on this database. Left out by a store that cannot.
   * @throws ColdframeError CF3110 when it is none
   */
  readonly within?: ((tx: unknown) => TransactionPort) | undefined;

  /** Delivers or keeps an event. Resolves when durable. */
  send(event: NewEvent): Promise<SendOutcome>;

  /**
   * Asks to cancel a run; wakes it, also from being suspended. False: it has ended or does not exist.
   * @param force set: it ends at once, whatever it is doing, with this value
   */
  cancel(run: string, force: string | null): Promise<boolean>;

  /** Makes a run stand still: its owner gives it back, and nobody claims it. False: it is suspended, has ended, or does not exist. */
  suspend(run: string): Promise<boolean>;

  /** Ends that. False: it is not suspended. */
  resume(run: string): Promise<boolean>;

  /** Carries out what a person decided about a held step. False: no step of this wait is held. */
  mend(run: string, wait: number, mending: Mending): Promise<boolean>;

  /** Starts a run in the state that another one was last saved in, or in what the copy says instead. */
  clone(from: string, copy: Copy): Promise<CopyOutcome>;

  /**
   * Starts a run that is parked already, as its first turn says. With a limit it is due once it has a place. False: there is a run of
   * this id, and it is untouched.
   * @param parked `turn` is 1 and `epoch` 0; `worker` and `keep` are of no meaning; what it starts is inserted before the run
   */
  fork(run: NewRun, parked: Overruling): Promise<boolean>;

  /**
   * Writes a turn in place of the owner, whoever that is: the epoch is raised, and the run is due. A suspended run stays so.
   * False: the run has ended, or has another epoch or turn by now, and nothing was changed.
   */
  overrule(overruling: Overruling): Promise<boolean>;

  /**
   * Removes runs that ended before a time, and events taken before it, up to `limit` of each.
   * @returns runs removed
   */
  collect(before: number, limit: number): Promise<number>;

  /**
   * Takes one of the places that `key` has over time (generic cell rate algorithm, ITU-T I.371): one per `interval` ms,
   * with up to `burst` at once.
   * @returns the time from which it may be used
   */
  reserve(key: string, interval: number, burst: number): Promise<number>;

  /** Inserts or changes a schedule and starts runs, in one transaction. False: it was changed by somebody else meanwhile. */
  schedule(change: ScheduleChange): Promise<boolean>;

  /** Removes a schedule. False: there is none. */
  unschedule(id: string): Promise<boolean>;

  /**
   * Makes a blocked run due again (new code was deployed). False: it is not blocked.
   * @param worker only this one claims it, unless it is bound to a build; null: as it was
   */
  unblock(run: string, worker: string | null): Promise<boolean>;

  /** Records what builds contain, those that are not known yet. */
  announce(builds: readonly BuildRecord[]): Promise<void>;

  /**
   * Sees to due runs that no live worker can claim: none that serves their group and entry holds, or is, what they are bound to; and
   * to those that their worker has not claimed for `BOUND_FOR`. Those that are to stay with their build are blocked, needing
   * their entry; others are bound to nothing any more.
   * @param reason why, with `{build}` for the build
   * @returns those that were blocked, up to 1,000 in one call
   */
  strand(reason: string): Promise<readonly Stranded[]>;

  /**
   * Milliseconds until there may be something to claim for this worker: the next unowned run of the placement is due, or the
   * lease of another worker ends unless it is renewed. 0 when there is now, null when there never is by time alone.
   */
  due(worker: string, placement: Placement): Promise<number | null>;

  /** Owned runs of this worker for which something arrived since their last write. The same may be told again. */
  news(worker: string): Promise<readonly News[]>;

  /** Calls back with hints, from this and, where the store can, other processes, until the returned function is called. */
  watch(listener: (hint: Hint) => void): () => void;

  readonly read: {
    run(id: string): Promise<RunDetail | null>;
    runs(filter: RunFilter): Promise<readonly RunRow[]>;
    /** How many runs there are of each status. */
    counts(): Promise<Readonly<Record<RunStatus, number>>>;
    /** How many runs are blocked, by the first word of the reason: the code of the error. */
    reasons(): Promise<Readonly<Record<string, number>>>;
    codes(): Promise<readonly CodeRecord[]>;
    /** What the snapshot of a run refers to. With a turn: what that of a kept park does, and perhaps more. */
    chunks(run: string, turn?: number): Promise<readonly Chunk[]>;
    /** Kept parks, newest first: up to `limit`, or the one of a turn. The present park is none of them. */
    history(
      run: string,
      which: { readonly limit: number } | { readonly turn: number },
    ): Promise<readonly Park[]>;
    /** What the run has now. Null: there is none of this id. */
    holdings(run: string): Promise<Holdings | null>;
    /** Oldest first. */
    journal(run: string): Promise<readonly JournalLine[]>;
    builds(): Promise<readonly BuildRecord[]>;
    /** `module#name` of the schema that the next event for this key has to fit; null when it is not known. */
    schemaOf(key: string): Promise<string | null>;
    schedule(id: string): Promise<ScheduleRow | null>;
    /** Up to `limit` schedules that are due at a time, the oldest first; null: all that there are. */
    schedules(due: number | null, limit: number): Promise<readonly ScheduleRow[]>;
    /** When the first schedule fires; null: none does by itself. */
    nextSchedule(): Promise<number | null>;
    /** Ids of workers whose lease has not ended. */
    workers(): Promise<readonly (WorkerInfo & { readonly until: number })[]>;
  };

  /** Gives up the worker: its runs become claimable at once. */
  retire(worker: string): Promise<void>;
  close(): Promise<void>;
}

/** What an owned run's worker has not seen yet. */
export interface News {
  readonly run: string;
  readonly news: number;
  readonly arrivals: readonly Arrival[];
  readonly cancel: CancelState;
  readonly suspend: boolean;
  readonly retry: readonly number[];
}
