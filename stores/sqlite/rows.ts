/** Rows as the records of the store port: what is different in SQLite. */
import type { Arrival, Attempt, Chunk, RunDetail, RunRow } from "../../runtime/engine/store.ts";
import * as common from "../rows/index.ts";
import type { Row } from "./driver.ts";
import type { Statements } from "./transaction.ts";

export function arrivalOf(row: Row): Arrival {
  return { wait: row.wait, threw: row.threw === 1, value: row.value };
}

export function chunkOf(row: Row): Chunk {
  const { hash, body } = row;
  // libsql hands out blobs as array buffers.
  return { hash, body: body instanceof ArrayBuffer ? new Uint8Array(body) : body };
}

/** Steps of run `n` that were held, and that a person wants to be tried again. */
export function retried(sql: Statements, n: number): readonly number[] {
  return sql.retried.all(n).map((row) => row.wait as number);
}

export function rowOf(row: Row): RunRow {
  return common.rowOf(row, JSON.parse(row.tags));
}

export function detailOf(row: Row, attempts: readonly Attempt[]): RunDetail {
  return common.detailOf(row, JSON.parse(row.tags), attempts);
}
