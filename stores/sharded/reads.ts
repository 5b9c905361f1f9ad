/** What is looked at in a sharded store: where one thing is at home, or in all databases, put together. */
import type { RunFilter, RunRow, RunStatus, ScheduleRow, Store } from "../../runtime/engine/store.ts";
import { OWN, withPlaces } from "./errands.ts";
import type { Routing } from "./routing.ts";

/** @param each asks those that answer in time; the others' places stay undefined */
export function readsOf(
  stores: readonly Store[],
  routing: Routing,
  each: <T>(ask: (read: Store["read"]) => Promise<T>) => Promise<readonly (T | undefined)[]>,
): Store["read"] {
  const of = (name: string) => stores[routing.of(name)]!.read;
  const all = <T>(ask: (read: Store["read"]) => Promise<T>): Promise<T[]> =>
    Promise.all(stores.map(({ read }) => ask(read)));
  return {
    run: async (id) => {
      const found = await of(id).run(id);
      if (found === null) return null;
      // Of one that was there before limits were recorded, only the place is known for which it stands in line here.
      const limit = found.limit?.key.startsWith(OWN) ? null : found.limit;
      return { ...found, limit, worker: workerOf(found.worker) };
    },
    runs: (filter) => newestFirst(stores, routing, filter),
    counts: async () => sumOf(await all((read) => read.counts())) as Record<RunStatus, number>,
    reasons: async () => sumOf(await all((read) => read.reasons())),
    // Those of a run are where the run is: no other needs them while that cannot be reached.
    codes: async () => unique(known(await each((read) => read.codes())), ({ key }) => key),
    chunks: (run, turn) => of(run).chunks(run, turn),
    history: async (run, which) =>
      (await of(run).history(run, which)).map((park) => ({
        ...park,
        holdings: withPlaces(run, park.holdings),
      })),
    holdings: async (run) => {
      const found = await of(run).holdings(run);
      return found === null ? null : withPlaces(run, found);
    },
    journal: (run) => of(run).journal(run),
    builds: async () =>
      unique(known(await each((read) => read.builds())), ({ id }) => id).filter(
        ({ id }) => !id.startsWith(OWN),
      ),
    schemaOf: (key) => stores[routing.ofKey(key)]!.read.schemaOf(key),
    schedule: (id) => of(id).schedule(id),
    schedules: async (due, limit) => {
      const ask = (read: Store["read"]) => read.schedules(due, limit);
      // Those that are due fire although another database cannot be reached; a list is whole or none.
      const rows = known(await (due === null ? all(ask) : each(ask)));
      const byTime = (a: ScheduleRow, b: ScheduleRow) => (a.next ?? 0) - (b.next ?? 0);
      return rows.sort(byTime).slice(0, limit);
    },
    nextSchedule: async () =>
      (await each((read) => read.nextSchedule())).reduce<number | null>(
        (first, next) => (next == null || (first !== null && first <= next) ? first : next),
        null,
      ),
    workers: async () => {
      const found = known(await each((read) => read.workers()));
      const own = found.filter(({ id }) => !id.startsWith(OWN));
      const latest = own.sort((a, b) => b.until - a.until);
      return unique(
        latest.map((worker) => ({ ...worker, id: workerOf(worker.id)! })),
        ({ id }) => id,
      );
    },
  };
}

/** What those have answered that did. */
function known<T>(answers: readonly (readonly T[] | undefined)[]): T[] {
  return answers.flatMap((some) => some ?? []);
}

/** The id that the engine knows of a worker: behind it stands how often its lease in one database had to begin anew. */
function workerOf(name: string | null): string | null {
  return name === null ? null : name.replace(/~\d+$/, "");
}

function sumOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function unique<T>(all: readonly T[], idOf: (one: T) => string): readonly T[] {
  return [...new Map([...all].reverse().map((one) => [idOf(one), one])).values()].reverse();
}

/**
 * The runs of all databases, newest first; those of one moment in the order of the databases. What comes after a run is found by going
 * through what is newer in each, a page at a time: a list is for people, who do not turn many pages.
 */
async function newestFirst(
  stores: readonly Store[],
  routing: Routing,
  filter: RunFilter,
): Promise<readonly RunRow[]> {
  const { limit = 100, after, ...rest } = filter;
  const home = after === undefined ? -1 : routing.of(after);
  const last = after === undefined ? null : await stores[home]!.read.run(after);
  const pages = await Promise.all(
    stores.map(({ read }, place) => {
      const ask = { ...rest, limit };
      if (last === null) return read.runs(ask);
      if (place === home) return read.runs({ ...ask, after: after! });
      return olderThan(read, ask, ({ created }) =>
        place < home ? created < last.created : created <= last.created,
      );
    }),
  );
  const merged: RunRow[] = [];
  const at = pages.map(() => 0);
  while (merged.length < limit) {
    let newest = -1;
    for (const [place, page] of pages.entries()) {
      const row = page[at[place]!];
      if (row !== undefined && (newest < 0 || row.created > pages[newest]![at[newest]!]!.created))
        newest = place;
    }
    if (newest < 0) break;
    merged.push(pages[newest]![at[newest]!++]!);
  }
  return merged.map((row) => ({ ...row, worker: workerOf(row.worker) }));
}

/** A page of runs that begins with the first one of which `isOlder` holds. */
async function olderThan(
  read: Store["read"],
  ask: RunFilter & { readonly limit: number },
  isOlder: (row: RunRow) => boolean,
): Promise<readonly RunRow[]> {
  for (let after: string | undefined; ; ) {
    const page = await read.runs(after === undefined ? ask : { ...ask, after });
    const first = page.findIndex(isOlder);
    if (first === 0) return page;
    if (first > 0) return [...page.slice(first), ...(await read.runs({ ...ask, after: page.at(-1)!.id }))];
    if (page.length < ask.limit) return [];
    after = page.at(-1)!.id;
  }
}
