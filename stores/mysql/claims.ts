/** Who owns which run: claims by priority and due time, leases of workers. A claim waits for no lock of a run. */
import { rankOf } from "../../runtime/engine/fairness.ts";
import { isDraining, POISON, poisoned } from "../../runtime/engine/poison.ts";
import type { Placement } from "../../runtime/engine/store.ts";
import { type ClaimedRuns, claimedOf, type Row } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import type { Parameter } from "./sql.ts";
import { type StatementName, statements } from "./statements.ts";

async function rowsOf(
  session: Session,
  name: StatementName,
  values: readonly Parameter[] = [],
): Promise<readonly Row[]> {
  return (await session.run(statements[name], values)).rows;
}

const numbers = (rows: readonly Row[]): readonly number[] => rows.map(({ n }) => n);

/** Runs of a placement, as conditions behind those of a statement. */
function placed(
  { groups, only, except, builds }: Placement,
  group: string | null,
): readonly [string, readonly Parameter[]] {
  const conditions: [string, readonly string[]][] = [];
  if (group !== null && groups !== null) conditions.push([` AND ${group} IN ?`, groups]);
  if (only !== null) conditions.push([" AND entry IN ?", only]);
  if (except.length > 0) conditions.push([" AND entry NOT IN ?", except]);
  if (builds !== null) conditions.push([" AND (bound IS NULL OR bound IN ?)", builds]);
  // A list is never empty: nothing is called so.
  const values = conditions.map(([, list]) => (list.length === 0 ? [""] : list));
  return [conditions.map(([text]) => text).join(""), values];
}

/**
 * Takes due runs, or buries one worker. One in a transaction, so that runs are locked in the order of their numbers.
 * @param now in ms
 * @param forPosts whether to claim nothing when users' transactions have left something
 */
export async function claimRuns(
  session: Session,
  now: number,
  worker: string,
  limit: number,
  placement: Placement,
  forPosts: boolean,
): Promise<ClaimedRuns | "buried" | "posts"> {
  const [dead] = await rowsOf(session, "dead", [now]);
  if (dead !== undefined) {
    await buryWorker(session, dead.n, now);
    return "buried";
  }
  const [claimer] = await rowsOf(session, "claimer", [worker, now]);
  if (claimer === undefined) return { claimed: [], numbers: [] };
  if (claimer.posted && forPosts) return "posts";
  const ns = await findRuns(session, now, claimer.n, limit, placement);
  if (ns.length === 0) return { claimed: [], numbers: [] };
  await session.run(statements.take, [claimer.n, ns]);
  await session.run(statements.fence, [ns]);
  const rows = [...(await rowsOf(session, "claimed", [ns]))];
  rows.sort((a, b) => rankOf(a.priority, a.due) - rankOf(b.priority, b.due) || a.n - b.n);
  const claimed = claimedOf(
    rows,
    await rowsOf(session, "arrivals", [ns]),
    await rowsOf(session, "attempts", [ns]),
    await rowsOf(session, "chunksOf", [ns]),
  );
  return { claimed, numbers: rows.map(({ id, n }) => [id, n]) };
}

/** Locks runs to be taken. */
async function findRuns(
  session: Session,
  now: number,
  owner: number,
  limit: number,
  placement: Placement,
): Promise<readonly number[]> {
  const [where, values] = placed(placement, "grp");
  const suspects = await session.run(`${statements.suspect}${where} ORDER BY due LIMIT 1`, [now, ...values]);
  const suspect = suspects.rows[0]?.n as number | undefined;
  if (suspect !== undefined) {
    const idle = (await rowsOf(session, "ownsAny", [owner])).length === 0;
    if (idle) return numbers(await rowsOf(session, "dueRun", [suspect, now]));
    if (isDraining(now)) return [];
  }
  const found: Row[] = [];
  const [condition, lists] = placed(placement, null);
  for (const { open, priority, due } of await queuesOf(session, placement)) {
    if (due > now) continue;
    // The first of each, of which some are left: a lock that is given up by the end of this transaction.
    const { rows } = await session.run(
      `${statements.dueRuns}${condition} ORDER BY due, n LIMIT ? FOR UPDATE SKIP LOCKED`,
      [open, priority, now, ...lists, limit],
    );
    for (const row of rows) found.push({ n: row.n, rank: rankOf(priority, row.due) });
  }
  found.sort((a, b) => a.rank - b.rank || a.n - b.n);
  return numbers(found.slice(0, limit));
}

async function queuesOf(session: Session, { groups }: Placement): Promise<readonly Row[]> {
  const rows = await rowsOf(session, "queues");
  return groups === null ? rows : rows.filter(({ open }) => groups.includes(open));
}

/** Milliseconds until there may be something to claim, or null. */
export async function nextDue(
  session: Session,
  now: number,
  worker: string,
  placement: Placement,
): Promise<number | null> {
  const [ends] = await rowsOf(session, "nextLeaseEnd", [worker]);
  if (ends.posted) return 0;
  const times: (number | null)[] = [ends.due];
  const [condition, lists] = placed(placement, null);
  for (const { open, priority, due } of await queuesOf(session, placement)) {
    if (condition === "") times.push(due);
    else {
      const { rows } = await session.run(`${statements.nextDue}${condition} ORDER BY due, n LIMIT 1`, [
        ...[open, priority, ...lists],
      ]);
      times.push(rows[0]?.due ?? null);
    }
  }
  const known = times.filter((due) => due !== null);
  return known.length === 0 ? null : Math.max(0, Math.min(...known) - now);
}

/** A worker has died with its runs. Its row is locked. */
async function buryWorker(session: Session, worker: number, now: number): Promise<void> {
  const rows = await lockOwned(session, worker, []);
  await releaseRuns(session, numbers(rows), 1, now);
  const [run] = rows;
  if (rows.length === 1 && run.deaths + 1 >= POISON && run.status === "active") {
    const { reason, needs } = poisoned(run.deaths + 1);
    await session.run(statements.block, [reason, needs, run.n]);
  }
  await session.run(statements.dropWorker, [worker]);
}

/** Ends a worker's lease: its runs are due at once. */
export async function retireWorker(session: Session, id: string, now: number): Promise<void> {
  const worker = (await rowsOf(session, "lockWorker", [id]))[0]?.n as number | undefined;
  if (worker === undefined) return;
  await disownRuns(session, worker, [], now);
  await session.run(statements.dropWorker, [worker]);
}

/** Makes the runs of a worker anybody's, but those in `known`. @returns how many */
export async function disownRuns(
  session: Session,
  worker: number,
  known: readonly string[],
  now: number,
): Promise<number> {
  const lost = await lockOwned(session, worker, known);
  await releaseRuns(session, numbers(lost), 0, now);
  return lost.length;
}

/** Those that are not in `known`, in the order of their numbers. An index of workers has another. */
async function lockOwned(
  session: Session,
  worker: number,
  known: readonly string[],
): Promise<readonly Row[]> {
  const isKnown = new Set(known);
  const owned = await rowsOf(session, "ownedBy", [worker]);
  const ns = numbers(owned.filter(({ id }) => !isKnown.has(id)));
  if (ns.length === 0) return [];
  await session.run(statements.lockRuns, [[...ns].sort((a, b) => a - b)]);
  return (await rowsOf(session, "runRecords", [ns])).filter((row) => row.worker === worker);
}

async function releaseRuns(
  session: Session,
  ns: readonly number[],
  deaths: number,
  now: number,
): Promise<void> {
  if (ns.length > 0) await session.run(statements.release, [now, deaths, ns]);
}
