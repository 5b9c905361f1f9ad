/** Rows as they are between loading and writing, and what a database has to do for a batch. */
import type {
  Arrival,
  Attempt,
  CancelState,
  Chunk,
  JournalLine,
  NewRun,
  RunEnd,
  RunStatus,
} from "../../runtime/engine/store.ts";

/** A run, locked by this transaction. */
export interface RunRecord {
  readonly n: number;
  readonly id: string;
  group: string;
  status: RunStatus;
  due: number | null;
  /** Number of the owner. */
  worker: number | null;
  epoch: number;
  news: number;
  told: boolean;
  cancel: CancelState;
  reason: string | null;
  needs: string | null;
  deaths: number;
  build: string | null;
  bound: string | null;
  turn: number;
}

/** Inserted with this transaction. */
export interface NewRecord {
  readonly run: NewRun;
  readonly record: RunRecord;
}

/** A turn's row. It is written only where the row is still of this epoch and the turn before. */
export interface StateRecord {
  readonly n: number;
  readonly epoch: number;
  readonly turn: number;
  readonly body: string;
}

export interface EventRecord {
  /** Null: it is new, and gets one when it is written. */
  seq: number | null;
  readonly key: string;
  readonly id: string;
  payload: string | null;
  readonly run: string | null;
  /** Number of the run that took it, or null. */
  taken: number | null;
}

export interface ArrivalRecord extends Arrival {
  readonly n: number;
  /** The event that it is, or null. */
  readonly event: EventRecord | null;
}

export interface AttemptRecord extends Attempt {
  readonly n: number;
}

export interface SubscriptionRecord {
  readonly key: string;
  readonly n: number;
  readonly wait: number;
  readonly schema: string | null;
}

export interface FeedRecord {
  readonly key: string;
  readonly n: number;
  readonly target: string;
  readonly once: boolean;
}

export interface PlaceRecord {
  /** Null: it is new. */
  readonly seq: number | null;
  readonly key: string;
  readonly n: number;
  readonly wait: number;
  readonly max: number;
  readonly loose: boolean;
  readonly value: string;
  held: boolean;
}

export interface FollowerRecord {
  /** The run that is waited for. */
  readonly run: number;
  readonly n: number;
  readonly wait: number;
  readonly attached: boolean;
}

export interface WaitOfRun {
  readonly n: number;
  readonly wait: number;
}

/** What the batch needs to know of an event key. */
export interface KeyNeed {
  /** Ids of events about to be sent. */
  readonly sent: Set<string>;
  /** How many waits may be served. */
  subscribers: number;
  /** How many kept events may be taken. */
  kept: number;
}

/** What is known of an event key. Lists begin at the front; `more`: there may be others behind. */
export interface KeyState {
  /** Ids that were looked for, and those that were there. */
  readonly asked: Set<string>;
  readonly sent: Set<string>;
  readonly subscribers: SubscriptionRecord[];
  moreSubscribers: boolean;
  readonly kept: EventRecord[];
  moreKept: boolean;
  readonly feeds: FeedRecord[];
  /** Events of users' transactions come before those about to be sent, and are not carried out yet. Known of one key, at least. */
  posted: boolean;
}

/** The line of a lock. */
export interface LineState {
  taken: number;
  readonly waiting: PlaceRecord[];
  more: boolean;
}

/** What goes with a run when it ends. */
export interface Belongings {
  readonly followers: WaitOfRun[];
  /** Runs that end with it. */
  readonly attached: number[];
  /** Places that end with it. */
  readonly places: { readonly wait: number; readonly key: string; readonly held: boolean }[];
  readonly chunks: string[];
  /** How many of its parks are kept. */
  keep: number;
}

/** What has to go for one more park of a run to be kept. */
export interface Past {
  /** Parks up to this turn; null: none. */
  readonly last: number | null;
  /** Chunks that only those refer to. */
  readonly chunks: readonly string[];
}

/** What is known of the waits of a run. */
export interface Openings {
  readonly arrivals: readonly ArrivalRecord[];
  readonly attempts: readonly AttemptRecord[];
}

