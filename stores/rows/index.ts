/** Rows of the databases that speak SQL, as the records of the store port: the same columns in all of them. */
import type { Attempt, Holdings, JournalLine, Park, RunDetail, RunRow } from "../../runtime/engine/store.ts";

// biome-ignore lint/suspicious/noExplicitAny: a row's columns are known to the statement that asked for them
type Row = any;

/** Waits and snapshot are one text, since each text to bind costs: JSON holds no line breaks. */
export function packBody(waits: string, snapshot: string | null): string {
  return `${waits}\n${snapshot ?? ""}`;
}

export function unpackBody(body: string): { readonly waits: string; readonly snapshot: string | null } {
  const end = body.indexOf("\n");
  const snapshot = body.slice(end + 1);
  return { waits: body.slice(0, end), snapshot: snapshot === "" ? null : snapshot };
}

/** Text for people. Postgres takes none with a NUL, SQLite's C interface ends one there. */
export function clean(text: string): string {
  return text.replaceAll("\0", "\\0");
}

export function attemptOf({ wait, made, due, error, since, begun, progress }: Row): Attempt {
  return { wait, made, due, error, since, begun, progress };
}

/** @param tags as this database keeps them, read */
export function rowOf(row: Row, tags: RunRow["tags"]): RunRow {
  return {
    id: row.id,
    entry: row.entry,
    status: row.status,
    tags,
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

export function detailOf(row: Row, tags: RunRow["tags"], attempts: readonly Attempt[]): RunDetail {
  const { snapshot, waits } = unpackBody(row.body);
  return {
    ...rowOf(row, tags),
    call: row.call,
    secret: row.secret,
    snapshot,
    waits: JSON.parse(waits),
    attempts,
    end: row.value === null ? null : { status: row.status, value: row.value },
    history: row.keep ?? 0,
    limit: row.line === null ? null : { key: row.line, max: row.most },
  };
}

/** Lists are JSON, or null for none: `[wait, key, max]` of places, `[key, to, once]` of feeds. */
export interface HoldingsRow {
  readonly cancel: Holdings["cancel"];
  readonly grp: string | null;
  readonly places: string | null;
  readonly feeds: string | null;
}

export interface ParkRow extends HoldingsRow {
  readonly turn: number;
  readonly saved: number;
  /** Waits, a line end, the snapshot. */
  readonly body: string;
}

export function holdingsOf({ cancel, grp, places, feeds }: HoldingsRow): Holdings {
  return {
    ...{ cancel, group: grp },
    places: (JSON.parse(places ?? "[]") as [number, string, number][]).map(([wait, key, max]) => ({
      ...{ wait, key, max },
    })),
    feeds: (JSON.parse(feeds ?? "[]") as [string, string, unknown][]).map(([key, to, once]) => ({
      ...{ key, to, which: once ? ("next" as const) : ("all" as const) },
    })),
  };
}

export function parkOf(row: ParkRow): Park {
  const { turn, saved, body } = row;
  const { waits, snapshot } = unpackBody(body);
  return {
    // A run without a snapshot has no park.
    ...{ turn, saved, snapshot: snapshot! },
    waits: JSON.parse(waits),
    holdings: holdingsOf(row),
  };
}

export interface LineRow extends Omit<JournalLine, "by"> {
  readonly who: string;
}

export function lineOf({ time, turn, what, who, detail }: LineRow): JournalLine {
  return { time, turn, what, by: who, detail };
}
