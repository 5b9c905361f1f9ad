/** When a failed step is tried again, and when it has failed for good. */
import { checkOptions, wrongOption } from "../errors.ts";
import { type Duration, milliseconds } from "./duration.ts";
import { checkCount } from "./options.ts";
import { isMisfit, isSchema, type StandardSchema } from "./schema.ts";
import { FatalError, RetryableError } from "./signals.ts";

/** A class of errors, as `catch` would tell them apart with `instanceof`. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

export interface RetryPolicy {
  /** Attempts in all, the first included. Default 1: what a step throws is thrown into the run. */
  readonly attempts: number;
  /** The longest wait before the second attempt. Default 1 s. */
  readonly interval?: Duration;
  /** How much longer each further wait may be. Default 2. */
  readonly factor?: number;
  /** The longest wait of all. Default 5 minutes. */
  readonly maxInterval?: Duration;
  /** Errors of these classes are not tried again, as `FatalError` never is. */
  readonly except?: readonly ErrorClass[];
}

export interface StepOptions {
  /** A number of attempts, or a policy. */
  readonly retry?: number | RetryPolicy;
  /** The time that one attempt may take. Then its signal is aborted, and it counts as failed with `TimeoutError`. */
  readonly timeout?: Duration;
  /**
   * The time from the call in which it has to have succeeded, all attempts and the waits between them included. No attempt
   * begins after it, the one under way is aborted with `TimeoutError`.
   */
  readonly totalTimeout?: Duration;
  /** An attempt that calls `stepContext().heartbeat()` less often than this counts as failed with `TimeoutError`. */
  readonly heartbeat?: Duration;
  /**
   * What follows when it has failed for good. `throw`, the default: the error is thrown at the await. `hold`: the run stays
   * parked there until a person decides with `engine.retry`, `resolve` or `reject`.
   */
  readonly onFailure?: "throw" | "hold";
  /**
   * What follows when the worker was lost during an attempt, so that nobody knows what it did. `repeat`, the default: it is
   * made again. `hold`: the run stays parked until a person decides. Costs a commit before each attempt.
   */
  readonly onUnknown?: "repeat" | "hold";
  /** Standard Schema of the list of arguments. What it makes of them is what the body gets. */
  readonly args?: StandardSchema<readonly unknown[]>;
  /** Standard Schema of the result. What it makes of it is what the run gets. */
  readonly result?: StandardSchema;
  /**
   * How many calls of this step may be under way, over all runs and workers of a store, from call to outcome; the
   * others wait in line. Costs a commit before each call.
   */
  readonly concurrency?: number;
}

/** Options with their defaults, in milliseconds. */
export interface Policy {
  readonly attempts: number;
  readonly interval: number;
  readonly factor: number;
  readonly maxInterval: number;
  readonly except: readonly ErrorClass[];
  readonly timeout: number | null;
  readonly totalTimeout: number | null;
  readonly heartbeat: number | null;
  readonly onFailure: "throw" | "hold";
  readonly onUnknown: "repeat" | "hold";
  readonly args: StandardSchema<readonly unknown[]> | null;
  readonly result: StandardSchema | null;
  readonly concurrency: number | null;
}

const DEFAULT: Policy = {
  attempts: 1,
  interval: 1000,
  factor: 2,
  maxInterval: 300_000,
  except: [],
  timeout: null,
  totalTimeout: null,
  heartbeat: null,
  onFailure: "throw",
  onUnknown: "repeat",
  args: null,
  result: null,
  concurrency: null,
};

const OPTIONS = [
  "retry",
  "timeout",
  "totalTimeout",
  "heartbeat",
  "onFailure",
  "onUnknown",
  "args",
  "result",
  "concurrency",
];

/** @throws ColdframeError CF2301, CF2302 */
export function policyOf(name: string, options: unknown): Policy {
  if (options === undefined || options === null) return DEFAULT;
  const owner = name === "" ? "step()" : `step "${name}"`;
  if (typeof options !== "object") throw wrongOption(owner, "options", options, "an object");
  checkOptions(owner, options, OPTIONS);
  const {
    onFailure = "throw",
    onUnknown = "repeat",
    args = null,
    result = null,
    concurrency = null,
    ...given
  } = options as StepOptions;
  if (onFailure !== "throw" && onFailure !== "hold")
    throw wrongOption(owner, "onFailure", onFailure, '"throw" or "hold"');
  if (onUnknown !== "repeat" && onUnknown !== "hold")
    throw wrongOption(owner, "onUnknown", onUnknown, '"repeat" or "hold"');
  for (const [option, schema] of Object.entries({ args, result }))
    if (schema !== null && !isSchema(schema)) throw wrongOption(owner, option, schema, "a Standard Schema");
  if (concurrency !== null) checkCount(owner, "concurrency", concurrency, 1);
  return {
    ...retryOf(owner, given.retry),
    timeout: optional(given.timeout),
    totalTimeout: optional(given.totalTimeout),
    heartbeat: optional(given.heartbeat),
    ...{ onFailure, onUnknown, args, result, concurrency },
  };
}

function retryOf(owner: string, retry: StepOptions["retry"] = 1) {
  const policy = typeof retry === "number" ? { attempts: retry } : retry;
  checkOptions(`${owner}, retry`, policy, ["attempts", "interval", "factor", "maxInterval", "except"]);
  const { attempts, interval, factor = DEFAULT.factor, maxInterval, except = [] } = policy;
  checkCount(owner, "retry.attempts", attempts, 1);
  if (typeof factor !== "number" || !(factor >= 1))
    throw wrongOption(owner, "retry.factor", factor, "a number of at least 1");
  if (!Array.isArray(except) || except.some((known) => typeof known !== "function"))
    throw wrongOption(owner, "retry.except", except, "a list of error classes");
  return {
    attempts,
    interval: optional(interval) ?? DEFAULT.interval,
    factor,
    maxInterval: optional(maxInterval) ?? DEFAULT.maxInterval,
    except,
  };
}

function optional(duration: Duration | undefined): number | null {
  return duration === undefined ? null : milliseconds(duration);
}

/**
 * How long to wait before the next attempt: exponential backoff with full jitter (Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015), so that many failed at once do not come back at once.
 * @param made attempts made so far; @param random in [0, 1); @param left milliseconds of the time for all attempts
 * @returns milliseconds, or null when it has failed for good
 */
export function backoff(
  policy: Policy,
  made: number,
  error: unknown,
  random: number,
  left: number,
): number | null {
  if (made >= policy.attempts || error instanceof FatalError || isMisfit(error)) return null;
  if (policy.except.some((known) => error instanceof known)) return null;
  const ceiling = Math.min(policy.maxInterval, policy.interval * policy.factor ** (made - 1));
  const jittered = Math.ceil(random * ceiling);
  const wait =
    error instanceof RetryableError && error.retryAfter !== null
      ? Math.max(error.retryAfter, jittered)
      : jittered;
  return wait < left ? wait : null;
}
