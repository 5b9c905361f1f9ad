/** Schedules as SQL. */
import type { ScheduleChange, ScheduleRow } from "../../runtime/engine/store.ts";
import type { Row } from "./driver.ts";
import { askToCancel } from "./followers.ts";
import { insertRun } from "./starts.ts";
import type { Transaction } from "./transaction.ts";

/** False: the row is not the one that was seen. */
export function changeSchedule(transaction: Transaction, change: ScheduleChange): boolean {
  const { sql, hints } = transaction;
  const { row, seen, unless } = change;
  const before = sql.schedule.get(row.id);
  if ((before?.version ?? null) !== seen) return false;
  const skipped = unless !== null && isLive(transaction, unless);
  const last = skipped ? unless : row.last;
  sql.setSchedule.run(row.id, row.version, row.spec, row.next, row.paused ? 1 : 0, last);
  if (skipped) return true;
  const cancelled = change.cancel === null ? undefined : sql.number.get(change.cancel);
  if (cancelled !== undefined) askToCancel(transaction, cancelled.n);
  for (const run of change.starts) insertRun(transaction, run, null);
  hints.push({ kind: change.starts.length > 0 ? "ready" : "schedule" });
  return true;
}

function isLive({ sql }: Transaction, run: string): boolean {
  const found = sql.number.get(run);
  return found !== undefined && sql.endOf.get(found.n) === undefined;
}

export function scheduleOf(row: Row): ScheduleRow {
  const { id, version, spec, next, paused, last } = row;
  return { id, version, spec, next, paused: paused === 1, last };
}
