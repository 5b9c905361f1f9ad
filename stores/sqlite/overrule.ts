/** Turns that people write in place of the owner of a run, as SQL: forks, rewinds, edits. */
import type { NewRun, Overruling } from "../../runtime/engine/store.ts";
import { packBody } from "../rows/index.ts";
import { keepPark } from "./history.ts";
import { insertRun } from "./starts.ts";
import type { Transaction } from "./transaction.ts";
import { writeExtras } from "./turns.ts";

/** False: there is a run of this id. */
export function forkRun(transaction: Transaction, run: NewRun, parked: Overruling): boolean {
  if (transaction.sql.number.get(run.id) !== undefined) return false;
  for (const one of [...parked.turn.starts, run]) insertRun(transaction, one, null);
  const { n } = transaction.sql.number.get(run.id)!;
  write(transaction, n, parked, 0, transaction.sql.dueOf.get(n)!.due);
  return true;
}

/** False: run `n` has ended, or is not any more as it was. */
export function overrule(transaction: Transaction, n: number, overruling: Overruling): boolean {
  const { sql, hints } = transaction;
  const { turn } = overruling;
  const row = sql.fence.get(n)!;
  if (sql.endOf.get(n) !== undefined || row.epoch !== turn.epoch || row.turn !== turn.turn - 1) return false;
  if (turn.history > 0) keepPark(sql, n, turn.history);
  write(transaction, n, overruling, 1, transaction.now);
  hints.push({ kind: "run", run: turn.run });
  return true;
}

function write(
  transaction: Transaction,
  n: number,
  { turn, line, cancel }: Overruling,
  epochs: number,
  due: number | null,
): void {
  const { sql, now, hints } = transaction;
  sql.overrule.run(epochs, turn.turn, packBody(turn.waits, turn.snapshot), now, n);
  sql.overruled.run(n, due, cancel);
  sql.addLine.run(n, now, turn.turn, line.what, line.by, line.detail);
  writeExtras(transaction, turn, n);
  hints.push({ kind: "ready" });
}
