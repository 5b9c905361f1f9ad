/** Parks of a run that are over, as SQL: kept as the row that the turn replaces, so that nothing is sent twice. */
import { ALL_PARKS } from "../../runtime/engine/store.ts";
import type { Statements } from "./transaction.ts";

/** Above every turn. */
const LAST = Number.MAX_SAFE_INTEGER;

/** The present park of run `n` is about to end. @param keep how many are kept */
export function keepPark(sql: Statements, n: number, keep: number): void {
  if (keep !== ALL_PARKS) {
    const last = sql.lastToGo.get(n, keep - 1)?.turn as number | undefined;
    if (last !== undefined) {
      sql.dropParks.run(n, last);
      dropPastChunks(sql, n, last);
    }
  }
  sql.keepPark.run(n);
}

function dropPastChunks(sql: Statements, n: number, turn: number): void {
  const chunks = sql.pastChunks.all(n, turn);
  if (chunks.length === 0) return;
  sql.dropPastChunks.run(n, turn);
  for (const { hash } of chunks) sql.collect.run(hash);
}

/** Nothing is left of a run that has ended. */
export function forgetRun(sql: Statements, n: number, id: string): void {
  for (const drop of [
    sql.dropEnd,
    sql.dropState,
    sql.dropOrigin,
    sql.dropFeeds,
    sql.forgetLimit,
    sql.dropRun,
  ])
    drop.run(n);
  sql.dropEventsOf.run(id);
  forgetPast(sql, n);
}

/** Run `n` is collected, and its past with it. */
function forgetPast(sql: Statements, n: number): void {
  sql.forgetJournal.run(n);
  if (sql.forgetHistory.run(n) === 0) return;
  sql.dropParks.run(n, LAST);
  dropPastChunks(sql, n, LAST);
}
