/** Parks of a run: the present one and those that are kept, found by the numbers of their turns. */
import { ColdframeError } from "../errors.ts";
import type { Holdings, Park, RunDetail, Store, WaitInfo } from "./store.ts";

/** A run as it was saved by one turn. */
export interface FoundPark {
  readonly turn: number;
  readonly snapshot: string;
  readonly waits: readonly WaitInfo[];
  readonly holdings: Holdings;
  /** It is how the run stands now. */
  readonly isPresent: boolean;
}

/** How many parks an error lists. */
const LISTED = 10;

export function hasEnded({ status }: Pick<RunDetail, "status">): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}

/** The park at which a run stands that has begun and not ended. */
function presentOf(run: RunDetail, holdings: Holdings): FoundPark | null {
  if (run.snapshot === null || hasEnded(run)) return null;
  const { turn, snapshot, waits } = run;
  return { turn, snapshot, waits, holdings, isPresent: true };
}

/**
 * @param at number of a turn; negative: so many parks before the present one, or before the end
 * @throws ColdframeError CF3120 when no such park is kept
 */
export async function parkAt(store: Store, run: RunDetail, at: number | undefined): Promise<FoundPark> {
  const holdings = (await store.read.holdings(run.id)) ?? {
    cancel: "no",
    group: null,
    places: [],
    feeds: [],
  };
  const present = presentOf(run, holdings);
  if (present !== null && (at === undefined || at === present.turn)) return present;
  const wanted = at ?? -1;
  const [found] =
    wanted > 0
      ? await store.read.history(run.id, { turn: wanted })
      : wanted < 0
        ? (await store.read.history(run.id, { limit: -wanted })).slice(-wanted - 1)
        : [];
  if (found !== undefined) return { ...found, isPresent: false };
  throw await noSuchPark(store, run, at, present);
}

async function noSuchPark(
  store: Store,
  { id, turn, history }: RunDetail,
  at: number | undefined,
  present: FoundPark | null,
): Promise<ColdframeError> {
  if (turn === 0) return new ColdframeError("CF3120", `"${id}" has not begun. Wait until it is parked`);
  const kept: readonly Pick<Park, "turn">[] = [
    ...(present === null ? [] : [present]),
    ...(await store.read.history(id, { limit: LISTED })),
  ];
  const which = at === undefined ? "its last one" : `${at}`;
  const list = kept.map((park) => park.turn).join(", ");
  if (history === 0)
    return new ColdframeError(
      "CF3120",
      `"${id}" keeps no parks${list === "" ? "" : ` but the present one, ${list}`}; ${which} was asked for. Start runs with { history: 10 } to keep the last ten`,
    );
  return new ColdframeError(
    "CF3120",
    `"${id}" has none of turn ${which}. ${list === "" ? "None is kept" : `The newest are ${list}`}; coldframe history lists all`,
  );
}

/**
 * A run as it stood at a park.
 * @throws ColdframeError CF3120
 */
export async function detailAt(store: Store, run: RunDetail, at: number): Promise<RunDetail> {
  const { turn, snapshot, waits, holdings, isPresent } = await parkAt(store, run, at);
  const group = holdings.group ?? run.group;
  return { ...run, turn, snapshot, waits, group, attempts: isPresent ? run.attempts : [] };
}
