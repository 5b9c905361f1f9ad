/** When a failed step is tried again, and when it has failed for good. */
import { type Duration, milliseconds } from "./duration.ts";
import { checkCount, checkOptions, wrongOption } from "./options.ts";
import { FatalError, RetryableError } from "./signals.ts";

export interface RetryPolicy {
  /** Attempts in all, the first included. Default 1: what a step throws is thrown into the run. */
  readonly attempts: number;
  /** The longest wait before the second attempt. Default 1 s. */
  readonly interval?: Duration;
  /** How much longer each further wait may be. Default 2. */
  readonly factor?: number;
  /** The longest wait of all. Default 5 minutes. */
  readonly maxInterval?: Duration;
}

export interface StepOptions {
  /** A number of attempts, or a policy. */
  readonly retry?: number | RetryPolicy;
  /** The time that one attempt may take. Then its signal is aborted, and it counts as failed with `TimeoutError`. */
  readonly timeout?: Duration;
  /**
   * What follows when it has failed for good. `throw`, the default: the error is thrown at the await. `hold`: the run stays
   * parked there until a person decides with `engine.retry`, `resolve` or `reject`.
   */
  readonly onFailure?: "throw" | "hold";
}

/** Options with their defaults, in milliseconds. */
export interface Policy {
  readonly attempts: number;
  readonly interval: number;
  readonly factor: number;
  readonly maxInterval: number;
  readonly timeout: number | null;
  readonly onFailure: "throw" | "hold";
}

const DEFAULT: Policy = {
  attempts: 1,
  interval: 1000,
  factor: 2,
  maxInterval: 300_000,
  timeout: null,
  onFailure: "throw",
};

/** @throws ColdframeError CF2301, CF2302 */
export function policyOf(name: string, options: unknown): Policy {
  if (options === undefined || options === null) return DEFAULT;
  const owner = `step "${name}"`;
  if (typeof options !== "object") throw wrongOption(owner, "options", options, "an object");
  checkOptions(owner, options, ["retry", "timeout", "onFailure"]);
  const { retry = 1, timeout, onFailure = "throw" } = options as StepOptions;
  const policy = typeof retry === "number" ? { attempts: retry } : retry;
  checkOptions(`${owner}, retry`, policy, ["attempts", "interval", "factor", "maxInterval"]);
  checkCount(owner, "retry.attempts", policy.attempts, 1);
  if (onFailure !== "throw" && onFailure !== "hold") {
    throw wrongOption(owner, "onFailure", onFailure, '"throw" or "hold"');
  }
  const factor = policy.factor ?? DEFAULT.factor;
  if (typeof factor !== "number" || !(factor >= 1)) {
    throw wrongOption(owner, "retry.factor", factor, "a number of at least 1");
  }
  return {
    attempts: policy.attempts,
    interval: policy.interval === undefined ? DEFAULT.interval : milliseconds(policy.interval),
    factor,
    maxInterval: policy.maxInterval === undefined ? DEFAULT.maxInterval : milliseconds(policy.maxInterval),
    timeout: timeout === undefined ? null : milliseconds(timeout),
    onFailure,
  };
}

/**
 * How long to wait before the next attempt: exponential backoff with full jitter (Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015), so that many failed at once do not come back at once.
 * @param made attempts made so far; @param random in [0, 1)
 * @returns milliseconds, or null when it has failed for good
 */
export function backoff(policy: Policy, made: number, error: unknown, random: number): number | null {
  if (error instanceof FatalError || made >= policy.attempts) return null;
  const ceiling = Math.min(policy.maxInterval, policy.interval * policy.factor ** (made - 1));
  const wait = Math.ceil(random * ceiling);
  return error instanceof RetryableError && error.retryAfter !== null
    ? Math.max(error.retryAfter, wait)
    : wait;
}
