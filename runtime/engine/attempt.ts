/** One attempt of a step: its body is called with a context, under a time limit. */
import { ColdframeError } from "../errors.ts";
import { machine, registry } from "../machine/index.ts";
import type { Clock } from "./clock.ts";
import type { Policy } from "./retry.ts";
import { conform } from "./schema.ts";
import { TimeoutError } from "./signals.ts";
import type { Store } from "./store.ts";
import { noteStray } from "./strays.ts";

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
  /** What the last attempt told of its progress before it failed or its worker was lost; undefined when it told nothing. */
  readonly progress: unknown;
  /**
   * Says that the attempt is getting on. With a time for heartbeats in the step's options, the next one has to come within it.
   * @param progress replaces what was told before: people see it, the next attempt gets it. Copied, and written to the store
   *   about once a second
   * @throws ColdframeError CF2101 when it cannot be saved
   */
  readonly heartbeat: (progress?: unknown) => void;
}

let current: StepContext | null = null;

/** Whether a worker has executed steps in this process. */
let worked = false;

/**
 * The context of the step that is being called. To be called before the body's first `await`: there is no way to
 * know later, without cost for all other code, which of the steps under way asks. In a program of which nothing was
 * compiled, as in unit tests of steps, it answers with a context of its own, of a first attempt.
 * @throws ColdframeError CF2306 elsewhere
 */
export function stepContext(): StepContext {
  if (current !== null) return current;
  if (!worked && machine.run === null && !hasCompiledCode()) return new FreeAttempt();
  throw new ColdframeError(
    "CF2306",
    "stepContext() was called outside of a step, or after its first await. Call it at the top of the step's body and keep the result",
  );
}

function hasCompiledCode(): boolean {
  for (const id of registry.modules.keys()) if (!/^coldframe(\/|$)/.test(id)) return true;
  return false;
}

// Compiled steps that are called outside any run.
registry.callFreely = (step, self, args) => {
  noteCall(step.name);
  return withAttempt(new FreeAttempt(), () => Reflect.apply(step, self, args));
};

/** A step is called outside of any run, unless another step or a marked function calls it. */
export function noteCall(step: string): void {
  if (current === null && machine.run === null) noteStray(step);
}

/** Whether what is being called is the body of a transactional step, before its first await. */
export function isInTransaction(): boolean {
  return current !== null && (current as Attempt).transactional;
}

/** The store of the worker that calls the current step: for steps of our own. */
export function attemptStore(): Store {
  return (stepContext() as Attempt).store!;
}

/** Calls `body` so that `stepContext()` is that of the attempt until its first await. */
export function withAttempt<T>(attempt: Attempt, body: () => T): T {
  const outer = current;
  current = attempt;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** What an attempt is of, and what is known from before it. */
export interface AttemptInfo {
  readonly key: string;
  readonly attempt: number;
  readonly fence: number;
  /** Of the worker that makes it. */
  readonly store: Store | null;
  readonly progress: unknown;
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
  readonly progress: unknown;
  /** Its body has a transaction. */
  transactional = false;
  #controller: AbortController | null = null;
  #reason: unknown;
  #aborted = false;
  /** Begins the time for the next heartbeat anew. */
  #beat: (() => void) | null = null;

  constructor({ key, attempt, fence, store, progress }: AttemptInfo) {
    if (store !== null) worked = true;
    this.key = key;
    this.attempt = attempt;
    this.fence = fence;
    this.store = store;
    this.progress = progress;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Made when asked for, so that it works without its object. */
  get heartbeat(): (progress?: unknown) => void {
    return (progress) => {
      if (this.#aborted) return;
      if (progress !== undefined) this.told(progress);
      this.#beat?.();
    };
  }

  /** Keeps what the attempt told of its progress. */
  protected told(_progress: unknown): void {}

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /**
   * Calls `body(...args)`, checked and limited as the policy says.
   * @param left milliseconds that are left for all attempts together
   * @returns what it returns, or a promise of it
   * @throws what it throws at once
   */
  call(
    body: (...args: never[]) => unknown,
    args: never[],
    policy: Policy,
    clock: Clock,
    left: number,
    name = body.name,
  ): unknown {
    const { timeout, heartbeat, totalTimeout } = policy;
    const checked = policy.args !== null || policy.result !== null;
    const result = checked ? this.#checked(body, args, policy, name) : this.#plain(body, args);
    if (timeout === null && heartbeat === null && totalTimeout === null) return result;
    return this.#limited(Promise.resolve(result), policy, clock, left);
  }

  #plain(body: (...args: never[]) => unknown, args: never[]): unknown {
    return withAttempt(this, () => body(...args));
  }

  async #checked(
    body: (...args: never[]) => unknown,
    args: never[],
    policy: Policy,
    name: string,
  ): Promise<unknown> {
    const given =
      policy.args === null ? args : await conform(policy.args, args, `arguments of step "${name}"`);
    const result = await this.#plain(body, given as never[]);
    return policy.result === null ? result : conform(policy.result, result, `result of step "${name}"`);
  }

  #limited(
    promise: Promise<unknown>,
    { timeout, totalTimeout, heartbeat }: Policy,
    clock: Clock,
    left: number,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timers: unknown[] = [];
      const limit = (ms: number, message: string) =>
        clock.setTimeout(() => {
          const error = new TimeoutError(message);
          this.abort(error);
          reject(error);
        }, ms);
      if (timeout !== null && timeout <= left)
        timers.push(limit(timeout, `the attempt took longer than ${timeout} ms`));
      else if (totalTimeout !== null)
        timers.push(limit(left, `all attempts together took longer than ${totalTimeout} ms`));
      if (heartbeat !== null) {
        this.#beat = () => {
          clock.clearTimeout(timers[HEARTBEAT]);
          timers[HEARTBEAT] = limit(heartbeat, `the attempt gave no heartbeat for ${heartbeat} ms`);
        };
        this.#beat();
      }
      const end = () => {
        this.#beat = null;
        for (const timer of timers) clock.clearTimeout(timer);
      };
      promise.then(resolve, reject).finally(end);
    });
  }
}

/** Its place in the list of timers. */
const HEARTBEAT = 1;

let calls = 0;

/** One outside any run. */
export class FreeAttempt extends Attempt {
  #told: unknown;

  /** @param last the attempt before it */
  constructor(last: FreeAttempt | null = null) {
    super({
      key: last?.key ?? `local/${++calls}`,
      attempt: (last?.attempt ?? 0) + 1,
      fence: 0,
      store: null,
      progress: last === null ? undefined : last.#told,
    });
    this.#told = this.progress;
  }

  protected override told(progress: unknown): void {
    this.#told = structuredClone(progress);
  }
}
