/**
 * A run that this worker owns: what is decided, what arrived, what is under way. Data only; `turn.ts` advances it.
 *
 * | phase        | meaning                                                        |
 * |--------------|----------------------------------------------------------------|
 * | `open`       | jobs may run, a turn may begin                                 |
 * | `committing` | its turn is being written; what arrives waits in the inbox     |
 * | `closed`     | it ended, was given back, or was lost: nothing of it counts    |
 */
import { type Durable, type Effect, type Run, WaitTable } from "../machine/index.ts";
import { type ChunkSet, chunkSetOf } from "../snapshot/index.ts";
import type { RunCode, Way } from "./builds.ts";
import { Cancelled } from "./signals.ts";
import type { Arrival, Attempt, Blocked, Claimed, WaitInfo } from "./store.ts";

/** A step that is being executed. */
export interface Flight {
  /** Tells it to stop. */
  abort(reason: unknown): void;
}

/** A step that was asked for, with its arguments as they were at the call. */
export interface StepIntent {
  /** Of its wait. */
  readonly id: number;
  readonly step: string;
  readonly args: string;
}

export class Activation {
  readonly id: string;
  readonly entry: string;
  readonly call: string;
  readonly secret: string;
  /** What it belongs to as of the last commit. */
  group: string;
  /** The code that it goes on in. */
  code: RunCode = null;
  /** What else may carry it on, should that not fit; best first. */
  ways: readonly Way[] = [];
  /** What is recorded of its code. */
  build: string | null;
  bound: string | null;
  readonly epoch: number;
  /** How many of its parks are kept. */
  readonly history: number;
  turn: number;
  news: number;
  cancel: "no" | "asked" | "under way";
  /** Workers that died with it since it last came further. */
  deaths: number;
  /** Steps that were under way when it was claimed, while that matters. */
  readonly trials: ReadonlySet<number>;

  phase: "open" | "committing" | "closed" = "open";
  /** The decoded run; null while only its snapshot is kept. */
  run: Run | null = null;
  snapshot: string | null;
  /** What the snapshot refers to: kept for the next one, and for the case that the run has to be decoded again. */
  chunks: ChunkSet;
  /** Waits as of the last commit. */
  waits = new WaitTable<WaitInfo>();
  /** What arrived and was not delivered yet, in order. */
  inbox: Arrival[] = [];
  /** What was delivered since the last commit. */
  readonly delivered = new WaitTable<Arrival>();
  /** Waits with rows of their own in the store, to be removed when they are consumed. */
  readonly recorded = new Set<number>();
  /** Rejections that nobody had handled when the machine told of them. */
  readonly unhandled: Durable[] = [];
  readonly flights = new WaitTable<Flight>();
  readonly attempts = new WaitTable<Attempt>();
  /** Takes back the timers of this run. */
  readonly timers = new WaitTable<() => void>();
  /** Steps that wait for an attempt of theirs to be due. */
  readonly retries = new WaitTable<StepIntent>();
  /** What jobs have done to others since the last commit. */
  effects: Exclude<Effect, { readonly kind: "abort" }>[] = [];
  /** Runs that this one started, to be told of its cancel. */
  told: string[] = [];
  /** It belongs to workers of another group since the last commit: nothing new is begun for it here. */
  leaving = false;
  /** Somebody wants it to stand still. */
  suspended = false;
  /** Steps that it asked for were not begun, since it was to stand still or to leave. */
  postponed = false;
  /** It was decoded from its snapshot since it was woken last. */
  restored = false;
  /** Jobs have run since the last commit. */
  dirty = false;
  /** Jobs are being run by the engine, which looks at the run when they are done. */
  draining = false;
  /** When each wait that is not committed yet was first seen, in ms. */
  readonly fresh = new WaitTable<number>();
  /** Whether it is known who waits for the fresh waits. */
  looked: "no" | "looking" | "yes" = "no";
  /** What is known of other versions of its code was read once more since it was claimed. */
  reread = false;
  /** The run could not be saved, and was told so, since the last commit. */
  refused = false;
  /** Why a step cannot begin here: its code is not loaded, or its arguments are not of this code. */
  missing: Blocked | null = null;
  holdTimer: (() => void) | null = null;
  noteTimer: (() => void) | null = null;
  graceTimer: (() => void) | null = null;
  graceOver = false;

  constructor(claimed: Claimed) {
    this.id = claimed.id;
    this.entry = claimed.entry;
    this.call = claimed.call;
    this.secret = claimed.secret;
    this.group = claimed.group;
    this.build = claimed.build;
    this.bound = claimed.bound;
    this.epoch = claimed.epoch;
    this.history = claimed.history;
    this.turn = claimed.turn;
    this.news = claimed.news;
    this.cancel = claimed.cancel;
    this.snapshot = claimed.snapshot;
    this.chunks = chunkSetOf(claimed.chunks);
    if (claimed.waits !== "[]") {
      for (const wait of JSON.parse(claimed.waits) as WaitInfo[]) this.waits.set(wait.id, wait);
    }
    this.deaths = claimed.deaths;
    this.trials = new Set(
      claimed.deaths === 0 ? [] : [...this.waits.values()].filter(isStep).map(({ id }) => id),
    );
    for (const attempt of claimed.attempts) {
      this.attempts.set(attempt.wait, attempt);
      this.recorded.add(attempt.wait);
    }
    this.receive(claimed.arrivals, true);
  }

  /**
   * Puts arrivals that are new into the inbox. `recorded`: the store has them too. A step that still waits for the answer to the commit
   * of its outcome has it by that: asked again once the run has consumed the outcome, the store would not know of it.
   */
  receive(arrivals: readonly Arrival[], recorded: boolean): void {
    for (const arrival of arrivals) {
      if (recorded) this.recorded.add(arrival.wait);
      if (this.flights.has(arrival.wait)) this.abandon(arrival.wait);
      this.arrive(arrival);
    }
  }

  /** Puts an arrival into the inbox, unless its wait was settled before. */
  arrive(arrival: Arrival): void {
    const { wait } = arrival;
    if (this.delivered.has(wait)) return;
    for (let i = 0; i < this.inbox.length; i++) if (this.inbox[i]!.wait === wait) return;
    this.inbox.push(arrival);
  }

  /** A step whose outcome was decided otherwise is told to stop. */
  abandon(wait: number): void {
    this.flights.get(wait)?.abort(new Cancelled());
    this.flights.delete(wait);
    this.retries.delete(wait);
  }

  /** Nothing of it counts any more: jobs are dropped, steps under way are told to stop. */
  close(why: string): void {
    if (this.run !== null) this.run.ended = true;
    if (this.flights.size > 0) {
      const reason = new Cancelled(why);
      for (const flight of this.flights.values()) flight.abort(reason);
      this.flights.clear();
    }
    this.release();
  }

  /** The run goes on elsewhere, or here as another activation. */
  release(): void {
    this.phase = "closed";
    for (const take of this.timers.values()) take();
    this.timers.clear();
    this.holdTimer?.();
    this.noteTimer?.();
    this.graceTimer?.();
  }
}

function isStep({ kind }: WaitInfo): boolean {
  return kind === "step";
}
