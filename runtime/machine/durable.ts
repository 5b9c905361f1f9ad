/**
 * The data of the machine: promises, tasks and reactions. Plain fields only, no behaviour, so that the snapshot
 * can read and rebuild every one of them.
 */
import type { Code, Frame } from "../../abi/index.ts";
import type { Run } from "./run.ts";

export const PENDING = 0;
export const FULFILLED = 1;
export const REJECTED = 2;
export type State = typeof PENDING | typeof FULFILLED | typeof REJECTED;

/**
 * A promise of marked code (ECMA-262 §27.2), and with `code` set a task: the running body of an async function,
 * which is the promise that its call returned. One shape for all, so that the job loop stays monomorphic.
 */
export class Durable {
  state: State = PENDING;
  value: unknown = undefined;
  /** Who is told when it settles, in order of subscription. Undefined: nobody. */
  reactions: undefined | Reaction | Reaction[] = undefined;
  /** [[PromiseIsHandled]] */
  handled = false;
  run: Run;
  code: Code | null;
  /** Suspend point at which the task waits; 0 before the first. */
  ip = 0;
  frame: Frame | null = null;
  /** Set on promises that something outside the run settles. */
  wait: Wait | null = null;

  constructor(run: Run, code: Code | null) {
    this.run = run;
    this.code = code;
  }
}

/** What an external await waits for. The engine stores it; the machine only carries it. */
export type Wait =
  | { readonly kind: "step"; readonly id: number; readonly step: string; readonly args: string; readonly at: string }
  | { readonly kind: "timer"; readonly id: number; readonly due: number; readonly at: string }
  | { readonly kind: "event"; readonly id: number; readonly key: string; readonly due: number | null; readonly at: string }
  | { readonly kind: "child"; readonly id: number; readonly run: string; readonly at: string };

export type Reaction = Durable | Then | Adopt | Element | NativeReaction;

/** `p.then(onFulfilled, onRejected)`; `target` is the derived promise. Handlers undefined: identity or thrower. */
export class Then {
  onFulfilled: ((value: never) => unknown) | undefined;
  onRejected: ((reason: never) => unknown) | undefined;
  target: Durable | null;
  constructor(
    onFulfilled: ((value: never) => unknown) | undefined,
    onRejected: ((reason: never) => unknown) | undefined,
    target: Durable | null,
  ) {
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
  /** Elements that have not settled, plus one while the iterable is still read. */
  remaining: number;
  values: unknown[];
  target: Durable;
  constructor(kind: Group["kind"], target: Durable) {
    this.kind = kind;
    this.remaining = 1;
    this.values = [];
    this.target = target;
  }
}

/** Handlers of unmarked code. Not savable: an external await whose outcome ends here is refused. */
export class NativeReaction {
  onFulfilled: ((value: never) => unknown) | undefined;
  onRejected: ((reason: never) => unknown) | undefined;
  constructor(
    onFulfilled: ((value: never) => unknown) | undefined,
    onRejected: ((reason: never) => unknown) | undefined,
  ) {
    this.onFulfilled = onFulfilled;
    this.onRejected = onRejected;
  }
}
