/** Rows of the database as the records of the store port. */
import type { Arrival, Attempt, Chunk, RunDetail, RunRow } from "../../runtime/engine/store.ts";
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

export function attemptOf(row: Row): Attempt {
  const { wait, made, due, error, since, begun, progress } = row;
  return { wait, made, due, error, since, begun, progress };
}

/** Steps of run `n` that were held, and that a person wants to be tried again. */
export function retried(sql: Statements, n: number): readonly number[] {
  return sql.retried.all(n).map((row) => row.wait as number);
}

/** Waits and snapshot are one text, since each text to bind costs: JSON holds no line breaks. */
export function packBody(waits: string, snapshot: string | null): string {
  return `${waits}\n${snapshot ?? ""}`;
}

export function unpackBody(body: string): { readonly waits: string; readonly snapshot: string | null } {
  const end = body.indexOf("\n");
  const snapshot = body.slice(end + 1);
  return { waits: body.slice(0, end), snapshot: snapshot === "" ? null : snapshot };
}

export function rowOf(row: Row): RunRow {
  return {
    id: row.id,
    entry: row.entry,
    status: row.status,
    tags: JSON.parse(row.tags),
    priority: row.priority,
    group: row.grp,
    turn: row.turn,
    epoch: row.epoch,
    worker: row.worker,
    created: row.created,
    updated: row.updated,
    due: row.due,
    cancel: row.cancel,
    blocked: row.reason === null ? null : { reason: row.reason, needs: row.needs },
    held: row.held,
    build: row.build,
    bound: row.bound,
    parent: row.parent,
  };
}

export function detailOf(row: Row, attempts: readonly Attempt[]): RunDetail {
  const { snapshot, waits } = unpackBody(row.body);
  return {
    ...rowOf(row),
    call: row.call,
    secret: row.secret,
    snapshot,
    waits: JSON.parse(waits),
    attempts,
    end: row.value === null ? null : { status: row.status, value: row.value },
    history: row.keep ?? 0,
  };
}

/** Text for people. SQLite's C interface ends a text at a NUL. */
export function clean(text: string): string {
  return text.replaceAll("\0", "\\0");
}
