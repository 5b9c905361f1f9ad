/** Runs that wait for the ends of others, and those that end with the run that started them, as SQL. */
import type { Following, RunEnd } from "../../runtime/engine/store.ts";
import { tell } from "./events.ts";
import type { Transaction } from "./transaction.ts";

/** Run `n` waits for the end of another one; when that has ended, it has news. */
export function follow(transaction: Transaction, n: number, { wait, run, attached }: Following): void {
  const { sql } = transaction;
  const target = sql.number.get(run)?.n as number | undefined;
  if (target === undefined) return;
  const end = sql.endOf.get(target);
  if (end === undefined) {
    sql.follow.run(target, n, wait, attached ? 1 : 0);
    return;
  }
  sql.insertArrival.run(n, wait, end.status === "done" ? 0 : 1, end.value);
  tell(transaction, n);
}

/** Run `n` has ended: those who waited for it are told, those attached to it are cancelled. */
export function tellFollowers(transaction: Transaction, n: number, { status, value }: RunEnd): void {
  const { sql, hints } = transaction;
  const followers = sql.followers.all(n);
  for (const follower of followers) {
    const run = tell(transaction, follower.n);
    if (run === null) continue;
    sql.insertArrival.run(follower.n, follower.wait, status === "done" ? 0 : 1, value);
    hints.push({ kind: "run", run });
  }
  if (followers.length > 0) sql.dropFollowers.run(n);
  for (const { run } of sql.attached.all(n)) askToCancel(transaction, run);
  sql.dropFollowing.run(n);
}

/** @returns false when it has ended */
export function askToCancel(transaction: Transaction, n: number): boolean {
  const { sql, hints } = transaction;
  const run = tell(transaction, n);
  if (run === null) return false;
  sql.cancel.run(n);
  hints.push({ kind: "run", run });
  return true;
}
