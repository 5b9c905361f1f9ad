/** One attempt of a step: its body is called with a context, under a time limit. */
import { ColdframeError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Policy } from "./retry.ts";
import { TimeoutError } from "./signals.ts";

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

/**
 * Calls `body` and waits for it.
 * @param controller its signal goes into the context, and is aborted when the time is over
 * @throws what the body throws, or `TimeoutError`
 */
export async function attemptStep(
  body: () => unknown,
  context: StepContext,
  controller: AbortController,
  policy: Policy,
  clock: Clock,
): Promise<unknown> {
  const outer = current;
  current = context;
  let result: unknown;
  try {
    result = body();
  } finally {
    current = outer;
  }
  if (policy.timeout === null) return result;
  return limited(Promise.resolve(result), controller, policy.timeout, clock);
}

function limited(
  promise: Promise<unknown>,
  controller: AbortController,
  ms: number,
  clock: Clock,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      const error = new TimeoutError(`the attempt took longer than ${ms} ms`);
      controller.abort(error);
      reject(error);
    }, ms);
    promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
