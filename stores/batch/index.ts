/** Batches for databases that are servers: what many runs want, locked, loaded, decided here and written with few statements. */
export { BatchStore } from "./batch-store.ts";
export { type Asked, carryOut, decide, type Failure, Lane, type Transactions } from "./batcher.ts";
export type { ClientRules } from "./guard.ts";
export { Again } from "./needs.ts";
export { KnownNumbers } from "./numbers.ts";
export {
  bytesOf,
  cancelOp,
  endOp,
  firingOp,
  mendOp,
  type Op,
  resumeOp,
  sendOp,
  startOp,
  suspendOp,
  unblockOp,
} from "./ops.ts";
export { checkLeast, checkServerOptions, type ServerOptions } from "./options.ts";
export { forkOp, overruleOp } from "./overrule.ts";
export type {
  ArrivalRecord,
  AttemptRecord,
  Belongings,
  Changes,
  EventRecord,
  KeyNeed,
  KeyState,
  LineState,
  Openings,
  Past,
  PlaceRecord,
  PostRecord,
  RunRecord,
  Tables,
  WaitOfRun,
} from "./records.ts";
export { chunkOf, claimedOf, detailOf, type Row, rowOf, scheduleOf, tagsOf } from "./rows.ts";
export { changeSchedule } from "./schedules.ts";
export type {
  Answer,
  ClaimedRuns,
  CommonName,
  CommonValue,
  Hinting,
  ServerConnections,
  ServerOperations,
} from "./server.ts";
export { type AskedStart, type Started, startRuns } from "./starts.ts";
export { belongingsOf, keyStates, lineStates, openingsOf, pastsOf, sentOf } from "./states.ts";
export type { Lease, NumberedStep, UserOperations } from "./transact.ts";
export { type PlainTurn, TurnWriter } from "./turn-writer.ts";
export { arrivalOf, retried } from "./turns.ts";
export type { PostOperations } from "./user-transactions.ts";
export { type ChangeName, type ChangeWriter, type ListName, writeChanges } from "./write-changes.ts";
