/** Where names are at home, and which lists of databases are refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { createEngine } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { mysql } from "../../stores/mysql/index.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { aesGcm, sealed } from "../../stores/sealed/index.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { partThatRoutes, Routing } from "../../stores/sharded/routing.ts";
import { ANY, eventOf, newRun, turnOf, worker } from "./contract.ts";
import { at, Cluster, settled } from "./sharded-names.ts";

describe("where a name is at home", () => {
  it.each([
    ["order 42", "order 42"],
    ["{42} paid", "42"],
    ["orders/{42}/1", "42"],
    ["{}", "{}"],
    ["run/1", "run"],
    ["run/1/22/3", "run"],
    ["/1", "/1"],
    ["nightly@2026-01-31T00:00:00.000Z", "nightly"],
    ["nightly@2026-01-31T00:00:00.000Z/4", "nightly"],
    ["me@example.com", "me@example.com"],
    ["schedule nightly", "nightly"],
    ["channel log", "log"],
  ])("%s goes by %s", (name, part) => expect(partThatRoutes(name)).toBe(part));

  it("is with the schedule for all its runs and their line", () => {
    const part = fc.constantFrom(
      "a",
      "a/7",
      "a@b",
      "{b}",
      "a ",
      "schedule a",
      "channel a",
      "a@2026-01-31T00:00:00.000Z",
    );
    const id = fc.array(part, { minLength: 1 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(id, (id) => {
        const run = partThatRoutes(`${id}@2026-01-31T00:00:00.000Z`);
        expect([run, partThatRoutes(`schedule ${id}`)]).toEqual([partThatRoutes(id), partThatRoutes(id)]);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("never changes", () => {
    const names = ["", "a", "run 1", "run 2", "{x} y", "漢字", "x".repeat(500)];
    expect(names.map((name) => new Routing(1000).of(name))).toMatchInlineSnapshot(`
      [
        923,
        715,
        793,
        536,
        484,
        693,
        654,
      ]
    `);
  });

  it("is with the run for keys that it has made, and spread evenly for others", () => {
    const routing = new Routing(16);
    expect(routing.ofKey(`${"0".repeat(32)}.3.run 7`)).toBe(routing.of("run 7"));
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) counts[routing.of(`order-${i}`)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});

describe("a list of databases", () => {
  const three = () => [memory(), memory(), memory()] as const;
  const open = async (stores: readonly Store[]) => {
    const store = sharded(stores);
    await store.migrate();
    return store;
  };

  it("is refused in another order, with one more, one less, an empty or a foreign one; and was not changed by that", async () => {
    const [a, b, c] = three();
    const store = await open([a, b, c]);
    for (const i of Array.from({ length: 9 }).keys()) await store.start([newRun(`r${i}`)], null);
    const foreign = three();
    await open(foreign);
    for (const [wrong, why] of [
      [[b, a, c], "number 1 was number 2"],
      [[a, b], "the list has 2"],
      [[a, b, c, memory()], "the list has 4"],
      [[a, b, memory()], "number 3 is empty"],
      [[memory(), memory(), c], "number 1 is empty"],
      [[a, foreign[1], c], "number 2 belongs to another list"],
    ] as const)
      await expect(open(wrong), why).rejects.toMatchObject({
        code: "CF3112",
        message: expect.stringContaining(why),
      });
    expect(await foreign[1].read.runs({})).toEqual([]);
    expect((await (await open([a, b, c])).read.runs({})).length).toBe(9);
  });

  it("is refused when one has runs of its own, and is none of databases already in use", async () => {
    const [a, b] = three();
    await a.start([newRun("r")], null);
    await expect(open([a, b])).rejects.toMatchObject({ code: "CF3112" });
    expect(await b.read.builds()).toEqual([]);
  });

  it("goes on being made where a process died that made it, also by several at once", async () => {
    const [a, b, c] = three();
    const dying = new Proxy(b, {
      get(target, name) {
        if (name === "announce") return () => Promise.reject(new Error("died"));
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await expect(open([a, dying, c])).rejects.toThrow("died");
    await Promise.all([open([a, b, c]), open([a, b, c]), open([a, b, c])]);
    expect(await (await open([a, b, c])).read.builds()).toEqual([]);
  });

  it("is needed whole: one of its databases alone is refused", async () => {
    const stores = three();
    await open(stores);
    const alone = createEngine({ store: stores[1], worker: false });
    await expect(alone).rejects.toMatchObject({ code: "CF3112" });
  });

  it("is what postgres() and mysql() make of several", () => {
    const urls = ["postgres://a/x", "postgres://b/x"];
    expect(postgres(urls).partOf("r")).toBe(new Routing(2).of("r"));
    expect(mysql(["mysql://a/x", "mysql://b/x"]).pace).toEqual(mysql("mysql://a/x").pace);
    for (const wrong of [[], null, [memory(), null]])
      expect(() => sharded(wrong as never)).toThrow(expect.objectContaining({ code: "CF2301" }));
    const one = memory();
    expect(() => sharded([one, one])).toThrow(expect.objectContaining({ code: "CF2301" }));
    expect(() => postgres([])).toThrow(expect.objectContaining({ code: "CF2301" }));
  });
});

describe("what is refused between databases", () => {
  const A = at(0, "a");
  const KEY = at(1, "key");

  it("names that are the store's own, and broadcasts from elsewhere", async () => {
    const { store } = await Cluster.make();
    await expect(store.start([newRun("~x")], null)).rejects.toMatchObject({ code: "CF3103" });
    await store.start([newRun(A)], null);
    const [run] = await store.claim("w1", 1, ANY);
    const feeds = [{ key: KEY, to: `${"0".repeat(32)}.1.${A}`, which: "all" }] as const;
    const [outcome] = await store.commit([turnOf(run!, { feeds })]);
    expect(outcome).toMatchObject({ passed: false, error: { code: "CF3114" } });
    expect(await store.read.run(A)).toMatchObject({ turn: 0, worker: "w1" });
  });

  it("clones and overrulings of runs that wait for something elsewhere, and clones elsewhere", async () => {
    const { store } = await Cluster.make();
    await store.start([newRun(A)], null);
    const [run] = await store.claim("w1", 1, ANY);
    const waits = JSON.stringify([{ id: 1, kind: "event", name: KEY, due: null, since: 0, at: "" }]);
    await store.commit([turnOf(run!, { waits, subscribe: [{ wait: 1, key: KEY }] })]);
    const copy = { id: at(0, "copy"), secret: "s", turn: 1, state: null };
    await expect(store.clone(A, copy)).rejects.toMatchObject({ code: "CF3114" });
    await expect(store.clone(A, { ...copy, id: at(1, "copy") })).rejects.toMatchObject({ code: "CF3114" });
    const line = { what: "edit", by: "me", detail: "{}" } as const;
    const turn = turnOf({ ...run!, turn: 1 });
    await expect(store.overrule({ turn, line, cancel: null })).rejects.toMatchObject({ code: "CF3114" });
    expect((await store.read.run(A))!.turn).toBe(1);
  });

  it("transactions of another database", async () => {
    const { store, data } = await Cluster.make();
    await data[0]!.transaction(async (tx) => {
      const port = store.within!(tx);
      expect(await port.start([newRun(A)])).toEqual([{ id: A, created: true, claimed: false }]);
      await expect(port.start([newRun(at(1, "b"))])).rejects.toMatchObject({ code: "CF3113" });
      await expect(port.send(eventOf(KEY, "1"))).rejects.toMatchObject({ code: "CF3113" });
    });
    expect((await store.read.runs({})).map(({ id }) => id)).toEqual([A]);
  });
});

describe("what is looked at", () => {
  it("is that of all, newest first, page by page", async () => {
    const cluster = await Cluster.make();
    const { store, clock } = cluster;
    const ids = Array.from({ length: 25 }, (_, i) => `r${i}`);
    for (const [i, id] of ids.entries()) {
      clock.now += i % 3;
      await store.start([newRun(id, { tags: { odd: String(i % 2) } })], null);
    }
    const pages: string[][] = [];
    for (let after: string | undefined; ; after = pages.at(-1)!.at(-1)!) {
      const rows = await store.read.runs({ limit: 4, ...(after === undefined ? {} : { after }) });
      if (rows.length === 0) break;
      expect(rows.map(({ created }) => created)).toEqual(
        rows.map(({ created }) => created).sort((a, b) => b - a),
      );
      pages.push(rows.map(({ id }) => id));
    }
    expect(pages.slice(0, -1).every(({ length }) => length === 4)).toBe(true);
    expect(pages.flat().sort()).toEqual([...ids].sort());
    expect((await store.read.runs({ tags: { odd: "1" } })).length).toBe(12);
    expect((await store.read.counts()).active).toBe(25);
    expect((await store.claim("w1", 10, ANY)).length).toBe(10);
    expect((await store.claim("w1", 100, ANY)).length).toBe(15);
    expect((await store.read.workers()).map(({ id }) => id)).toEqual(["w1"]);
  });

  it("shows no errands", async () => {
    const cluster = await Cluster.make();
    const { store } = cluster;
    const A = at(0, "a");
    await store.start([newRun(A)], null);
    const [run] = await store.claim("w1", 1, ANY);
    await store.commit([turnOf(run!, { subscribe: [{ wait: 1, key: at(1, "key") }] })]);
    await cluster.settle();
    expect(await cluster.errands()).toHaveLength(2);
    expect((await store.read.runs({})).map(({ id }) => id)).toEqual([A]);
    expect((await store.read.counts()).active).toBe(1);
    expect((await store.read.workers()).map(({ id }) => id)).toEqual(["w1"]);
  });

  it("is opened again when it was sealed, also what came from elsewhere", async () => {
    const { data } = await Cluster.make();
    const seals = [aesGcm({ keys: { a: new Uint8Array(32).fill(7) }, current: "a" })];
    const store = sealed(sharded(data), seals);
    await store.migrate();
    expect(store.partOf!(at(1, "x"))).toBe(1);
    await store.renew(worker("w2"), true);
    const A = at(0, "a");
    const KEY = at(1, "key");
    await store.start([newRun(A)], null);
    const [run] = await store.claim("w2", 1, ANY);
    const turn = turnOf(run!, { worker: "w2", subscribe: [{ wait: 1, key: KEY }] });
    await store.commit([turn]);
    await store.send(eventOf(KEY, "1", "7"));
    await settled(store, "w2");
    const [again] = await store.claim("w2", 1, ANY);
    expect(again!.arrivals).toEqual([{ wait: 1, threw: false, value: "7" }]);
  });
});
