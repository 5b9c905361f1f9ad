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

/** A list that all of its databases know. */
export interface List {
  readonly id: string;
  readonly of: number;
}

/**
 * @param stores null: it cannot be reached
 * @returns null: not all can be reached, and those that can do not know yet that they belong together
 * @throws ColdframeError CF3112 when the data were not written with this list; nothing was changed then
 */
export async function checkList(stores: readonly (Store | null)[]): Promise<List | null> {
  const of = stores.length;
  const reached = stores.flatMap((store, place) => (store === null ? [] : [{ store, place }]));
  const found = await Promise.all(
    reached.map(async ({ store, place }) => ({ store, place, ...(await markOf(store)) })),
  );
  const first = found.find(({ mark }) => mark !== null)?.mark ?? null;
  for (const { place, mark } of found)
    if (mark !== null && first !== null) checkMark(mark, place, { id: first.id, of });
  if (first !== null && found.every(({ made }) => made)) return { id: first.id, of };
  for (const { store, place, mark } of found) {
    if (mark !== null) continue;
    if (found.some(({ made }) => made)) throw isEmpty(place);
    if (!(await isUnused(store)))
      throw wrongList(`number ${place + 1} has runs that were started with another list, or without one`);
  }
  if (found.length < of) return null;
  return { id: await markAll(found, first?.id ?? crypto.randomUUID()), of };
}

/** @throws ColdframeError CF3112 when a database that was reached later is not the one of the list */
export async function checkPlace(store: Store, place: number, list: List): Promise<void> {
  const { mark } = await markOf(store);
  if (mark === null) throw isEmpty(place);
  checkMark(mark, place, list);
}

function checkMark(mark: Mark, place: number, { id, of }: List): void {
  if (mark.of !== of)
    throw wrongList(`the list has ${of}, but the data of number ${place + 1} were written with ${mark.of}`);
  if (mark.id !== id) throw wrongList(`number ${place + 1} belongs to another list than the others`);
  if (mark.place !== place)
    throw wrongList(`number ${place + 1} was number ${mark.place + 1} when its data were written`);
}

function isEmpty(place: number): ColdframeError {
  return wrongList(`number ${place + 1} is empty, or was never one of this list`);
}

/** @returns the id of the list */
async function markAll(all: readonly { readonly store: Store }[], suggested: string): Promise<string> {
  const of = all.length;
  let id = suggested;
  for (const [place, { store }] of all.entries()) {
    await store.announce([{ id: LIST, body: JSON.stringify({ id, place, of }) }]);
    // Perhaps another process was first.
    const { mark } = await markOf(store);
    if (mark!.place !== place || mark!.of !== of || (place > 0 && mark!.id !== id))
      throw wrongList("another process began to use these databases with another list at the same time");
    id = mark!.id;
  }
  for (const { store } of all) await store.announce([{ id: MADE, body: "{}" }]);
  return id;
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
