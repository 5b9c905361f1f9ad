/** Schedules in memory. */
import type { Hint, ScheduleChange } from "../../runtime/engine/store.ts";
import type { Database } from "./database.ts";
import { askToCancel } from "./followers.ts";
import { insertRun } from "./writes.ts";

/** False: the row is not the one that was seen. */
export function changeSchedule(data: Database, change: ScheduleChange, hints: Hint[]): boolean {
  const { row, seen, unless } = change;
  if ((data.schedules.get(row.id)?.version ?? null) !== seen) return false;
  const live = unless === null ? undefined : data.runs.get(unless);
  const skipped = live !== undefined && live.end === null;
  data.schedules.set(row.id, { ...row, last: skipped ? unless : row.last });
  if (skipped) return true;
  const cancelled = change.cancel === null ? undefined : data.runs.get(change.cancel);
  if (cancelled !== undefined) askToCancel(data, cancelled, hints);
  for (const run of change.starts) insertRun(data, run, null, hints);
  hints.push({ kind: change.starts.length > 0 ? "ready" : "schedule" });
  return true;
}
