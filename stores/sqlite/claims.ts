/** Who owns which run: claims by priority and due time, leases of workers. */
import type { Claimed } from "../../runtime/engine/store.ts";
import type { Row } from "./driver.ts";
import { arrivalOf, attemptOf } from "./rows.ts";
import type { Statements } from "./transaction.ts";

/** Above every priority. */
const TOP = Number.MAX_SAFE_INTEGER;

export function claimRuns(
  sql: Statements,
  now: number,
  worker: string,
  limit: number,
  except: readonly string[],
): readonly Claimed[] {
  for (const dead of sql.deadWorkers.all(now)) releaseWorker(sql, dead.id);
  if (!workerAlive(sql, worker, now)) return [];
  const excluded = JSON.stringify(except);
  const due: number[] = [];
  for (const priority of priorities(sql)) {
    for (const row of sql.dueRuns.all(priority, now, excluded, limit - due.length)) due.push(row.n);
    if (due.length >= limit) break;
  }
  return due.map((n) => claimOne(sql, worker, n));
}

function claimOne(sql: Statements, worker: string, n: number): Claimed {
  const row = sql.claim.get(worker, n) as Row;
  const { call, secret, snapshot, waits } = sql.claimed.get(n) as Row;
  return {
    id: row.id,
    entry: row.entry,
    epoch: row.epoch,
    turn: row.turn,
    priority: row.priority,
    news: row.news,
    cancel: row.cancel,
    call,
    secret,
    snapshot,
    waits,
    arrivals: sql.arrivals.all(n).map(arrivalOf),
    attempts: sql.attempts.all(n).map(attemptOf),
  };
}

/** Priorities that have a run with a due time, highest first: one index look-up each. */
function* priorities(sql: Statements): Generator<number> {
  for (let below = TOP; ; ) {
    const next = sql.nextPriority.get(below)!.priority as number | null;
    if (next === null) return;
    yield next;
    below = next;
  }
}

/** Milliseconds until there may be something to claim, or null. */
export function nextDue(sql: Statements, now: number, worker: string): number | null {
  let next = sql.nextLeaseEnd.get(worker)!.until as number | null;
  for (const priority of priorities(sql)) {
    const due = sql.nextDue.get(priority)!.due as number;
    if (next === null || due < next) next = due;
  }
  return next === null ? null : Math.max(0, next - now);
}

export function workerAlive(sql: Statements, worker: string, now: number): boolean {
  const row = sql.worker.get(worker);
  return row !== undefined && row.until > now;
}

/** Ends the worker's lease: its runs are due at once. */
export function releaseWorker(sql: Statements, worker: string): void {
  sql.releaseRuns.run(worker);
  sql.dropWorker.run(worker);
}
