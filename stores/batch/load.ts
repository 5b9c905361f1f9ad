/**
 * Locks and loads what a batch needs, in an order in which no two transactions wait for each other: names first, sorted,
 * then runs, sorted by number. What turns out to be needed only then (who follows a run that ends, who stands next in a
 * line) is locked without waiting; when that cannot be had, all is undone and locked again from the start, in order.
 */
import { Again, type Needs } from "./needs.ts";
import type { KeyNeed, Tables } from "./records.ts";
import { hasEnded, Work } from "./work.ts";

export async function load(tables: Tables, needs: Needs): Promise<Work> {
  const work = new Work(tables.now, needs);
  await resolve(tables, needs, work);
  const locked = new Set<string>();
  for (let first = true; ; first = false) {
    const names = needs.names().filter((name) => !locked.has(name));
    if (names.length > 0) {
      if (!(await tables.lockKeys(names.sort(), first))) throw new Again("a name that others have");
      for (const name of names) locked.add(name);
    }
    await readKeys(tables, needs, work);
    const runs = [...needs.runs].filter((n) => !work.runs.has(n)).sort((a, b) => a - b);
    if (runs.length > 0) {
      const found = await tables.lockRuns(runs, first);
      for (const run of found) work.runs.set(run.n, run);
      // Those that do not exist are not waited for again.
      if (found.length < runs.length && !first) throw new Again("a run that others have");
      if (found.length < runs.length) for (const n of runs) if (!work.runs.has(n)) needs.runs.delete(n);
    }
    await readRuns(tables, needs, work);
    const complete =
      needs.names().every((name) => locked.has(name)) && [...needs.runs].every((n) => work.runs.has(n));
    if (complete) return work;
  }
}

async function resolve(tables: Tables, needs: Needs, work: Work): Promise<void> {
  const ids = new Set([...needs.ids, ...needs.created]);
  if (ids.size > 0) for (const [id, n] of await tables.numbers([...ids])) work.numbers.set(id, n);
  for (const id of ids) {
    const n = work.numbers.get(id);
    if (n !== undefined && needs.ids.has(id)) needs.runs.add(n);
  }
  const created = [...needs.created].filter((id) => !work.numbers.has(id));
  if (created.length > 0) {
    const free = await tables.allocate(created.length);
    for (const [i, id] of created.entries()) work.free.set(id, free[i]!);
  }
  // Lines of places that are given up: read before they are locked, and once more after that.
  if (needs.released.size > 0) await readPlaces(tables, needs, work);
}

async function readPlaces(tables: Tables, needs: Needs, work: Work): Promise<void> {
  const waits = [...needs.released.values()].flatMap(({ run, wait }) => {
    const n = work.numbers.get(run);
    return n === undefined ? [] : [{ n, wait }];
  });
  work.places.clear();
  for (const place of waits.length === 0 ? [] : await tables.places(waits)) {
    work.places.set(`${place.wait} ${place.n}`, place);
    if (!needs.lines.has(place.key)) needs.line(place.key);
  }
}

async function readKeys(tables: Tables, needs: Needs, work: Work): Promise<void> {
  for (;;) {
    const wanted = new Map<string, KeyNeed>();
    for (const [key, need] of needs.keys) if (!work.keys.has(key)) wanted.set(key, need);
    if (wanted.size === 0) break;
    for (const [key, state] of await tables.keys(wanted)) {
      work.keys.set(key, state);
      for (const { n } of state.subscribers) needs.runs.add(n);
      for (const { n, target } of state.feeds) {
        needs.runs.add(n);
        const { sent } = wanted.get(key)!;
        for (const id of sent) needs.event(target, id);
      }
    }
    // Keys of feeds have to be locked first.
    if ([...needs.keys.keys()].some((key) => !work.keys.has(key))) return;
  }
  const lines = new Map<string, number>();
  for (const [key, count] of needs.lines) if (!work.lines.has(key)) lines.set(key, count);
  if (lines.size > 0) {
    for (const [key, line] of await tables.lines(lines)) {
      work.lines.set(key, line);
      for (const { n } of line.waiting) needs.runs.add(n);
    }
    if (needs.released.size > 0) await readPlaces(tables, needs, work);
  }
}

async function readRuns(tables: Tables, needs: Needs, work: Work): Promise<void> {
  const ending = [...needs.ends].filter((n) => work.runs.has(n) && !work.belongings.has(n));
  if (ending.length > 0) {
    for (const [n, belongings] of await tables.belongings(ending)) {
      work.belongings.set(n, belongings);
      for (const follower of belongings.followers) needs.runs.add(follower.n);
      for (const attached of belongings.attached) needs.runs.add(attached);
      for (const { key } of belongings.places) needs.line(key);
      for (const hash of belongings.chunks) needs.chunks.add(hash);
    }
  }
  const opening = [...needs.openings].filter((n) => work.runs.has(n) && !work.isOpen(n));
  if (opening.length > 0) for (const [n, openings] of await tables.openings(opening)) work.open(n, openings);
  const ended = [...needs.outcomes].flatMap((id) => {
    const n = work.numbers.get(id);
    const run = n === undefined ? undefined : work.runs.get(n);
    return run !== undefined && hasEnded(run) && !work.outcomes.has(run.n) ? [run.n] : [];
  });
  if (ended.length > 0) for (const [n, end] of await tables.outcomes(ended)) work.outcomes.set(n, end);
  const keep = new Map([...needs.keep].filter(([n]) => work.runs.has(n) && !work.pasts.has(n)));
  if (keep.size > 0) {
    for (const [n, past] of await tables.pasts(keep)) {
      work.pasts.set(n, past);
      for (const hash of past.chunks) needs.chunks.add(hash);
    }
  }
  const waits = [...needs.waits].filter((n) => work.runs.has(n) && !work.waits.has(n));
  if (waits.length > 0) for (const [n, text] of await tables.waits(waits)) work.waits.set(n, text);
}
