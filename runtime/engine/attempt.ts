/** One attempt of a step: its body is called with a context, under a time limit. */
import { ColdframeError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Policy } from "./retry.ts";
import { TimeoutError } from "./signals.ts";
import type { Store } from "./store.ts";

/** What a step can know about itself. */
export interface StepContext {
  /** The same in every attempt and after every crash, different for every call: hand it on as idempotency key. */
  readonly key: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the attempt's time is over, or its worker has lost the run. */
  readonly signal: AbortSignal;
  /** Grows each time that the run changes hands: a system that remembers the highest can refuse a worker that was replaced. */
  readonly fence: number;
}

let current: StepContext | null = null;

/**
 * The context of the step that is being called. To be called before the body's first `await`: there is no way to
 * know later, without cost for all other code, which of the steps under way asks.
 * @throws ColdframeError CF2306 elsewhere
 */
export function stepContext(): StepContext {
  if (current !== null) return current;
  throw new ColdframeError(
    "CF2306",
    "stepContext() was called outside of a step, or after its first await. Call it at the top of the step's body and keep the result",
  );
}

/** The store of the worker that calls the current step: for steps of our own. */
export function attemptStore(): Store {
  return (stepContext() as Attempt).store!;
}

/**
 * One attempt: the context that its body may ask for, and how it is stopped. The abort controller is made when somebody
 * wants its signal; making one costs as much as all else that an attempt needs.
 */
export class Attempt implements StepContext {
  readonly key: string;
  readonly attempt: number;
  readonly fence: number;
  readonly store: Store | null;
  #controller: AbortController | null = null;
  #reason: unknown;
  #aborted = false;

  constructor(key: string, attempt: number, fence: number, store: Store | null = null) {
    this.key = key;
    this.attempt = attempt;
    this.fence = fence;
    this.store = store;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /**
   * Calls `body(...args)`.
   * @returns what it returns; within the policy's time, or a promise that rejects with `TimeoutError`
   * @throws what it throws at once
   */
  call(body: (...args: never[]) => unknown, args: never[], policy: Policy, clock: Clock): unknown {
    const outer = current;
    current = this;
    let result: unknown;
    try {
      result = body(...args);
    } finally {
      current = outer;
    }
    return policy.timeout === null ? result : this.#limited(Promise.resolve(result), policy.timeout, clock);
  }

  #limited(promise: Promise<unknown>, ms: number, clock: Clock): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        const error = new TimeoutError(`the attempt took longer than ${ms} ms`);
        this.abort(error);
        reject(error);
      }, ms);
      promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
    });
  }
}
