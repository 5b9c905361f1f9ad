/**
 * A store of several databases keeps the contract of one also for names that are at home in different ones: each new name is at home in
 * the next database. What goes from one to another takes its time, so it arrives before the test goes on.
 */
import { beforeEach, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { ANY } from "./contract.ts";
import { COUNT, type Databases, kinds } from "./sharded-kinds.ts";
import { describeContract } from "./whole-contract.ts";

class Spread extends Routing {
  readonly #homes = new Map<string, number>();

  override of(name: string): number {
    const home = this.#homes.get(name) ?? this.#homes.size % this.count;
    this.#homes.set(name, home);
    return home;
  }
}

const underTest = (make: () => Databases) => async () => {
  const clock = { now: 1_000_000 };
  const { connect: open, dispose } = make();
  const routing = new Spread(COUNT);
  const opened: ShardedStore[] = [];
  const settle = async () => {
    for (let i = 0; i < 12; i++) {
      for (const store of opened) await store.due("nobody", ANY);
      await new Promise(setImmediate);
    }
  };
  const connect = async () => {
    const store = new ShardedStore(open(), routing);
    opened.push(store);
    await store.migrate({ now: () => clock.now });
    return settling(store, settle);
  };
  return {
    ...{ clock, connect },
    async dispose() {
      for (const store of opened) await store.close();
      dispose();
    },
  };
};

/** A store whose calls are over when all that came of them has arrived. */
function settling(store: Store, settle: () => Promise<void>): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (["watch", "now", "partOf", "close"].includes(String(name))) return value.bind(target);
      return async (...args: unknown[]) => {
        const answer = await Reflect.apply(value, target, args);
        await settle();
        return answer;
      };
    },
  });
}

const ORDER = "priority, age and the order of lists count within each database";
const ANSWER =
  "what comes from elsewhere is not in the answer to the turn that waits for it: it arrives after that";
const CLONE = "a clone is at home where its run is, and what it waits for is, too (CF3114)";
const BROADCAST = "a broadcast is listened to where it is at home (CF3114)";
const CHUNKS = "each database has the chunks of its own runs";

/** What cannot hold between databases, and why: docs/scaling.md. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ["claims by priority, then by age, without excepted entries", ORDER],
  ["a point of priority is worth a minute of waiting", ORDER],
  [
    "claims of the groups of the worker, of all when it has none, and tells when there is something for it",
    ORDER,
  ],
  ["lists runs newest first, by status, entry and tags, page by page", ORDER],
  [
    "begins limited runs when there is a place, in order",
    "runs stand in line in the order in which their proxies come there",
  ],
  ["tells again what the lost answer to a turn told", ANSWER],
  ["keeps an event that comes before its wait, and answers the turn with it", ANSWER],
  ["tells who follows a run that has ended already, and cancels what is attached to one that ends", ANSWER],
  ["gives an event back that came for a wait which the run drops", ANSWER],
  [
    "decides between an event and the deadline of its wait once",
    "`send` says `delivered` when a proxy has it",
  ],
  [
    "delivers an event to a parked run and makes it due",
    "those who carry out errands have leases, too: there is always one to look at",
  ],
  ["copies events to feeds: the next one, all, or none any more", BROADCAST],
  ["feeds nobody who has ended", BROADCAST],
  ["tells what a park had beside its snapshot", BROADCAST],
  ["clones what is parked", CLONE],
  ["clones a run as it is said to be saved, unless it was saved again", CLONE],
  ["are shared with a clone of their run, and go with an end by force", CLONE],
  ["moves a run with its turn, also when it is kept, and takes group and priority over to a clone", CLONE],
  [
    "lets only those claim a run that is bound who hold its build, or are meant; a clone is bound, too",
    CLONE,
  ],
  ["stay while a run refers to them, and go with the last", CHUNKS],
  ["shares its chunks with other runs, each until its own last reference", CHUNKS],
  [
    "gives back what had come and not been consumed when the run is rewound, and finds it again",
    "a run that waits elsewhere is not set back (CF3114)",
  ],
]);

const NEWEST = "a SQLite file keeps its newest run until there is another";
const LEFT_OUT_OF_FILES: ReadonlyMap<string, string> = new Map([
  ["removes what ended long ago, in batches", NEWEST],
  ["keeps the last park of a run that ends, and goes with it", NEWEST],
]);

beforeEach(({ task, skip }) => {
  const isOfFiles = task.suite?.name.includes("SQLite") === true;
  const reason = LEFT_OUT.get(task.name) ?? (isOfFiles ? LEFT_OUT_OF_FILES.get(task.name) : undefined);
  if (reason !== undefined) skip(reason);
});

it("leaves out nothing that is no part of the contract any more", ({ task }) => {
  const there = new Set(
    task.file.tasks.flatMap((one) => ("tasks" in one ? one.tasks : [])).map((one) => one.name),
  );
  const names = [...LEFT_OUT.keys(), ...LEFT_OUT_OF_FILES.keys()];
  expect(names.filter((name) => !there.has(name))).toEqual([]);
});

for (const [name, make] of kinds)
  describeContract(`names spread over three databases ${name}`, underTest(make));
