/** The data of the store in memory: what would be tables. */
import type {
  Acquiring,
  Arrival,
  Attempt,
  Blocked,
  CancelState,
  Feed,
  Hint,
  JournalLine,
  NewEvent,
  NewRun,
  Park,
  RunEnd,
  RunStatus,
  ScheduleRow,
  WorkerInfo,
} from "../../runtime/engine/store.ts";

/** A run with all that belongs to it. */
export interface Record {
  readonly n: number;
  readonly id: string;
  readonly entry: string;
  readonly call: string;
  readonly secret: string;
  readonly tags: Readonly<{ [name: string]: string }>;
  readonly priority: number;
  group: string;
  build: string | null;
  bound: string | null;
  readonly parent: string | null;
  readonly created: number;
  status: RunStatus;
  blocked: Blocked | null;
  epoch: number;
  turn: number;
  /** Counts what others recorded for this run. */
  news: number;
  /** `news` as of the owner's last write. */
  seen: number;
  worker: string | null;
  due: number | null;
  cancel: CancelState;
  deaths: number;
  updated: number;
  snapshot: string | null;
  waits: string;
  end: RunEnd | null;
  readonly arrivals: Map<number, Arrival>;
  readonly attempts: Map<number, Attempt>;
  /** Names of the chunks that the snapshot refers to. */
  readonly chunks: Set<string>;
  /** How many parks are kept, and those that are, the oldest first. */
  readonly keep: number;
  readonly limit: NewRun["limit"];
  readonly parks: Park[];
  /** Chunks that only kept parks refer to: up to which turn, by name. */
  readonly pastChunks: Map<string, number>;
  readonly journal: JournalLine[];
  /** Events among the arrivals. */
  readonly taken: Map<number, KeptEvent>;
  /** Names in `sent` of the events that were for this run: gone with it. */
  readonly sent: string[];
  /** Runs that wait for its end. */
  readonly followers: Follower[];
  /** Runs that have not ended, among whose followers it is. */
  readonly follows: Set<Record>;
}

/** `n`: the order in which events were sent. */
export type KeptEvent = NewEvent & { readonly n: number };

export interface Follower {
  readonly run: Record;
  readonly wait: number;
  readonly attached: boolean;
}

/** One in the line of a lock. */
export interface Place extends Acquiring {
  readonly run: Record;
  held: boolean;
}

export interface Database {
  now: () => number;
  readonly runs: Map<string, Record>;
  readonly workers: Map<string, WorkerInfo & { until: number }>;
  /** Waits for events by key, oldest run first. */
  readonly subscriptions: Map<
    string,
    { readonly run: Record; readonly wait: number; readonly schema: string | null }[]
  >;
  /** Runs that get copies of events, by key. */
  readonly feeds: Map<string, (Feed & { readonly run: Record })[]>;
  /** Events that nobody took yet, by key, in order of arrival. */
  readonly mailbox: Map<string, KeptEvent[]>;
  /** Keys and ids of all events sent, but those for runs that are gone. */
  readonly sent: Set<string>;
  readonly codes: Map<string, string>;
  readonly builds: Map<string, string>;
  /** By name: the content, and how many refer to it: runs, and the pasts of runs. */
  readonly chunks: Map<string, { readonly body: string | Uint8Array; runs: number }>;
  readonly schedules: Map<string, ScheduleRow>;
  /** Lines of locks by key, in the order in which places were asked for. */
  readonly places: Map<string, Place[]>;
  /** When the next place of a rate is free, by key. */
  readonly rates: Map<string, number>;
  /** What stands for tables of users. */
  readonly values: Map<string, unknown>;
  /** Runs ever inserted, and events ever sent. */
  count: number;
  posted: number;
  readonly listeners: Set<(hint: Hint) => void>;
}

export function emptyDatabase(): Database {
  return {
    now: () => Date.now(),
    runs: new Map(),
    workers: new Map(),
    subscriptions: new Map(),
    feeds: new Map(),
    mailbox: new Map(),
    sent: new Set(),
    codes: new Map(),
    builds: new Map(),
    chunks: new Map(),
    schedules: new Map(),
    places: new Map(),
    rates: new Map(),
    values: new Map(),
    count: 0,
    posted: 0,
    listeners: new Set(),
  };
}
