/** Rows of what is over of a run, as the records of the store port: the same columns in all databases. */
import type { Holdings, JournalLine, Park } from "../../runtime/engine/store.ts";

/** Lists are JSON, or null for none: `[wait, key, max]` of places, `[key, to, once]` of feeds. */
export interface HoldingsRow {
  readonly cancel: Holdings["cancel"];
  readonly places: string | null;
  readonly feeds: string | null;
}

export interface ParkRow extends HoldingsRow {
  readonly turn: number;
  readonly saved: number;
  /** Waits, a line end, the snapshot. */
  readonly body: string;
}

export function holdingsOf({ cancel, places, feeds }: HoldingsRow): Holdings {
  return {
    cancel,
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
  const end = body.indexOf("\n");
  return {
    ...{ turn, saved, snapshot: body.slice(end + 1) },
    waits: JSON.parse(body.slice(0, end)),
    holdings: holdingsOf(row),
  };
}

export interface LineRow extends Omit<JournalLine, "by"> {
  readonly who: string;
}

export function lineOf({ time, turn, what, who, detail }: LineRow): JournalLine {
  return { time, turn, what, by: who, detail };
}
