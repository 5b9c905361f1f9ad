/**
 * The errors that user code throws, catches and tells apart. They may stand in frames and results, so they are
 * registered by name like the classes of a marked module.
 */
import { $module } from "../machine/index.ts";
import { type Duration, milliseconds } from "./duration.ts";

/** Thrown at an await when the run is cancelled, so that `catch` and `finally` run. */
export class Cancelled extends Error {
  constructor(message = "the run was cancelled") {
    super(message);
    this.name = "Cancelled";
  }
}

/** Thrown by an event whose deadline passed, and by a step attempt that took too long. */
export class TimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeoutError";
  }
}

/** Thrown by a step to say that trying again is no use: it fails for good at once. */
export class FatalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FatalError";
  }
}

/** Thrown by a step to say when to try again, within its retry policy. */
export class RetryableError extends Error {
  /** Milliseconds to wait at least; null leaves it to the policy. */
  readonly retryAfter: number | null;
  constructor(message: string, options: ErrorOptions & { readonly retryAfter?: Duration } = {}) {
    super(message, options);
    this.name = "RetryableError";
    this.retryAfter = options.retryAfter === undefined ? null : milliseconds(options.retryAfter);
  }
}

/** What a step threw, when that itself cannot be saved: its name, message and stack as text. */
export class StepError extends Error {
  /** `name` of what was thrown. */
  readonly original: string;
  constructor(original: string, message: string) {
    super(message);
    this.name = "StepError";
    this.original = original;
  }
}

$module("coldframe", "1", {
  Cancelled: () => Cancelled,
  TimeoutError: () => TimeoutError,
  FatalError: () => FatalError,
  RetryableError: () => RetryableError,
  StepError: () => StepError,
});
