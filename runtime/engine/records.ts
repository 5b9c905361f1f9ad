/** Records of the store port (store.ts) that stand for themselves: what waits, what arrives, what large values and ends are. */

/**
 * The group of runs that are a store's own affair (stores/sharded). They are runs like others, but lists and counts leave them out,
 * unless this group is asked for.
 */
export const SYSTEM_GROUP = "~";

/** The run that made this key with `event()`, or null: it does not look so. */
export function runOfKey(key: string): string | null {
  return /^[0-9a-f]{32}\.\d+\.(.+)$/s.exec(key)?.[1] ?? null;
}

/** What settles a wait: decided, and recorded once. `value` is encoded by the snapshot's codec. */
export interface Arrival {
  readonly wait: number;
  readonly threw: boolean;
  readonly value: string;
}

/** What is known of the attempts of a step that has no outcome yet. */
export interface Attempt {
  readonly wait: number;
  /** Attempts made so far. */
  readonly made: number;
  /** When the next one may start. Null: it is held, a person decides (`mend`). */
  readonly due: number | null;
  /** Message of the last failure; empty: none failed. */
  readonly error: string;
  /** From when the time for all attempts counts, null: from the call. Set by `mend`. */
  readonly since: number | null;
  /** Epoch of the owner that has begun another attempt; null: none, or it does not matter. */
  readonly begun: number | null;
  /** What the last attempt told of its progress, encoded; null: nothing. */
  readonly progress: string | null;
}

/** An event wait that the store has to match with events. */
export interface Subscription {
  readonly wait: number;
  readonly key: string;
  /** `module#name` of the schema that the payload has to fit, or null. */
  readonly schema?: string | null;
}

/**
 * Events for `key` are copied to the key `to` of the run, from which it takes them like any others: the next one, all that
 * follow, or none any more. An event that was copied and that nobody else waits for is not kept.
 */
export interface Feed {
  readonly key: string;
  readonly to: string;
  readonly which: "next" | "all" | "none";
}

/** A wait for the end of another run. */
export interface Following {
  readonly wait: number;
  readonly run: string;
  /** That run is cancelled when this one ends before it. */
  readonly attached: boolean;
}

/** A wait for one of the `max` places of a lock. The place is the run's until it releases it or ends. */
export interface Acquiring {
  readonly wait: number;
  readonly key: string;
  readonly max: number;
  /** The place outlives the run, until somebody releases it. */
  readonly loose: boolean;
  /** What arrives with the place, encoded. */
  readonly value: string;
}

/** What a person decides about a step that is held. */
export type Mending =
  | { readonly kind: "retry" }
  | { readonly kind: "settle"; readonly threw: boolean; readonly value: string };

/** What a parked run waits for, as people read it. */
export interface WaitInfo {
  readonly id: number;
  readonly kind: "step" | "timer" | "event" | "child" | "lock";
  /** Step id, event key, other run, or key of a lock. */
  readonly name: string;
  /** Deadline, or null. */
  readonly due: number | null;
  readonly since: number;
  /** `file:line` in the author's source. */
  readonly at: string;
}

/** The list of points and slots of one function, kept once per code hash. */
export interface CodeRecord {
  /** Code id and hash, `module#path@hash`. */
  readonly key: string;
  /** JSON of the function's points, slots and fingerprints. */
  readonly body: string;
}

/** A part of a large value, named by its content. Many runs may refer to it. Texts are parts of JSON: no lone surrogates, no NUL. */
export interface Chunk {
  readonly hash: string;
  readonly body: string | Uint8Array;
}

/** What a snapshot refers to that the one before did not, and the other way round. */
export interface ChunkChange {
  readonly added: readonly Chunk[];
  readonly dropped: readonly string[];
}

/** Why a run cannot go on. */
export interface Blocked {
  /** For people: what is missing, and what to do. */
  readonly reason: string;
  /** Id of the function or step that a worker must have loaded to carry it on, or null. */
  readonly needs: string | null;
}

export interface RunEnd {
  readonly status: "done" | "failed" | "cancelled";
  /** Result or error, encoded. */
  readonly value: string;
  /** Nothing of the run, which has no history, is kept: not even that it was there. Default: it is, until `collect`. */
  readonly forgotten?: boolean;
}

/** Runs started by the clock. */
export interface ScheduleRow {
  readonly id: string;
  /** Another one with each change. */
  readonly version: string;
  /** JSON, written and read by the engine. */
  readonly spec: string;
  /** When it fires next; null: not by itself. */
  readonly next: number | null;
  readonly paused: boolean;
  /** The run that it started last, or null. */
  readonly last: string | null;
}

/** Which due runs a worker takes. */
export interface Placement {
  /** Of these groups; null: of any. */
  readonly groups: readonly string[] | null;
  /** Of these entries; null: of any. */
  readonly only: readonly string[] | null;
  /** Not of these entries, whose code the worker lacks. */
  readonly except: readonly string[];
  /** Of those that are bound to a build: of these. Null: of any. */
  readonly builds: readonly string[] | null;
}

export interface WorkerInfo {
  readonly id: string;
  /** Lease in milliseconds. */
  readonly lease: number;
  /** Free text for people: host, process. */
  readonly about: string;
  /** Builds whose runs it carries on; the first is the code that it has loaded. */
  readonly builds: readonly string[];
  /** Groups that it serves; null: all. */
  readonly groups: readonly string[] | null;
  /** Entries that it serves; null: all. */
  readonly only: readonly string[] | null;
}

/** What a build contains: recorded once. */
export interface BuildRecord {
  readonly id: string;
  /** JSON, written and read by the engine. */
  readonly body: string;
}

/** A run that was blocked because nobody holds the build that it is bound to. */
export interface Stranded {
  readonly id: string;
  readonly entry: string;
  readonly turn: number;
  readonly build: string;
}

export interface StoreOptions {
  /** Replaces the store's clock, in milliseconds since 1970: for tests with virtual time. */
  readonly now?: () => number;
  /** Told of what fails where there is no caller: in what a store does by itself. */
  readonly log?: (entry: {
    readonly level: "info" | "warn";
    readonly message: string;
    readonly error?: unknown;
  }) => void;
}

/** What a person did to a run, kept as long as it is. */
export interface JournalLine {
  readonly time: number;
  /** The turn that it made. */
  readonly turn: number;
  readonly what: "fork" | "rewind" | "edit";
  /** Who says to have done it. */
  readonly by: string;
  /** JSON, written and read by the engine. */
  readonly detail: string;
}

/** A run that begins where another one was last saved. */
export interface Copy {
  readonly id: string;
  readonly secret: string;
  /** Number of the turn that saved the other one; 0: none has. */
  readonly turn: number;
  /** What it begins with; null: with all that was saved. */
  readonly state: { readonly waits: string; readonly snapshot: string } | null;
}

/**
 * `none`: there is nothing to copy, `ended`: it has ended, `exists`: there is a run of the new id, `changed`: it was saved by another
 * turn.
 */
export type CopyOutcome = "cloned" | "none" | "ended" | "exists" | "changed";
