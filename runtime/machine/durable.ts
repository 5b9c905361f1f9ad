/**
 * The data of the machine: promises, tasks and reactions. Plain fields only, no behaviour, so that the snapshot
 * can read and rebuild every one of them. `then.ts` gives `Durable.prototype` its methods.
 */
import type { Code, Frame } from "../../abi/index.ts";
import type { Loaded, Step } from "./registry.ts";
import { WaitTable } from "./wait-table.ts";

export const PENDING = 0;
export const FULFILLED = 1;
export const REJECTED = 2;
export type State = typeof PENDING | typeof FULFILLED | typeof REJECTED;

// biome-ignore lint/suspicious/noExplicitAny: handlers are the user's; what they take is between them and the promise
export type Handler = (value: any) => unknown;

/** A function of which no more is known. */
export type Callable = (...args: never[]) => unknown;

/**
 * A promise of marked code (ECMA-262 §27.2), and with `code` set a task: the running body of an async function,
 * which is the promise that its call returned. One shape for all, so that the job loop stays monomorphic.
 */
export class Durable {
  declare state: State;
  declare value: unknown;
  /** Who is told when it settles, in order of subscription. Undefined: nobody. */
  declare reactions: undefined | Reaction | Reaction[];
  /** [[PromiseIsHandled]] */
  declare handled: boolean;
  declare run: Run;
  declare code: Code | null;
  /** Suspend point at which the task waits; 0 before the first. */
  declare ip: number;
  /** Dropped when the task settles. */
  declare frame: Frame | null;
  /** Set on promises that something outside the run settles, until it does. */
  declare wait: Wait | null;

  constructor(run: Run, code: Code | null) {
    this.state = PENDING;
    this.value = undefined;
    this.reactions = undefined;
    this.handled = false;
    this.run = run;
    this.code = code;
    this.ip = 0;
    this.frame = null;
    this.wait = null;
  }
}

/** What an external await waits for. The engine stores it; the machine only carries it. */
export type Wait =
  | StepWait
  | { readonly kind: "timer"; readonly id: number; readonly due: number; readonly at: string }
  | {
      readonly kind: "event";
      readonly id: number;
      readonly key: string;
      readonly due: number | null;
      readonly at: string;
      /** `module#name` of the schema of its payload, for the store. Never saved. */
      readonly schema?: string;
    }
  | {
      /** The end of another run. */
      readonly kind: "child";
      readonly id: number;
      readonly run: string;
      /** That run is cancelled when this one ends before it. */
      readonly attached: boolean;
      readonly at: string;
      /** What the host has to start with the next save; null later, and when that run is there already. Never saved. */
      readonly start: object | null;
    }
  | {
      /** One of the `max` places of a lock. Once granted, it is the run's until it is released. */
      readonly kind: "lock";
      readonly id: number;
      readonly key: string;
      readonly max: number;
      /** It outlives the run, until somebody releases it. */
      readonly loose: boolean;
      readonly at: string;
    };

/** What a run does to others. It takes place when the run is saved, in the same transaction. */
export type Effect =
  | { readonly kind: "send"; readonly key: string; readonly id: string; readonly payload: string }
  /** `run`: which one took the place; `key`: of the lock. */
  | { readonly kind: "release"; readonly run: string; readonly wait: number; readonly key: string }
  | { readonly kind: "cancel"; readonly run: string }
  /** Events for `key` are copied to the key `to`: the next one, all that follow, or none any more. */
  | {
      readonly kind: "feed";
      readonly key: string;
      readonly to: string;
      readonly which: "next" | "all" | "none";
    }
  /** Workers of this group carry the run on. */
  | { readonly kind: "move"; readonly group: string }
  /** At once: nobody waits for this step any more. */
  | { readonly kind: "abort"; readonly wait: number };

/** A step that was called. An object of a class, since these are made at every turn: see `TurnRecord` of the engine. */
export class StepWait {
  readonly kind = "step";
  readonly id: number;
  readonly step: string;
  readonly args: string;
  readonly at: string;
  constructor(id: number, step: string, args: string, at: string) {
    this.id = id;
    this.step = step;
    this.args = args;
    this.at = at;
  }
}

