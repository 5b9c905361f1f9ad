/** Rows of a database as the records of the store port. Columns have the same names and types in all of them. */
import type { Attempt, Chunk, Claimed, RunDetail, RunRow, ScheduleRow } from "../../runtime/engine/store.ts";
import { arrivalOf, unpackBody } from "./turns.ts";

// biome-ignore lint/suspicious/noExplicitAny: a row's columns are known to the statement that asked for them
export type Row = any;

export function attemptOf({ wait, made, due, error, since, begun, progress }: Row): Attempt {
  return { wait, made, due, error, since, begun, progress };
}

export function chunkOf({ hash, bytes, is_text }: Row): Chunk {
  return { hash, body: is_text ? (bytes as Buffer).toString() : new Uint8Array(bytes) };
}

export function rowOf(row: Row): RunRow {
  return {
    id: row.id,
    entry: row.entry,
    status: row.status,
    tags: JSON.parse(`{${row.tags.replaceAll("\n", ",")}}`),
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

export function scheduleOf({ id, version, spec, next, paused, last }: Row): ScheduleRow {
  return { id, version, spec, next, paused, last };
}

/** @param rows claimed runs, in their order */
export function claimedOf(
  rows: readonly Row[],
  arrivals: readonly Row[],
  attempts: readonly Row[],
  chunks: readonly Row[],
): readonly Claimed[] {
  const [arrivalsOf, attemptsOf, chunksOf] = [arrivals, attempts, chunks].map(byRun) as [ByRun, ByRun, ByRun];
  return rows.map(
    ({
      n,
      id,
      entry,
      epoch,
      turn,
      news,
      priority,
      grp,
      cancel,
      deaths,
      build,
      bound,
      body,
      call,
      secret,
      keep,
    }) => ({
      ...{ id, entry, epoch, turn, news, priority, group: grp, cancel, deaths, call, secret, build, bound },
      history: keep ?? 0,
      ...unpackBody(body),
      chunks: (chunksOf.get(n) ?? []).map(chunkOf),
      arrivals: (arrivalsOf.get(n) ?? []).map(arrivalOf),
      attempts: (attemptsOf.get(n) ?? []).map(attemptOf),
    }),
  );
}

type ByRun = ReadonlyMap<number, readonly Row[]>;

function byRun(rows: readonly Row[]): ByRun {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.n);
    if (group === undefined) groups.set(row.n, [row]);
    else group.push(row);
  }
  return groups;
}

/** Tags as one text, a line for each: JSON holds no line breaks. */
export function tagsOf(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join("\n");
}
