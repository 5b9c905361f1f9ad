/** Back-pressure: a worker that has enough to do leaves runs to others. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { Builds } from "../../runtime/engine/builds.ts";
import { CodeRecords } from "../../runtime/engine/code-records.ts";
import { Search, type Searcher } from "../../runtime/engine/search.ts";
import type { Claimed, Store } from "../../runtime/engine/store.ts";
import { TIMING } from "../../runtime/engine/timing.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual-clock.ts";

let clock: VirtualClock;
/** How many runs each claim asked for. */
let asked: number[];
let search: Search;
let full: boolean;
/** Ms that taking up one run takes. */
let cost: number;
let spent: number;
let hasRuns: boolean;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  asked = [];
  full = false;
  cost = 0;
  spent = 0;
  hasRuns = true;
  const store = {
    watch: () => () => {},
    strand: async () => [],
    due: async () => 0,
    news: async () => [],
    // There is always more.
    claim: async (_worker: string, limit: number) => {
      asked.push(limit);
      if (asked.length >= 40) worker.room = 0;
      return Array.from({ length: limit }, () => ({}) as Claimed);
    },
  } as Partial<Store> as Store;
  const now = () => clock.now() + spent;
  const settings = {
    ...{ store, poll: 60_000, groups: null, only: null, retention: null, log: () => {}, random: Math.random },
    timing: TIMING,
    isFull: () => full,
    clock: { now, setTimeout: clock.setTimeout.bind(clock), clearTimeout: clock.clearTimeout.bind(clock) },
  } as Partial<Searcher["settings"]> as Searcher["settings"];
  const worker = {
    ...{ id: "w", settings, closing: false, room: 1e6, owned: [] },
    builds: new Builds(settings),
    codes: new CodeRecords(),
    announce: async () => {},
    get hasRuns() {
      return hasRuns;
    },
    adopt: () => {
      spent += cost;
    },
    hear: () => {},
  };
  search = new Search(worker);
});
afterEach(() => search.end());

async function pass(ms: number): Promise<void> {
  await settled();
  await clock.advance(ms);
}

it("takes more at a time while it keeps up", async () => {
  search.begin();
  await pass(10);
  expect(asked.slice(0, 6)).toEqual([8, 16, 32, 64, 100, 100]);
});

it("takes less at a time when that keeps the event loop", async () => {
  cost = 5;
  search.begin();
  await pass(10);
  expect(asked.slice(0, 6)).toEqual([8, 4, 8, 4, 8, 4]);
});

it("takes nothing for as long again when it is swamped", async () => {
  cost = 50;
  search.begin();
  await pass(1);
  expect(asked).toEqual([8]);
  await pass(380);
  expect(asked).toEqual([8]);
  await pass(25);
  expect(asked.length).toBeGreaterThan(1);
  expect(asked[1]).toBe(1);
});

it("takes nothing beside the runs it has while the memory is full", async () => {
  full = true;
  search.begin();
  await pass(900);
  expect(asked).toEqual([]);
  full = false;
  await pass(200);
  expect(asked.length).toBeGreaterThan(0);
});

it("takes something when it has no run, however full the memory is", async () => {
  full = true;
  hasRuns = false;
  search.begin();
  await pass(10);
  expect(asked.length).toBeGreaterThan(0);
});
