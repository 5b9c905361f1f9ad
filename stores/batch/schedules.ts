/** Changes of schedules, with the runs that they start. */
import type { ScheduleChange, ScheduleRow } from "../../runtime/engine/store.ts";
import { decide, type Transactions } from "./batcher.ts";
import { firingOp } from "./ops.ts";
import type { Tables } from "./records.ts";

/**
 * @param write writes the row where it is still of the version that was seen, null: where there is none; false: it is not
 * @returns null when the row is not the one that was seen
 */
export async function changeSchedule(
  transactions: Transactions,
  change: ScheduleChange,
  write: (tables: Tables, row: ScheduleRow, seen: string | null) => Promise<boolean>,
): Promise<Awaited<ReturnType<typeof decide>> | null> {
  const { row, seen } = change;
  try {
    return await decide([firingOp(change)], transactions, async (tables, [outcome]) => {
      const { last } = outcome as { readonly last: string | null };
      if (!(await write(tables, { ...row, last: last ?? row.last }, seen))) throw new Changed();
    });
  } catch (error) {
    if (error instanceof Changed) return null;
    throw error;
  }
}

/** Somebody else has changed the schedule meanwhile. */
class Changed extends Error {}
