/** What people and time do to runs, as SQL: ends by force, decisions about held steps, copies, removal. */
import type { Copy, CopyOutcome, Mending, RunEnd, Stranded, WaitInfo } from "../../runtime/engine/store.ts";
import { clean, packBody, unpackBody } from "../rows/index.ts";
import { tell, unsubscribe } from "./events.ts";
import { forgetRun, keepPark } from "./history.ts";
import type { Transaction } from "./transaction.ts";
import { endRun, insertArrival } from "./turns.ts";

/** Ends a run whatever it is doing. Its owner finds itself fenced. False: it has ended. */
export function endByForce(transaction: Transaction, n: number, id: string, end: RunEnd): boolean {
  const { sql } = transaction;
  if (tell(transaction, n) === null) return false;
  const { waits } = unpackBody(sql.body.get(n)!.body);
  for (const { kind, id: wait, name } of JSON.parse(waits) as WaitInfo[]) {
    if (kind === "event") unsubscribe(transaction, n, wait, name);
  }
  const keep = sql.historyOf.get(n)?.keep as number | undefined;
  if (keep !== undefined) keepPark(sql, n, keep);
  sql.leave.run(n);
  endRun(transaction, n, id, end, keep === undefined ? null : sql.fence.get(n)!.turn);
  return true;
}

/** False: no step of this wait is held. */
export function mend(transaction: Transaction, n: number, wait: number, mending: Mending): boolean {
  const { sql, hints, now } = transaction;
  if (sql.held.get(n, wait) === undefined) return false;
  if (mending.kind === "retry") sql.retryHeld.run(now, n, wait);
  else {
    insertArrival(transaction, n, { wait, threw: mending.threw, value: mending.value });
    sql.dropAttempt.run(n, wait);
  }
  const run = tell(transaction, n);
  if (run !== null) hints.push({ kind: "run", run });
  return true;
}

/** Copies run `from`. */
export function cloneRun(
  { sql, now, hints }: Transaction,
  from: number,
  { id, secret, turn, state }: Copy,
): Exclude<CopyOutcome, "none"> {
  if (sql.endOf.get(from) !== undefined) return "ended";
  if (sql.number.get(id) !== undefined) return "exists";
  if (sql.fence.get(from)!.turn !== turn) return "changed";
  const n = sql.cloneRun.get(id, now, from)!.n as number;
  sql.cloneState.run(n, now, state === null ? null : packBody(state.waits, state.snapshot), from);
  sql.cloneOrigin.run(n, secret, now, from);
  sql.cloneArrivals.run(n, from);
  sql.cloneAttempts.run(n, from);
  sql.cloneFollowing.run(n, from);
  sql.cloneFeeds.run(n, from);
  sql.clonePlaces.run(n, from);
  sql.cloneChunks.run(n, from);
  const { waits } = unpackBody(sql.body.get(n)!.body);
  for (const { kind, id: wait, name } of JSON.parse(waits) as WaitInfo[]) {
    if (kind === "event") sql.subscribe.run(name, n, wait, null);
  }
  hints.push({ kind: "ready" });
  return "cloned";
}

/** Runs that are looked after at one time. */
const STRANDED = 1000;

/** What no live worker can claim: see the store port. */
export function strand({ sql, now, hints }: Transaction, reason: string): readonly Stranded[] {
  const found = sql.stranded.all(now, STRANDED);
  const blocked = found.filter(({ build, bound }) => build === bound);
  for (const { n, build, bound } of found) if (build !== bound) sql.bind.run(null, n);
  for (const { n, build, entry } of blocked)
    sql.block.run(now, clean(reason.replace("{build}", build)), entry, n);
  if (found.length > 0) hints.push({ kind: "ready" });
  return blocked.map(({ id, entry, turn, build }) => ({ id, entry, turn, build }));
}

/** Removes what ended before a time. @returns runs removed */
export function collect({ sql }: Transaction, before: number, limit: number): number {
  const ended = sql.collectable.all(before, limit);
  for (const { n, id } of ended) forgetRun(sql, n as number, id as string);
  sql.dropTaken.run(before, limit);
  sql.dropRates.run(before);
  return ended.length;
}

/** Generic cell rate algorithm: see the store port. */
export function reserve({ sql, now }: Transaction, key: string, interval: number, burst: number): number {
  const free = Math.max(now, (sql.rate.get(key)?.next as number | undefined) ?? 0);
  sql.setRate.run(key, free + interval);
  return Math.max(now, Math.ceil(free - interval * (burst - 1)));
}