/** All that a batch changes. Deletions come before insertions. */
export class Changes {
  readonly states = new Map<number, StateRecord>();
  readonly runs = new Set<RunRecord>();
  readonly created: NewRecord[] = [];
  readonly ends: { readonly n: number; readonly id: string; readonly end: RunEnd }[] = [];
  readonly droppedArrivals: WaitOfRun[] = [];
  readonly arrivals = new Set<ArrivalRecord>();
  readonly droppedAttempts: WaitOfRun[] = [];
  readonly attempts = new Map<string, AttemptRecord>();
  readonly unsubscribed: Pick<SubscriptionRecord, "key" | "n" | "wait">[] = [];
  readonly subscriptions = new Set<SubscriptionRecord>();
  readonly droppedFeeds: Pick<FeedRecord, "key" | "n" | "target">[] = [];
  /** Those that only want the next event. */
  readonly droppedOnce: Pick<FeedRecord, "n" | "target">[] = [];
  readonly feeds: FeedRecord[] = [];
  readonly events: EventRecord[] = [];
  /** Events that were in the database before. */
  readonly changedEvents = new Set<EventRecord>();
  readonly droppedPlaces: WaitOfRun[] = [];
  readonly places = new Set<PlaceRecord>();
  readonly granted: PlaceRecord[] = [];
  /** Nobody follows these runs any more. */
  readonly unfollowed: number[] = [];
  readonly followers = new Set<FollowerRecord>();
  readonly chunks = new Map<string, Chunk>();
  readonly droppedReferences: { readonly n: number; readonly hash: string }[] = [];
  readonly references: { readonly n: number; readonly hash: string }[] = [];
  readonly codes = new Map<string, string>();
  /** Runs whose present park is kept. */
  readonly parks: number[] = [];
  readonly droppedParks: { readonly n: number; readonly turn: number }[] = [];
  /** Chunks that the present park does not refer to any more, but kept ones do, up to a turn. */
  readonly pastChunks: { readonly n: number; readonly hash: string; readonly until: number }[] = [];
  readonly droppedPastChunks: { readonly n: number; readonly hash: string }[] = [];
  /** Runs whose epoch is raised, once all else is written. */
  readonly overruled: number[] = [];
  /** Of runs that are started under one. */
  readonly limits: { readonly n: number; readonly key: string; readonly max: number }[] = [];
  readonly journal: (Omit<JournalLine, "time"> & { readonly n: number })[] = [];
}

/** What was asked for in a transaction of a user's, and is done once that is committed. */
export interface PostRecord {
  readonly seq: number;
  /** `line`: a run stands in line. `start`: runs are there. */
  readonly kind: "event" | "line" | "start";
  /** Key of the event, or of the limit. */
  readonly name: string | null;
  /** Of the event. */
  readonly id: string | null;
  /** Payload of the event; of a start what the server's own folder wants to know. */
  readonly body: string | null;
  readonly run: string | null;
  readonly max: number | null;
}

/** What a database does for one batch, within one transaction. Locks last until its end. */
export interface Tables {
  /** Milliseconds since 1970 on the database's clock. */
  readonly now: number;
  /** Numbers of runs by their ids. */
  numbers(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Numbers for new runs. */
  allocate(count: number): Promise<readonly number[]>;
  /** Locks names, which are sorted. False: not all could be had at once, and `wait` was not wanted. */
  lockKeys(keys: readonly string[], wait: boolean): Promise<boolean>;
  /** Locks runs, sorted by number. Those that do not exist, or could not be had without a wait, are left out. */
  lockRuns(runs: readonly number[], wait: boolean): Promise<readonly RunRecord[]>;
  keys(needs: ReadonlyMap<string, KeyNeed>): Promise<ReadonlyMap<string, KeyState>>;
  /** @param needs how many of those who wait in each line are wanted */
  lines(needs: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, LineState>>;
  /** Where these waits stand in line. */
  places(waits: readonly WaitOfRun[]): Promise<readonly PlaceRecord[]>;
  belongings(runs: readonly number[]): Promise<ReadonlyMap<number, Belongings>>;
  openings(runs: readonly number[]): Promise<ReadonlyMap<number, Openings>>;
  /** Ends of runs that have ended. */
  outcomes(runs: readonly number[]): Promise<ReadonlyMap<number, RunEnd>>;
  /** @param keep how many parks of each run are to be kept */
  pasts(keep: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, Past>>;
  /** Waits of runs as JSON. */
  waits(runs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Removes these from the outbox. False: others are at it; with `wait`, they were. */
  takePosts(posts: readonly PostRecord[], wait: boolean): Promise<boolean>;
  /** Writes all. False: something is not as it was loaded, nothing may be kept. */
  write(changes: Changes): Promise<boolean>;
}
