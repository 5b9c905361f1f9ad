/** `coldframe`: what users import. Everything by name. */
export { type StepContext, stepContext } from "./engine/attempt.ts";
export { type Blockage, blockageOf } from "./engine/blockage.ts";
export { Channel, type ChannelOptions, channel } from "./engine/channel.ts";
export { type ChildOptions, type ChildPromise, start } from "./engine/child.ts";
export type { Clock } from "./engine/clock.ts";
export { type Duration, milliseconds } from "./engine/duration.ts";
export {
  createEngine,
  type EditOptions,
  type Engine,
  type ForkOptions,
  type HistoryOptions,
  type MendOptions,
  type RewindOptions,
} from "./engine/engine.ts";
export { type EventOptions, type EventPromise, event } from "./engine/event.ts";
export type { Fact, FactListener, Facts, RunFact, StepFact } from "./engine/facts.ts";
export { type Group, group } from "./engine/group.ts";
export type { JournalEntry, PastPark, RunHistory } from "./engine/history.ts";
export { Lock, mutex, semaphore } from "./engine/lock.ts";
export { moveTo } from "./engine/move.ts";
export type { StartOptions } from "./engine/options.ts";
export type { Groups, Only } from "./engine/placement.ts";
export { type Pool, pool } from "./engine/pool.ts";
export type { AroundStep, KeptBuild, KeptBuilds, LogEntry, Watchdog } from "./engine/ports.ts";
export { type PostOptions, send } from "./engine/post.ts";
export { type RateLimit, rateLimit } from "./engine/rate-limit.ts";
export { type Rehearsal, rehearse } from "./engine/rehearsal.ts";
export type { SendOptions } from "./engine/requests.ts";
export type { ErrorClass, RetryPolicy, StepOptions } from "./engine/retry.ts";
export type { AttemptState, CancelOptions, RunHandle, RunState, WaitOptions } from "./engine/run-handle.ts";
export { type FrameView, type RunView, viewOf, type WaitView } from "./engine/run-view.ts";
export type { ScheduleOptions, ScheduleState } from "./engine/schedule.ts";
export type { Schedules } from "./engine/schedules.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./engine/schema.ts";
export type { EngineOptions } from "./engine/settings.ts";
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
export {
  type TransactionalOptions,
  type TransactionOptions,
  transaction,
  transactional,
} from "./engine/transactional.ts";
export { type UpgradePolicy, upgrade } from "./engine/upgrade.ts";
export { viewAt } from "./engine/view-at.ts";
export { waitUntil } from "./engine/wait-until.ts";
export type { Within } from "./engine/within.ts";
export { ColdframeError, type ErrorCode } from "./errors.ts";
export {
  type ClassMigration,
  type ClosureMigration,
  type Description,
  type Destination,
  describe,
  type FrameMigration,
  Interrupted,
  type LiveFrame,
  type Locals,
  migrate,
  type Origin,
  renamed,
  resource,
} from "./snapshot/index.ts";
