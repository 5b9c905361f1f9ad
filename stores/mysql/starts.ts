/** Starts of many callers as one transaction. */
import type { NewRun } from "../../runtime/engine/store.ts";
import { tagsOf } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import { statements } from "./statements.ts";
import { allocate } from "./tables.ts";
import { piecesOf } from "./write-changes.ts";

/** The first of each id. */
export function withoutRepeats(runs: readonly NewRun[]): readonly NewRun[] {
  const first = new Map<string, NewRun>();
  for (const run of runs) if (!first.has(run.id)) first.set(run.id, run);
  return [...first.values()];
}

/**
 * Inserts those whose ids are new, without a limit; claimed at once when the worker lives.
 * @param now in ms @returns number of each that was inserted, and whether they were claimed
 */
export async function insertRuns(
  session: Session,
  all: readonly NewRun[],
  worker: string | null,
  now: number,
): Promise<{ readonly created: ReadonlyMap<string, number>; readonly claimed: boolean }> {
  const runs = withoutRepeats(all);
  const owner =
    worker === null
      ? undefined
      : ((await session.run(statements.claimer, [worker, now])).rows[0]?.n as number | undefined);
  const free = await allocate(session, runs.length);
  return { created: await insertNew(session, runs, free, owner ?? null, now), claimed: owner !== undefined };
}

/**
 * Inserts those whose ids are new.
 * @param runs without two of one id @param free a number for each @param owner number of a worker, null: nobody's; one with a limit waits
 * @returns number of each that was inserted
 */
export async function insertNew(
  session: Session,
  runs: readonly NewRun[],
  free: readonly number[],
  owner: number | null,
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = runs.map(({ id, entry, priority, call, secret, tags, parent }, i) => [
    ...[free[i]!, id, entry, priority, call, secret, tagsOf(tags), parent, now],
  ]);
  for (const piece of piecesOf(rows, session.server.packet)) await session.run(statements.startRuns, [piece]);
  const ours = new Set(free);
  const numbered = (await session.run(statements.numbers, [runs.map(({ id }) => id)])).rows;
  const created = new Map<string, number>(
    numbered.flatMap(({ id, n }) => (ours.has(n) ? [[id, n] as const] : [])),
  );
  const fresh = runs.filter(({ id }) => created.has(id));
  if (fresh.length > 0) {
    const epoch = owner === null ? 0 : 1;
    await session.run(statements.insertQueue, [
      fresh.map(({ id, entry, priority, group, limit, build }) => [
        ...[created.get(id)!, entry, priority, group, "active", limit === null ? now : null, owner, epoch],
        ...[0, false, "no", owner === null ? null : (build ?? null)],
      ]),
    ]);
    await session.run(statements.insertStates, [
      fresh.map(({ id }) => [created.get(id)!, epoch, 0, now, "[]\n"]),
    ]);
  }
  return created;
}
