/** What people and time do to runs, as SQL: copies, removal, rates. */
import type { Copy, CopyOutcome, Stranded, WaitInfo } from "../../runtime/engine/store.ts";
import type { Tables } from "../batch/index.ts";
import { packBody, unpackBody } from "../rows/index.ts";
import type { Session } from "./connections.ts";
import { numberOf } from "./failures.ts";
import { statements } from "./statements.ts";
import { allocate } from "./tables.ts";
import { lists } from "./write-changes.ts";

/** A row of this id exists. */
const DUPLICATE = 1062;

/** Whether a row was inserted, and not there already. */
export async function inserted(insertion: Promise<unknown>): Promise<boolean> {
  try {
    await insertion;
    return true;
  } catch (error) {
    if (numberOf(error) === DUPLICATE) return false;
    throw error;
  }
}

/** Parameters: number of the copy, number of the original. Its places are taken anew. */
const PARTS = [
  `INSERT INTO @arrivals (n, wait, threw, value) SELECT ?, wait, threw, value FROM @arrivals WHERE n = ? ORDER BY seq`,
  `INSERT INTO @attempts (n, wait, made, due, error, since, progress)
    SELECT ?, wait, made, due, error, since, progress FROM @attempts WHERE n = ?`,
  "INSERT INTO @followers (run, n, wait, attached) SELECT run, ?, wait, 0 FROM @followers WHERE n = ?",
  "INSERT INTO @feeds (`key`, n, target, once) SELECT `key`, ?, target, once FROM @feeds WHERE n = ?",
  "INSERT INTO @run_chunks (n, c) SELECT ?, c FROM @run_chunks WHERE n = ?",
  `INSERT INTO @places (\`key\`, n, wait, \`max\`, loose, value, held)
    SELECT \`key\`, ?, wait, \`max\`, loose, value, 0 FROM @places WHERE n = ? AND held = 0 ORDER BY seq`,
] as const;

/** Copies run `from`. */
export async function cloneRun(
  session: Session,
  from: number,
  { id, secret, turn, state }: Copy,
  now: number,
): Promise<Exclude<CopyOutcome, "none">> {
  await session.run(statements.lockRuns, [[from]]);
  const [run] = (await session.run(statements.runRecords, [[from]])).rows;
  if (run === undefined || ["done", "failed", "cancelled"].includes(run.status)) return "ended";
  if (run.turn !== turn) return "changed";
  const [saved] = (await session.run(statements.bodies, [[from]])).rows as [{ body: string }];
  const body = state === null ? saved.body : packBody(state.waits, state.snapshot);
  const [n] = (await allocate(session, 1)) as [number];
  const made = await inserted(
    session.run(
      `INSERT INTO @runs (n, id, entry, priority, \`call\`, secret, tags, parent, created)
        SELECT ?, ?, entry, priority, \`call\`, ?, tags, NULL, ? FROM @runs WHERE n = ?`,
      [n, id, secret, now, from],
    ),
  );
  if (!made) return "exists";
  await session.run(
    `INSERT INTO @queue (n, entry, priority, grp, due, epoch, news, build, bound)
      SELECT ?, entry, priority, grp, ?, 0, 0, build, bound FROM @queue WHERE n = ?`,
    [n, now, from],
  );
  await session.run(
    "INSERT INTO @states (n, epoch, turn, updated, body) SELECT ?, 0, turn, ?, ? FROM @states WHERE n = ?",
    [n, now, body, from],
  );
  for (const text of PARTS) await session.run(text, [n, from]);
  const events = (JSON.parse(unpackBody(body).waits) as WaitInfo[]).filter(({ kind }) => kind === "event");
  if (events.length > 0)
    await session.run("INSERT INTO @subscriptions (`key`, n, wait, `schema`) VALUES ?", [
      events.map(({ name, id: wait }) => [name, n, wait, null]),
    ]);
  return "cloned";
}

/** Names are locked before rows, as everywhere. @param lock waits for them */
async function forgetPast(session: Session, ns: readonly number[], lock: Tables["lockKeys"]): Promise<void> {
  const { rows } = await session.run(statements.pastChunksOf, [ns]);
  const chunks = rows.map(({ name }) => name as string);
  if (chunks.length > 0)
    await lock(
      chunks.map((hash) => `chunk ${hash}`),
      true,
    );
  for (const table of ["histories", "limits", "journal", "past_chunks", "parks"])
    await session.run(`DELETE FROM @${table} WHERE n IN ?`, [ns]);
  if (chunks.length > 0) await session.run(lists.dropChunks, [chunks]);
}

/** Runs that are looked after at one time. */
const STRANDED = 1000;

/** What no live worker can claim: see the store port. */
export async function strand(session: Session, reason: string, now: number): Promise<readonly Stranded[]> {
  const { rows } = await session.run(statements.stranded, [now, now, now, STRANDED]);
  if (rows.length === 0) return [];
  const ns = rows.map(({ n }) => n as number);
  const blocked = (await session.run(statements.strandedRuns, [ns])).rows;
  await session.run(statements.strand, [reason, ns]);
  return blocked.map(({ id, entry, turn, build }) => ({ id, entry, turn, build }));
}

/** Removes what ended before a time. @param lock waits for the locks of names @returns runs removed */
export async function collect(
  session: Session,
  before: number,
  limit: number,
  lock: Tables["lockKeys"],
): Promise<number> {
  const { rows } = await session.run(statements.collectable, [before, limit]);
  const ns = rows.map(({ n }) => n as number);
  if (ns.length > 0) {
    await forgetPast(session, ns, lock);
    const ids = (await session.run(statements.idsOf, [ns])).rows.map(({ id }) => id as string);
    for (const table of ["ends", "states", "queue", "feeds", "runs"])
      await session.run(`DELETE FROM @${table} WHERE n IN ?`, [ns]);
    await session.run("DELETE FROM @events WHERE run IN ?", [ids]);
  }
  const taken = (await session.run(statements.takenEvents, [before, limit])).rows;
  if (taken.length > 0) await session.run(statements.dropEvents, [taken.map(({ seq }) => seq as number)]);
  await session.run(statements.dropRates, [before]);
  return ns.length;
}

/** Takes a place of a rate. @returns the time from which it may be used */
export async function reserve(
  session: Session,
  now: number,
  key: string,
  interval: number,
  burst: number,
): Promise<number> {
  await session.run(statements.lockRate, [key]);
  const [row] = (await session.run(statements.rate, [key])).rows;
  const next = Math.max(now, row.next) + interval;
  await session.run(statements.setRate, [next, key]);
  return Math.max(now, Math.ceil(next - interval * burst));
}
