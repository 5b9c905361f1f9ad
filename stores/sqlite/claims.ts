/** Who owns which run: claims by priority and age, leases of workers. */
import { rankOf } from "../../runtime/engine/fairness.ts";
import { isDraining, POISON, poisoned } from "../../runtime/engine/poison.ts";
import type { Claimed, Placement } from "../../runtime/engine/store.ts";
import { attemptOf, unpackBody } from "../rows/index.ts";
import type { Row } from "./driver.ts";
import { arrivalOf, chunkOf } from "./rows.ts";
import type { Statements } from "./transaction.ts";

/** Above every priority. */
const TOP = Number.MAX_SAFE_INTEGER;

export function claimRuns(
  sql: Statements,
  now: number,
  worker: string,
  limit: number,
  placement: Placement,
): readonly Claimed[] {
  for (const dead of sql.deadWorkers.all(now)) buryWorker(sql, dead.n, now);
  const owner = workerNumber(sql, worker, now);
  if (owner === null) return [];
  const groups = placement.groups === null ? null : JSON.stringify(placement.groups);
  const parameters = placementOf(placement);
  const suspect = sql.suspect.get(groups, now, ...parameters)?.n as number | undefined;
  if (suspect !== undefined) {
    const idle = sql.ownsAny.get(owner) === undefined;
    if (idle) return [claimOne(sql, owner, suspect)];
    if (isDraining(now)) return [];
  }
  const due: { readonly n: number; readonly rank: number }[] = [];
  for (const { group, priority } of queues(sql, placement)) {
    for (const row of sql.dueRuns.all(group, priority, ...parameters, now, limit))
      due.push({ n: row.n, rank: rankOf(priority, row.due) });
  }
  due.sort((a, b) => a.rank - b.rank || a.n - b.n);
  return due.slice(0, limit).map(({ n }) => claimOne(sql, owner, n));
}

/** A list as a parameter. */
export const listed = (list: readonly string[] | null): string | null =>
  list === null ? null : JSON.stringify(list);

/** As parameters of the statements. */
function placementOf({ only, except, builds }: Placement): readonly (string | null)[] {
  return [listed(only), listed(except), listed(builds)];
}

function claimOne(sql: Statements, worker: number, n: number): Claimed {
  const { id, entry, cancel, priority, grp, deaths, build, bound } = sql.claim.get(worker, n) as Row;
  const { epoch, turn, news, body } = sql.claimState.get(worker, n) as Row;
  const { call, secret, keep } = sql.origin.get(n) as Row;
  return {
    id,
    entry,
    epoch,
    turn,
    priority,
    group: grp,
    news,
    cancel,
    deaths,
    build,
    bound,
    call,
    secret,
    history: keep ?? 0,
    ...unpackBody(body),
    chunks: sql.chunks.all(n).map(chunkOf),
    arrivals: sql.arrivals.all(n).map(arrivalOf),
    attempts: sql.attempts.all(n).map(attemptOf),
  };
}

interface Queue {
  readonly group: string;
  readonly priority: number;
}

/** Groups and priorities that have a run with a due time, each in its order: one index look-up each. */
function* queues(sql: Statements, { groups }: Placement): Generator<Queue> {
  for (const group of groups ?? allGroups(sql)) {
    for (let below = TOP; ; ) {
      const next = sql.nextPriority.get(group, below)!.priority as number | null;
      if (next === null) break;
      yield { group, priority: next };
      below = next;
    }
  }
}

function* allGroups(sql: Statements): Generator<string> {
  for (let after = ""; ; ) {
    const next = sql.nextGroup.get(after)!.grp as string | null;
    if (next === null) return;
    yield next;
    after = next;
  }
}

/** Milliseconds until there may be something to claim, or null. */
export function nextDue(sql: Statements, now: number, worker: string, placement: Placement): number | null {
  let next = sql.nextLeaseEnd.get(worker)!.until as number | null;
  const parameters = placementOf(placement);
  for (const { group, priority } of queues(sql, placement)) {
    const due = sql.nextDue.get(group, priority, ...parameters)?.due as number | undefined;
    if (due !== undefined && (next === null || due < next)) next = due;
  }
  return next === null ? null : Math.max(0, next - now);
}

/** The number of a worker whose lease has not ended; null otherwise. */
export function workerNumber(sql: Statements, worker: string, now: number): number | null {
  const row = sql.worker.get(worker);
  return row !== undefined && row.until > now ? row.n : null;
}

/** A worker has died with its runs. */
function buryWorker(sql: Statements, worker: number, now: number): void {
  const runs = sql.blame.all(worker);
  releaseWorker(sql, worker, now);
  const [run] = runs;
  if (runs.length !== 1 || run.deaths < POISON || run.status !== "active") return;
  const { reason, needs } = poisoned(run.deaths);
  sql.block.run(now, reason, needs, run.n);
}

/** Ends a worker's lease: its runs are due at once. */
export function releaseWorker(sql: Statements, worker: number, now: number): void {
  releaseRuns(sql, worker, [], now);
  sql.dropWorker.run(worker);
}

/** Makes the runs of a worker anybody's, but those in `known`. False: there is none. */
export function releaseRuns(sql: Statements, worker: number, known: readonly string[], now: number): boolean {
  const ids = JSON.stringify(known);
  if (sql.releaseStates.run(worker, ids) === 0) return false;
  sql.releaseRuns.run(worker, ids, now);
  return true;
}