export type Reaction =
  | Durable
  | Then
  | Adopt
  | Element
  | Finally
  | Constant
  | Unwrap
  | Generating
  | NativeReaction
  | Mirror;

/** `p.then(onFulfilled, onRejected)`; `target` is the derived promise. Handlers undefined: identity or thrower. */
export class Then {
  onFulfilled: Handler | undefined;
  onRejected: Handler | undefined;
  target: Durable | null;
  constructor(onFulfilled: Handler | undefined, onRejected: Handler | undefined, target: Durable | null) {
    this.onFulfilled = onFulfilled;
    this.onRejected = onRejected;
    this.target = target;
  }
}

/** The promise it stands on settles `target` in a job of its own: the two resolving functions of a thenable job. */
export class Adopt {
  target: Durable;
  constructor(target: Durable) {
    this.target = target;
  }
}

/** `p.finally(onFinally)` */
export class Finally {
  onFinally: () => unknown;
  target: Durable;
  constructor(onFinally: () => unknown, target: Durable) {
    this.onFinally = onFinally;
    this.target = target;
  }
}

/** What `finally` does once its handler's promise is fulfilled: passes on the outcome that it held back. */
export class Constant {
  value: unknown;
  threw: boolean;
  target: Durable;
  constructor(value: unknown, threw: boolean, target: Durable) {
    this.value = value;
    this.threw = threw;
    this.target = target;
  }
}

/** An iteration that can be given up: see `Iteration`. */
export interface Closable {
  fail(): void;
}

/** A value of a sync iterator that `for await` reads: makes `{ value, done }` of it (ECMA-262 §27.1.6.4). */
export class Unwrap {
  /** Closed when the value rejects; null when it is to stay as it is. */
  iteration: Closable | null;
  done: boolean;
  target: Durable;
  constructor(iteration: Closable | null, done: boolean, target: Durable) {
    this.iteration = iteration;
    this.done = done;
    this.target = target;
  }
}

/**
 * An async generator awaits on its own account, between two pieces of its body (ECMA-262 §27.6.3.8): the operand of a `yield`, the
 * value of a `return()` at a yield, or that of a `return()` before it began or after it ended.
 */
export class Generating {
  phase: "yield" | "return" | "end";
  task: Durable;
  constructor(phase: Generating["phase"], task: Durable) {
    this.phase = phase;
    this.task = task;
  }
}

/** A call of `next`, `throw` or `return` of an async generator that is queued behind another. */
export class Request {
  mode: ResumeMode;
  value: unknown;
  promise: Durable;
  constructor(mode: ResumeMode, value: unknown, promise: Durable) {
    this.mode = mode;
    this.value = value;
    this.promise = promise;
  }
}

/** How a generator is carried on: its `next`, `throw` or `return` was called. */
export type ResumeMode = typeof NEXT | typeof THROW | typeof RETURN;
export const NEXT = 0;
export const THROW = 1;
export const RETURN = 2;

/** [[AsyncGeneratorState]] and [[AsyncGeneratorQueue]] (§27.6.2); in the field `value` of the task of an async generator. */
export class GeneratorQueue {
  state: "start" | "yield" | "running" | "draining" | "done" = "start";
  /** That of the request which is being answered. */
  promise: Durable | null = null;
  /** Those behind it. */
  requests: Request[] = [];
}

/** One element of a combinator (`Promise.all` and the like). */
export class Element {
  group: Group;
  index: number;
  constructor(group: Group, index: number) {
    this.group = group;
    this.index = index;
  }
}

/** The state that the element functions of one combinator call share. */
export class Group {
  kind: "all" | "allSettled" | "race" | "any";
  /** Elements that have not settled, plus one while the iterable is still read. 0: the group has settled. */
  remaining: number;
  values: unknown[];
  target: Durable;
  /**
   * Where its elements stand, for pruning when it settles early. Derived, never saved: after a restore, every
   * pending promise with an `Element` of this group among its reactions.
   */
  sources: (Durable | NativeWait)[];
  constructor(kind: Group["kind"], target: Durable) {
    this.kind = kind;
    this.remaining = 1;
    this.values = [];
    this.target = target;
    this.sources = [];
  }
}

