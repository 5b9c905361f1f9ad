/** `coldframe`: what users import. Everything by name. */
export { type StepContext, stepContext } from "./engine/attempt.ts";
export { Channel, type ChannelOptions, channel } from "./engine/channel.ts";
export { type ChildOptions, type ChildPromise, start } from "./engine/child.ts";
export type { Clock } from "./engine/clock.ts";
export type { Duration } from "./engine/duration.ts";
export {
  createEngine,
  type Engine,
  type EngineOptions,
  type MendOptions,
  type SendOptions,
} from "./engine/engine.ts";
export { type EventOptions, type EventPromise, event } from "./engine/event.ts";
export type { Fact, FactListener, Facts, RunFact, StepFact } from "./engine/facts.ts";
export { type Group, group } from "./engine/group.ts";
export { Lock, mutex, semaphore } from "./engine/lock.ts";
export type { StartOptions } from "./engine/options.ts";
export { type Pool, pool } from "./engine/pool.ts";
export type { AroundStep, LogEntry } from "./engine/ports.ts";
export { type PostOptions, send } from "./engine/post.ts";
export { type RateLimit, rateLimit } from "./engine/rate-limit.ts";
export type { ErrorClass, RetryPolicy, StepOptions } from "./engine/retry.ts";
export type { AttemptState, CancelOptions, RunHandle, RunState } from "./engine/run-handle.ts";
export { type FrameView, type RunView, viewOf, type WaitView } from "./engine/run-view.ts";
export type { ScheduleOptions, ScheduleState } from "./engine/schedule.ts";
export type { Schedules } from "./engine/schedules.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./engine/schema.ts";
export { shield } from "./engine/shield.ts";
export { Cancelled, FatalError, RetryableError, StepError, TimeoutError } from "./engine/signals.ts";
export { sleep } from "./engine/sleep.ts";
export { step } from "./engine/step.ts";
export type {
  Blocked,
  CancelState,
  RunFilter,
  RunRow,
  RunStatus,
  SendOutcome,
  SendStatus,
  Store,
  WaitInfo,
} from "./engine/store.ts";
export { waitUntil } from "./engine/wait-until.ts";
export { ColdframeError, type ErrorCode } from "./errors.ts";
export { type Description, describe, Interrupted, resource } from "./snapshot/index.ts";
