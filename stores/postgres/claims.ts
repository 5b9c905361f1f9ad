/** Who owns which run: claims by priority and age, leases of workers. A claim never waits for a lock. */
import { rankOf } from "../../runtime/engine/fairness.ts";
import { isDraining, POISON, poisoned } from "../../runtime/engine/poison.ts";
import type { Claimed, Placement } from "../../runtime/engine/store.ts";
import { type ClaimedRuns, claimedOf, type Row } from "../batch/index.ts";
import type { Session } from "./connections.ts";

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
  { groups, only, except, builds }: Placement,
  forPosts: boolean,
): Promise<ClaimedRuns | "buried" | "posts"> {
  const dead = (await session.run("dead", [now])).rows[0];
  if (dead !== undefined) {
    await buryWorker(session, dead.n, now);
    return "buried";
  }
  const [claimer] = (await session.run("claimer", [now, worker])).rows;
  if (claimer === undefined) return { claimed: [], numbers: [] };
  if (claimer.posted && forPosts) return "posts";
  const owner = claimer.n as number;
  const suspect = (await session.run("suspect", [now, groups, only, except, builds])).rows[0]?.n as
    | number
    | undefined;
  let rows: Row[] | null = null;
  if (suspect !== undefined) {
    const idle = (await session.run("ownsAny", [owner])).rows.length === 0;
    if (idle) rows = (await session.run("claimOne", [now, owner, suspect])).rows;
    else if (isDraining(now)) rows = [];
  }
  if (rows === null) {
    const values = [now, owner, groups, only, except, limit, builds];
    rows = (await session.run("claim", values)).rows;
    // Who gets nothing looks again much later.
    if (rows.length === 0) rows = (await session.run("claimRest", values)).rows;
  }
  rows.sort((a, b) => rankOf(a.priority, a.due) - rankOf(b.priority, b.due) || a.n - b.n);
  return { claimed: await withParts(session, rows), numbers: rows.map(({ id, n }) => [id, n]) };
}

async function withParts(session: Session, rows: readonly Row[]): Promise<readonly Claimed[]> {
  if (rows.length === 0) return [];
  const ns = rows.map(({ n }) => n as number);
  const parts = async (name: "arrivals" | "attempts" | "chunksOf") => (await session.run(name, [ns])).rows;
  return claimedOf(rows, await parts("arrivals"), await parts("attempts"), await parts("chunksOf"));
}

/** A worker has died with its runs. Its row is locked. */
async function buryWorker(session: Session, worker: number, now: number): Promise<void> {
  const { rows } = await session.run("ownedBy", [worker, []]);
  await releaseRows(session, rows, 1, now);
  const [run] = rows;
  if (rows.length === 1 && run.deaths + 1 >= POISON && run.status === "active") {
    const { reason, needs } = poisoned(run.deaths + 1);
    await session.run("block", [run.n, reason, needs]);
  }
  await session.run("dropWorker", [worker]);
}

/** Ends a worker's lease: its runs are due at once. */
export async function retireWorker(session: Session, id: string, now: number): Promise<void> {
  const worker = (await session.run("lockWorker", [id])).rows[0]?.n as number | undefined;
  if (worker === undefined) return;
  await disownRuns(session, worker, [], now);
  await session.run("dropWorker", [worker]);
}

/** Makes the runs of a worker anybody's, but those in `known`. @returns how many */
export async function disownRuns(
  session: Session,
  worker: number,
  known: readonly string[],
  now: number,
): Promise<number> {
  const { rows } = await session.run("ownedBy", [worker, known]);
  await releaseRows(session, rows, 0, now);
  return rows.length;
}

async function releaseRows(
  session: Session,
  rows: readonly Row[],
  deaths: number,
  now: number,
): Promise<void> {
  if (rows.length > 0) await session.run("release", [rows.map(({ n }) => n), deaths, now]);
}
