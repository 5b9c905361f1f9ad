/** Who owns which run: claims by priority and due time, leases of workers. */
import { isDraining, POISON, poisoned } from "../../runtime/engine/poison.ts";
import type { Claimed } from "../../runtime/engine/store.ts";
import type { Row } from "./driver.ts";
import { arrivalOf, attemptOf, chunkOf, unpackBody } from "./rows.ts";
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
  for (const dead of sql.deadWorkers.all(now)) buryWorker(sql, dead.n);
  const owner = workerNumber(sql, worker, now);
  if (owner === null) return [];
  const excluded = JSON.stringify(except);
  const suspect = sql.suspect.get(now, excluded)?.n as number | undefined;
  if (suspect !== undefined) {
    const idle = sql.ownsAny.get(owner) === undefined;
    if (idle) return [claimOne(sql, owner, suspect)];
    if (isDraining(now)) return [];
  }
  const due: number[] = [];
  for (const priority of priorities(sql)) {
    for (const row of sql.dueRuns.all(priority, now, excluded, limit - due.length)) due.push(row.n);
    if (due.length >= limit) break;
  }
  return due.map((n) => claimOne(sql, owner, n));
}

function claimOne(sql: Statements, worker: number, n: number): Claimed {
  const { id, entry, cancel, priority, deaths } = sql.claim.get(worker, n) as Row;
  const { epoch, turn, news, body } = sql.claimState.get(worker, n) as Row;
  const { call, secret } = sql.origin.get(n) as Row;
  return {
    id,
    entry,
    epoch,
    turn,
    priority,
    news,
    cancel,
    deaths,
    call,
    secret,
    ...unpackBody(body),
    chunks: sql.chunks.all(n).map(chunkOf),
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

/** The number of a worker whose lease has not ended; null otherwise. */
export function workerNumber(sql: Statements, worker: string, now: number): number | null {
  const row = sql.worker.get(worker);
  return row !== undefined && row.until > now ? row.n : null;
}

/** A worker has died with its runs. */
function buryWorker(sql: Statements, worker: number): void {
  const runs = sql.blame.all(worker);
  releaseWorker(sql, worker);
  const [run] = runs;
  if (runs.length !== 1 || run.deaths < POISON || run.status !== "active") return;
  const { reason, needs } = poisoned(run.deaths);
  sql.block.run(0, reason, needs, run.n);
}

/** Ends a worker's lease: its runs are due at once. */
export function releaseWorker(sql: Statements, worker: number): void {
  releaseRuns(sql, worker, []);
  sql.dropWorker.run(worker);
}

/** Makes the runs of a worker anybody's, but those in `known`. */
export function releaseRuns(sql: Statements, worker: number, known: readonly string[]): void {
  const ids = JSON.stringify(known);
  sql.releaseStates.run(worker, ids);
  sql.releaseRuns.run(worker, ids);
}
