/** Parks that are over. */
import { ALL_PARKS, type Holdings } from "../../runtime/engine/store.ts";
import { dropPastChunks } from "./chunks.ts";
import type { Database, Record } from "./database.ts";

/** The present park is about to end. */
export function keepPark(data: Database, run: Record): void {
  const { keep, parks, snapshot, turn, updated, waits } = run;
  if (keep === 0 || snapshot === null) return;
  parks.push({ turn, saved: updated, snapshot, waits: JSON.parse(waits), holdings: holdingsOf(data, run) });
  if (keep === ALL_PARKS) return;
  for (const { turn } of parks.splice(0, Math.max(0, parks.length - keep))) dropPastChunks(data, run, turn);
}

export function holdingsOf(data: Database, run: Record): Holdings {
  return {
    ...{ cancel: run.cancel, group: run.group },
    places: [...data.places.values()]
      .flat()
      .filter((place) => place.run === run && place.wait >= 0 && !(place.loose && place.held))
      .map(({ wait, key, max }) => ({ wait, key, max })),
    feeds: [...data.feeds.values()]
      .flat()
      .filter((fed) => fed.run === run)
      .map(({ key, to, which }) => ({ key, to, which })),
  };
}

/** The run is collected, and its past with it. */
export function forgetPast(data: Database, run: Record): void {
  dropPastChunks(data, run, Number.POSITIVE_INFINITY);
}