/** Handlers of unmarked code. Not savable: an external await whose outcome ends here is refused. */
export class NativeReaction {
  onFulfilled: Handler | undefined;
  onRejected: Handler | undefined;
  /** Settles the native promise that `then` returned; null when nobody has it. */
  target: NativeCapability | null;
  constructor(
    onFulfilled: Handler | undefined,
    onRejected: Handler | undefined,
    target: NativeCapability | null,
  ) {
    this.onFulfilled = onFulfilled;
    this.onRejected = onRejected;
    this.target = target;
  }
}

/**
 * The native promise that a call from outside got instead of its task, which is not savable; or what a constructor of the author's made.
 * Settled together with it, without a job.
 */
export class Mirror {
  target: NativeCapability;
  /** The native one, when it is there. */
  promise: Promise<unknown> | null = null;
  constructor(target: NativeCapability) {
    this.target = target;
  }
}

export interface NativeCapability {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A promise or thenable of unmarked code that `reaction` waits for: a volatile await. In `run.natives` while it is
 * pending. A snapshot taken meanwhile records "rejects with Interrupted": the job `(reaction, error, true)`.
 */
export class NativeWait {
  run: Run;
  reaction: Reaction;
  constructor(run: Run, reaction: Reaction) {
    this.run = run;
    this.reaction = reaction;
  }
}

/** A job of its own that calls `then` of a thenable (ECMA-262 §27.2.2.2). Lives in the queue only, never saved. */
export class ThenableJob {
  target: Durable;
  thenable: object;
  then: Callable;
  constructor(target: Durable, thenable: object, then: Callable) {
    this.target = target;
    this.thenable = thenable;
    this.then = then;
  }
}

/** What two resolving functions share (ECMA-262 §27.2.1.3): the scope record of `coldframe#resolve` and `#reject`. */
export class Resolvers {
  promise: Durable | null = null;
  done = false;
}

/** What the two functions of one element share when a foreign `then` was given them: record of `coldframe#element`. */
export class ElementCall {
  element: Element | null = null;
  done = false;
}

/** What the engine plugs into a run. None of it is called while a job of the run is on the stack, but `callStep`, `effect` and `now`. */
export interface Host {
  /** A step called in the run: takes its arguments down (they are copies) and returns `external(run, wait)`. */
  callStep(run: Run, step: Step, args: unknown[]): Durable;
  /** How values of the run are encoded: options of the snapshot's writer. */
  readonly codec: object;
  /** Takes down what the run does to others. */
  effect(run: Run, effect: Effect): void;
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

/**
 * A run: its job queue, its root and what it waits for. The queue is flat, `(reaction, value, threw)` three entries a job, read at
 * `head` and written at `tail`. It is empty whenever no drain is on the stack, but for the free run and paused runs.
 */
export class Run {
  readonly id: string;
  /** Null: the free run, of calls outside any run. */
  readonly host: Host | null;
  readonly free: boolean;
  /** The code that it is in: of a kept build, or null, that of the process. */
  readonly code: Loaded | null;
  /** Never shortened while jobs come and go: an array set to length 0 would be allocated anew for the next. Empty queues go from run to run. */
  jobs: unknown[] = [];
  head = 0;
  tail = 0;
  /** The task of the function that was started. */
  root: Durable | null = null;
  /** Pending external waits by their id. */
  waits = new WaitTable<Durable>();
  /** Pending promises of unmarked code, and who waits for them. */
  natives = new Set<NativeWait>();
  /** Rejected promises that nobody has handled so far. */
  rejections = new Set<Durable>();
  /** Next id to hand out to a wait or key; the snapshot keeps it. */
  nextId = 1;
  /** How often the engine has told it of a cancel after the first time, since it had caught that and gone on; the snapshot keeps it. */
  swallowed = 0;
  /** Jobs of an ended run are dropped. */
  ended = false;
  /** Set by the host while it must not go on: jobs stay queued until `drain(run)` after it was unset. */
  paused = false;
  draining = false;

  /** @param host null only for the free run */
  constructor(id: string, host: Host | null, code: Loaded | null = null) {
    this.id = id;
    this.host = host;
    this.free = host === null;
    this.code = code;
  }

  get pendingNative(): number {
    return this.natives.size;
  }

  /** Nothing can go on and every pending await is external: it may be saved exactly. */
  get quiescent(): boolean {
    return this.head === this.tail && this.natives.size === 0;
  }
}
