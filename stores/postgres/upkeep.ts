/** What people and time do to runs, as SQL: copies, removal. */
import type { BuildRecord, Copy, CopyOutcome, Stranded, WaitInfo } from "../../runtime/engine/store.ts";
import type { Tables } from "../batch/index.ts";
import { packBody, unpackBody } from "../rows/index.ts";
import type { Session } from "./connections.ts";

/** Copies run `from`. */
export async function cloneRun(
  session: Session,
  from: number,
  { id, secret, turn, state }: Copy,
  now: number,
): Promise<Exclude<CopyOutcome, "none">> {
  const [run] = (await session.run("lockRuns", [[from]])).rows;
  if (run === undefined || ["done", "failed", "cancelled"].includes(run.status)) return "ended";
  // Now that it is locked: what a statement sees is from when it began.
  const [saved] = (await session.run("bodies", [[from]])).rows as [{ body: string; turn: number }];
  if (saved.turn !== turn) return "changed";
  const body = state === null ? saved.body : packBody(state.waits, state.snapshot);
  const [made] = (await session.run("cloneRun", [id, secret, now, from])).rows;
  if (made === undefined) return "exists";
  await session.run("cloneParts", [made.n, now, from, body]);
  const events = (JSON.parse(unpackBody(body).waits) as WaitInfo[]).filter(({ kind }) => kind === "event");
  if (events.length > 0)
    await session.run("subscribe", [
      events.map(({ name }) => name),
      events.map(() => made.n),
      events.map(({ id: wait }) => wait),
      events.map(() => null),
    ]);
  return "cloned";
}

/** Names are locked before rows, as everywhere. @param lock waits for them */
async function forgetPast(session: Session, ns: readonly number[], lock: Tables["lockKeys"]): Promise<void> {
  const chunks = (await session.run("pastChunksOf", [ns])).rows.map(({ name }) => name as string);
  if (chunks.length > 0)
    await lock(
      chunks.map((hash) => `chunk ${hash}`),
      true,
    );
  await session.run("forgetPast", [ns]);
  if (chunks.length > 0) await session.run("dropChunks", [chunks]);
}

export async function addBuilds(session: Session, builds: readonly BuildRecord[]): Promise<void> {
  await session.run("addBuilds", [builds.map(({ id }) => id), builds.map(({ body }) => body)]);
}

/** Runs that are looked after at one time. */
const STRANDED = 1000;

/** What no live worker can claim: see the store port. */
export async function strand(session: Session, reason: string, now: number): Promise<readonly Stranded[]> {
  const { rows } = await session.run("strand", [now, STRANDED, reason]);
  return rows
    .filter(({ blocked }) => blocked)
    .map(({ id, entry, turn, build }) => ({ id, entry, turn, build }));
}

/** Removes what ended before a time. @param lock waits for the locks of names @returns runs removed */
export async function collect(
  session: Session,
  before: number,
  limit: number,
  lock: Tables["lockKeys"],
): Promise<number> {
  const { rows } = await session.run("collectable", [before, limit]);
  if (rows.length > 0) {
    const ns = rows.map(({ n }) => n as number);
    await forgetPast(session, ns, lock);
    await session.run("forgetRuns", [ns, rows.map(({ id }) => id)]);
  }
  await session.run("dropTaken", [before, limit]);
  await session.run("dropRates", [before]);
  return rows.length;
}
