/** Rows as the records of the store port: what is the same on all servers. */
import type { Attempt, Chunk, Claimed, RunDetail, RunRow, ScheduleRow } from "../../runtime/engine/store.ts";
import * as common from "../rows/index.ts";
import { arrivalOf } from "./turns.ts";

// biome-ignore lint/suspicious/noExplicitAny: a row's columns are known to the statement that asked for them
export type Row = any;

export function chunkOf({ hash, bytes, is_text }: Row): Chunk {
  return { hash, body: is_text ? (bytes as Buffer).toString() : new Uint8Array(bytes) };
}

/** Tags are lines, each a member of a JSON object. */
const tagsIn = (row: Row): RunRow["tags"] => JSON.parse(`{${row.tags.replaceAll("\n", ",")}}`);

export function rowOf(row: Row): RunRow {
  return common.rowOf(row, tagsIn(row));
}

export function detailOf(row: Row, attempts: readonly Attempt[]): RunDetail {
  return common.detailOf(row, tagsIn(row), attempts);
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
      ...common.unpackBody(body),
      chunks: (chunksOf.get(n) ?? []).map(chunkOf),
      arrivals: (arrivalsOf.get(n) ?? []).map(arrivalOf),
      attempts: (attemptsOf.get(n) ?? []).map(common.attemptOf),
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
