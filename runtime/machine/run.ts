/**
 * A run, and the machine's only mutable state: which run is current, who has the top, who is to get it.
 *
 * A run's job queue is flat, `(reaction, value, threw)` three entries a job, read at `head` and written at `tail`. It is
 * empty whenever no drain is on the stack, but for the free run and paused runs.
 */
import type { Durable, NativeWait } from "./durable.ts";
import type { Step } from "./registry.ts";

/** What the engine plugs into a run. None of it is called while a job of the run is on the stack, but `callStep` and `now`. */
export interface Host {
  /** A step called in the run: takes its arguments down (they are copies) and returns `external(run, wait)`. */
  callStep(run: Run, step: Step, args: unknown[]): Durable;
  /**
   * The queue has run empty: no task can go on by itself. With `run.pendingNative > 0` promises of unmarked code
   * are pending and will enter the run again when they settle.
   */
  onQuiescent(run: Run): void;
  /**
   * `promise` is rejected and nobody had handled it when the queue ran empty (HostPromiseRejectionTracker). Once for
   * each. Somebody who can still reach it may handle it later (`promise.handled`): whether anyone can, the host decides.
   */
  onUnhandledRejection(run: Run, promise: Durable): void;
  /** Milliseconds since 1970. */
  now(): number;
}

export class Run {
  readonly id: string;
  /** Null: the free run, of calls outside any run. */
  readonly host: Host | null;
  readonly free: boolean;
  /** Never shortened while jobs come and go: an array set to length 0 would be allocated anew for the next. */
  jobs: unknown[] = [];
  head = 0;
  tail = 0;
  /** The task of the function that was started. */
  root: Durable | null = null;
  /** Pending external waits by their id. */
  waits = new Map<number, Durable>();
  /** Pending promises of unmarked code, and who waits for them. */
  natives = new Set<NativeWait>();
  /** Rejected promises that nobody has handled so far. */
  rejections = new Set<Durable>();
  /** Next id to hand out to a wait or key; the snapshot keeps it. */
  nextId = 1;
  /** Jobs of an ended run are dropped. */
  ended = false;
  /** Set by the host while it must not go on: jobs stay queued until `drain(run)` after it was unset. */
  paused = false;
  draining = false;

  /** @param host null only for the free run */
  constructor(id: string, host: Host | null) {
    this.id = id;
    this.host = host;
    this.free = host === null;
  }

  get pendingNative(): number {
    return this.natives.size;
  }

  /** Nothing can go on and every pending await is external: it may be saved exactly. */
  get quiescent(): boolean {
    return this.head === this.tail && this.natives.size === 0;
  }
}

/** A call that entered a run from outside: `$begin` makes it, `$end` of the same task leaves again. */
export interface Entry {
  readonly task: Durable;
  readonly run: Run | null;
  readonly top: Durable | null;
  readonly next: unknown;
  readonly entry: Entry | null;
}

interface Machine {
  /** The current run: its jobs are being drained, or a call entered it. */
  run: Run | null;
  /** Below this task nothing on the JavaScript stack would do anything before the next job. */
  top: Durable | null;
  /** The callee to which the top is handed: the next `$begin`, if it is that function's. */
  next: unknown;
  entry: Entry | null;
  /** `drain` of loop.ts. Here, because draining leads to resolving functions, and they lead to draining. */
  drain: (run: Run) => void;
}

export const machine: Machine = { run: null, top: null, next: null, entry: null, drain: () => {} };

/**
 * The run of marked functions called outside any run. One for all such calls: its promises behave as native ones do,
 * may be shared freely, and each of its jobs is a native microtask, so that it has nothing of its own to keep apart.
 */
export const freeRun: Run = new Run("", null);

/** Calls `body` in `run`, then drains the run unless that is under way below on the stack. */
export function inRun<T>(run: Run, body: () => T): T {
  const { run: outer, top, next, entry } = machine;
  machine.run = run;
  machine.top = machine.next = machine.entry = null;
  try {
    return body();
  } finally {
    machine.run = outer;
    machine.top = top;
    machine.next = next;
    machine.entry = entry;
    machine.drain(run);
  }
}
