/** The past of a run, for people: its parks, with what it waited for and its locals, and what people did to it. */
import type { CodeRecords } from "./code-records.ts";
import { hasEnded } from "./parks.ts";
import { type ParkView, parkOf } from "./run-view.ts";
import { ALL_PARKS, type JournalLine, type RunDetail, type Store } from "./store.ts";

/** A park of a run. */
export interface PastPark extends ParkView {
  /** Number of the turn that saved it: what `at` takes. */
  readonly turn: number;
  /** When it was saved, in ms. */
  readonly saved: number;
  /** The run stands there now. */
  readonly isPresent: boolean;
  /** Characters of its snapshot, without large values. */
  readonly size: number;
}

export interface JournalEntry extends Omit<JournalLine, "detail"> {
  /** Of a fork `{ run, turn }`: where it comes from; of a rewind `{ to }`: which park; of an edit `{ locals }`: their names. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface RunHistory {
  /** How many parks are kept beside the present one; `Infinity`: all. */
  readonly keeps: number;
  readonly parks: readonly PastPark[];
  readonly journal: readonly JournalEntry[];
}

/** @param limit parks, the newest */
export async function historyOf(
  id: string,
  limit: number,
  store: Store,
  codes: CodeRecords,
): Promise<RunHistory | null> {
  const run = await store.read.run(id);
  if (run === null) return null;
  await codes.load(store);
  const viewOf = (
    { turn, snapshot, waits }: Pick<RunDetail, "turn" | "snapshot" | "waits">,
    saved: number,
    isPresent: boolean,
  ): PastPark => {
    const attempts = isPresent ? run.attempts : [];
    const view = parkOf({ ...run, snapshot, waits, attempts }, codes.find);
    return { turn, saved, isPresent, size: snapshot?.length ?? 0, ...view };
  };
  const parks = (await store.read.history(id, { limit: Math.min(limit, ALL_PARKS) })).map((park) =>
    viewOf(park, park.saved, false),
  );
  codes.takeMissed();
  const isParked = run.snapshot !== null && !hasEnded(run);
  if (isParked) parks.unshift(viewOf(run, run.updated, true));
  const journal = await store.read.journal(id);
  return {
    keeps: run.history === ALL_PARKS ? Number.POSITIVE_INFINITY : run.history,
    parks: parks.slice(0, limit).reverse(),
    journal: journal.map((line) => ({ ...line, detail: JSON.parse(line.detail) })),
  };
}
