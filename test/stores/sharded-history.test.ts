/** Forks and rewinds of runs that have something to do with another database: as within one, or refused. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEngine, type Engine, type RunHandle } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { load } from "../engine/programs.ts";
import { ANY, newRun, passed, turnOf } from "./contract.ts";
import { Cluster, at as nameAt } from "./sharded-names.ts";

const LOCK = nameAt(1, "lock");
const KEY = nameAt(1, "key");
const RUN = nameAt(0, "run");
const FORK = nameAt(1, "fork");

const program = load(`
import { event, mutex } from "coldframe";
export async function inside(lock, first, second) {
  "use workflow";
  await event(first + " before");
  {
    await using held = await mutex(lock);
    await event(first);
  }
  return await event(second);
}
export async function waits(key) {
  "use workflow";
  const first = await event("{" + key + "} first");
  return [first, await event(key)];
}
`);

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ store: sharded([memory(), memory()]), history: "all", log: () => {} });
});
afterEach(() => engine.close());

/** Resolves when the run waits for this event. */
async function waitsFor(run: RunHandle, name: string): Promise<void> {
  for await (const { waits } of run.watch()) if (waits.some((wait) => wait.name === name)) return;
}

describe("a run with a lock that is at home elsewhere", () => {
  const [first, second] = [nameAt(0, "first"), nameAt(0, "second")];

  it("is not forked while it has that, nor set back to where it had it; later it is", async () => {
    const { inside } = await program;
    const run = await engine.start(inside as never, [LOCK, first, second] as never, { id: RUN });
    await waitsFor(run, `${first} before`);
    await engine.send(`${first} before`, 1);
    await waitsFor(run, first);
    await expect(engine.fork(RUN, { id: FORK })).rejects.toMatchObject({ code: "CF3121" });
    const held = (await engine.history(RUN))!.parks.find(({ isPresent }) => isPresent)!.turn;
    await engine.send(first, 1);
    await waitsFor(run, second);
    await expect(engine.rewind(RUN, { at: held })).rejects.toMatchObject({ code: "CF3121" });
    await engine.fork(RUN, { id: FORK });
    await engine.send(second, "one");
    await engine.send(second, "two");
    const results = [await run.result(), await engine.run(FORK).result()];
    expect(results.sort()).toEqual(["one", "two"]);
  });

  it("tells of it, and of none that it has given back", async () => {
    const cluster = await Cluster.make();
    const { store } = cluster;
    await store.start([newRun(RUN, { history: 9 })], null);
    const [run] = await store.claim("w1", 1, ANY);
    const long = nameAt(1, "x".repeat(450));
    const place = { max: 3, loose: false, value: "1" };
    const acquire = [LOCK, nameAt(0, "here"), long].map((key, wait) => ({ ...place, wait, key }));
    const loose = { ...place, wait: 3, key: LOCK, loose: true };
    const write = async (turn: number, extra: object) => {
      const news = (await store.news("w1"))[0]?.news ?? 0;
      passed(
        (await store.commit([turnOf({ ...run!, turn, news }, { history: 9, keep: true, ...extra })]))[0],
      );
      await cluster.settle();
    };
    await write(0, { acquire: [...acquire, loose] });
    const places = (await store.read.holdings(RUN))!.places;
    expect(places.map(({ wait }) => wait)).toEqual([0, 1, 2]);
    expect(places[0]).toEqual({ wait: 0, key: LOCK, max: 3 });
    await write(1, { consumed: [0, 1, 2, 3], release: [{ run: RUN, wait: 0, key: LOCK }] });
    const left = (await store.read.holdings(RUN))!;
    expect([left.places.map(({ wait }) => wait), left.feeds]).toEqual([[1, 2], []]);
    expect((await store.read.history(RUN, { turn: 1 }))[0]!.holdings.places).toEqual(places);
  });
});

describe("a fork of a run that waits elsewhere", () => {
  it("waits there, too, wherever it is at home, and the run itself is not set back", async () => {
    const { waits } = await program;
    const run = await engine.start(waits as never, [KEY] as never, { id: RUN });
    await waitsFor(run, `{${KEY}} first`);
    await engine.send(`{${KEY}} first`, "f");
    await waitsFor(run, KEY);
    const forks = [FORK, nameAt(0, "fork")];
    for (const id of forks) await engine.fork(RUN, { id });
    const at = (await engine.history(RUN))!.parks.at(-1)!.turn;
    await expect(engine.rewind(RUN, { at })).rejects.toMatchObject({ code: "CF3114" });
    for (const n of [1, 2, 3]) await engine.send(KEY, n, { id: String(n) });
    const results = await Promise.all([RUN, ...forks].map((id) => engine.run(id).result()));
    expect(results.sort()).toEqual([1, 2, 3].map((n) => ["f", n]));
  });
});
