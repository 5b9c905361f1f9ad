/**
 * Which list of databases each one belongs to, written into it when the list is first used. All that a run has elsewhere is found by
 * its place in the list, so another order, one more or one less would find nothing, or start twice: such a list is refused.
 *
 * A mark is kept among the builds, of which no record is ever changed. Those that say `made` come when all databases have been marked:
 * one without a mark is new before that, and lost its data after it.
 */
import type { Store } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { OWN } from "./errands.ts";

const LIST = `${OWN}list`;
const MADE = `${OWN}list made`;

interface Mark {
  /** Of the list. */
  readonly id: string;
  /** Place in it, from 0. */
  readonly place: number;
  readonly of: number;
}

/** @throws ColdframeError CF3112 when the data were not written with this list; nothing was changed then */
export async function checkList(stores: readonly Store[]): Promise<void> {
  const of = stores.length;
  const found = await Promise.all(stores.map(markOf));
  const first = found.find(({ mark }) => mark !== null)?.mark ?? null;
  for (const [place, { mark }] of found.entries()) {
    if (mark === null || first === null) continue;
    if (mark.of !== of)
      throw wrongList(`the list has ${of}, but the data of number ${place + 1} were written with ${mark.of}`);
    if (mark.id !== first.id) throw wrongList(`number ${place + 1} belongs to another list than the others`);
    if (mark.place !== place)
      throw wrongList(`number ${place + 1} was number ${mark.place + 1} when its data were written`);
  }
  if (found.every(({ made }) => made)) return;
  for (const [place, { mark }] of found.entries()) {
    if (mark !== null) continue;
    if (found.some(({ made }) => made))
      throw wrongList(`number ${place + 1} is empty, or was never one of this list`);
    if (!(await isUnused(stores[place]!)))
      throw wrongList(`number ${place + 1} has runs that were started with another list, or without one`);
  }
  await markAll(stores, first?.id ?? crypto.randomUUID());
}

async function markAll(stores: readonly Store[], suggested: string): Promise<void> {
  const of = stores.length;
  let id = suggested;
  for (const [place, store] of stores.entries()) {
    await store.announce([{ id: LIST, body: JSON.stringify({ id, place, of }) }]);
    // Perhaps another process was first.
    const { mark } = await markOf(store);
    if (mark!.place !== place || mark!.of !== of || (place > 0 && mark!.id !== id))
      throw wrongList("another process began to use these databases with another list at the same time");
    id = mark!.id;
  }
  for (const store of stores) await store.announce([{ id: MADE, body: "{}" }]);
}

async function markOf(store: Store): Promise<{ readonly mark: Mark | null; readonly made: boolean }> {
  const builds = await store.read.builds();
  const text = builds.find(({ id }) => id === LIST)?.body;
  const made = builds.some(({ id }) => id === MADE);
  return { mark: text === undefined ? null : (JSON.parse(text) as Mark), made };
}

async function isUnused(store: Store): Promise<boolean> {
  const [runs, schedules] = await Promise.all([store.read.runs({ limit: 1 }), store.read.schedules(null, 1)]);
  return runs.length === 0 && schedules.length === 0;
}

function wrongList(why: string): ColdframeError {
  return new ColdframeError(
    "CF3112",
    `${why}. Give all databases of the list, in the order in which they were first given: nothing was changed`,
  );
}
