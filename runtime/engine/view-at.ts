/** A run as `coldframe show` has it, now or at a park that is over. */
import { type RunView, viewOf } from "./run-view.ts";
import type { Store } from "./store.ts";

/**
 * @param at as of `engine.fork`; undefined: as it is now
 * @returns null when there is no such run
 * @throws ColdframeError CF3120 when this park is not kept
 */
export async function viewAt(store: Store, id: string, at: number | undefined): Promise<RunView | null> {
  const run = await store.read.run(id);
  if (run === null) return null;
  const codes = await store.read.codes();
  if (at === undefined) return viewOf(run, codes, await store.read.chunks(id));
  const { detailAt } = await import("./parks.ts");
  const then = await detailAt(store, run, at);
  const chunks = await store.read.chunks(id, then.turn);
  const needed = chunks.filter(({ hash }) => then.snapshot!.includes(hash));
  return viewOf({ ...then, end: null }, codes, needed);
}
