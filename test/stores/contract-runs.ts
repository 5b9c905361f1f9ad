/** What every store promises about runs among each other, and about what people and time do to them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Claimed, NewRun, StartOutcome, Store } from "../../runtime/engine/store.ts";
import { ANY, eventOf, newRun, noteOf, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

export function describeRuns(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store contract for runs`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      await store.renew(worker("w1"), true);
    });
    afterEach(() => under.dispose());

    async function claimOne(by = "w1"): Promise<Claimed> {
      const claimed = await store.claim(by, 1, ANY);
      expect(claimed).toHaveLength(1);
      return claimed[0]!;
    }

    /** Starts and claims them. */
    async function claimed(ids: readonly string[]): Promise<readonly (Claimed | undefined)[]> {
      await store.start(
        ids.map((id) => newRun(id)),
        null,
      );
      const all = await store.claim("w1", ids.length, ANY);
      return ids.map((id) => all.find((run) => run.id === id));
    }

    it("tells who follows a run that has ended already, and cancels what is attached to one that ends", async () => {
      await store.start([newRun("parent"), newRun("ended"), newRun("attached"), newRun("loose")], null);
      const claimed = new Map((await store.claim("w1", 10, ANY)).map((run) => [run.id, run]));
      const at = (id: string) => claimed.get(id)!;
      passed((await store.commit([turnOf(at("ended"), { end: { status: "failed", value: "7" } })]))[0]);
      const follow = [
        { wait: 1, run: "ended", attached: true },
        { wait: 2, run: "attached", attached: true },
        { wait: 3, run: "loose", attached: false },
      ];
      const outcome = passed((await store.commit([turnOf(at("parent"), { follow, keep: true })]))[0]);
      expect(outcome.arrivals).toEqual([{ wait: 1, threw: true, value: "7" }]);
      const end = { status: "done", value: "1" } as const;
      passed((await store.commit([turnOf({ ...at("parent"), turn: 1 }, { end, news: outcome.news })]))[0]);
      expect((await store.read.run("attached"))!.cancel).toBe("asked");
      expect((await store.read.run("loose"))!.cancel).toBe("no");
    });

    it("starts what many callers ask for at once: each id once, for the owner that was asked for, limited or not", async () => {
      await store.renew(worker("w2"), true);
      await store.start([newRun("run 7"), newRun("run 30")], null);
      const limit = { key: "tenant", max: 1 };
      const ids = Array.from({ length: 60 }, (_, i) => `run ${i % 50}`);
      const ownerOf = (i: number) =>
        i % 50 < 20 ? "w1" : i % 50 < 40 ? "w2" : i % 50 < 45 ? "nobody" : null;
      const outcomes = await Promise.all(
        ids.map((id, i) => {
          const run = newRun(id, {
            ...(i % 50 === 10 || i % 50 === 48 ? { limit } : {}),
            ...(i % 50 === 41 ? { history: 2 } : {}),
          });
          return store.start([run], ownerOf(i));
        }),
      );
      const started = new Map<string, boolean>();
      for (const [{ id, created, claimed }] of outcomes as [StartOutcome][]) {
        if (created) expect(started.has(id)).toBe(false);
        else expect(claimed).toBe(false);
        if (created) started.set(id, claimed);
      }
      expect(started.size).toBe(48);
      for (const [id, claimed] of started) {
        const i = Number(id.slice(4));
        expect([id, claimed]).toEqual([id, i < 40 && i !== 10]);
        const { worker: owner } = (await store.read.run(id))!;
        expect([id, owner]).toEqual([id, i < 40 && i !== 10 ? ownerOf(i) : null]);
      }
      const free = await store.claim("w1", 100, ANY);
      expect(free.filter(({ history }) => history !== 0).map(({ id, history }) => [id, history])).toEqual([
        ["run 41", 2],
      ]);
      const unowned = ["run 7", "run 30", ...Array.from({ length: 10 }, (_, i) => `run ${40 + i}`)];
      const begun = free.map(({ id }) => id).filter((id) => id === "run 10" || id === "run 48");
      // Asked for at once, either of the two may be the first in the line.
      expect(begun).toHaveLength(1);
      expect(free.map(({ id }) => id).sort()).toEqual(
        [...unowned.filter((id) => id !== "run 48"), ...begun].sort(),
      );
      expect((await store.claim("w2", 100, ANY)).map(({ id }) => id)).toEqual([]);
    });

    it("is used by several, one after the other or at once, as long as one has not closed it", async () => {
      const hints: string[] = [];
      const stop = store.watch(({ kind }) => hints.push(kind));
      const hinted = async (id: string) => {
        hints.length = 0;
        await store.start([newRun(id)], null);
        for (let i = 0; i < 100 && !hints.includes("ready"); i++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        expect([id, hints.includes("ready")]).toEqual([id, true]);
      };
      await store.migrate();
      await hinted("two");
      await store.close();
      await hinted("one");
      stop();
      await store.close();
      await store.migrate();
      const stopAgain = store.watch(({ kind }) => hints.push(kind));
      await hinted("again");
      expect((await store.read.run("two"))!.id).toBe("two");
      stopAgain();
    });

    it("keeps every text of many turns as it is", async () => {
      const texts = ["\u001e", 'a"b\\c,{}', "\u001e\u001ex", "NULL", "\ud83d\ude00\u2028\n\t'", "{}"];
      await store.start(
        texts.map((_, i) => newRun(`r${i}`)),
        null,
      );
      const claimed = await store.claim("w1", texts.length, ANY);
      for (const [turn, some] of [texts, texts.slice(3)].entries()) {
        const turns = claimed.slice(0, some.length).map((run, i) => {
          return turnOf(run, { turn: turn + 1, snapshot: `{"of":"${some[i]}"}`, keep: true });
        });
        for (const outcome of await store.commit(turns)) passed(outcome);
        for (const [i, { run }] of turns.entries())
          expect((await store.read.run(run))!.snapshot).toBe(`{"of":"${some[i]}"}`);
      }
    });

    it("grants places in order, frees those of a run that ends, and counts each lock by itself", async () => {
      const [a, b, c] = (await claimed(["a", "b", "c"])) as [Claimed, Claimed, Claimed];
      const place = (wait: number, key = "k", max = 1) => [
        { wait, key, max, loose: false, value: `"${key}"` },
      ];
      const got = passed((await store.commit([turnOf(a, { acquire: place(1), keep: true })]))[0]);
      expect(got.arrivals).toEqual([{ wait: 1, threw: false, value: '"k"' }]);
      expect(passed((await store.commit([turnOf(b, { acquire: place(1) })]))[0]).arrivals).toEqual([]);
      expect(passed((await store.commit([turnOf(c, { acquire: place(1) })]))[0]).arrivals).toEqual([]);
      expect(await store.claim("w1", 10, ANY)).toEqual([]);
      passed(
        (
          await store.commit([
            turnOf(
              { ...a, turn: 1 },
              { release: [{ run: "a", wait: 1, key: "k" }], keep: true, news: got.news },
            ),
          ])
        )[0],
      );
      const next = await store.claim("w1", 10, ANY);
      expect(next.map((run) => [run.id, run.arrivals])).toEqual([["b", got.arrivals]]);
      passed((await store.commit([turnOf(next[0]!, { end: { status: "done", value: "1" } })]))[0]);
      expect((await store.claim("w1", 10, ANY)).map((run) => run.id)).toEqual(["c"]);
    });

    it("lets one in for a place that a run releases with the turn that ends it", async () => {
      const [a, b, c] = await claimed(["a", "b", "c"]);
      const acquire = [{ wait: 1, key: "k", max: 1, loose: false, value: '"k"' }];
      const got = passed((await store.commit([turnOf(a!, { acquire, keep: true })]))[0]);
      for (const waiting of [b!, c!]) passed((await store.commit([turnOf(waiting, { acquire })]))[0]);
      const end = { status: "done", value: "1" } as const;
      const release = [{ run: "a", wait: 1, key: "k" }];
      passed((await store.commit([turnOf({ ...a!, turn: 1 }, { release, end, news: got.news })]))[0]);
      expect((await store.claim("w1", 10, ANY)).map(({ id }) => id)).toEqual(["b"]);
    });

    it("begins limited runs when there is a place, in order", async () => {
      const limit = { key: "tenant", max: 2 };
      await store.start(
        ["a", "b", "c", "d"].map((id) => newRun(id, { limit })),
        "w1",
      );
      const first = await store.claim("w1", 10, ANY);
      expect(first.map((run) => run.id)).toEqual(["a", "b"]);
      passed((await store.commit([turnOf(first[1]!, { end: { status: "done", value: "1" } })]))[0]);
      expect((await store.claim("w1", 10, ANY)).map((run) => run.id)).toEqual(["c"]);
    });

    it("suspends: nobody claims it, what comes for it waits", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      expect(await store.suspend("a")).toBe(true);
      expect(await store.suspend("a")).toBe(false);
      const b = await claimOne();
      expect(b.id).toBe("b");
      expect(await store.suspend("b")).toBe(true);
      expect((await store.news("w1"))[0]).toMatchObject({ run: "b", suspend: true });
      const told = passed((await store.commit([turnOf(b, { subscribe: [{ wait: 1, key: "k" }] })]))[0]);
      expect(told.suspend).toBe(true);
      const release = { due: null, blocked: null, bound: null };
      passed((await store.commit([noteOf(b, { release, news: told.news })]))[0]);
      expect((await store.send(eventOf("k", "1"))).status).toBe("delivered");
      expect(await store.claim("w1", 10, ANY)).toEqual([]);
      expect(await store.resume("b")).toBe(true);
      expect(await store.resume("b")).toBe(false);
      expect(await claimOne()).toMatchObject({ id: "b", arrivals: [{ wait: 1 }] });
    });

    it("mends held steps only, and tells the owner", async () => {
      await store.start([newRun("a")], null);
      const a = await claimOne();
      const held = { wait: 3, made: 2, due: null, error: "no", since: null, begun: 1, progress: "7" };
      passed((await store.commit([turnOf(a, { keep: true })]))[0]);
      passed(
        (
          await store.commit([
            noteOf(a, { attempts: [held, { ...held, wait: 4 }, { ...held, wait: 5, due: 9 }] }),
          ])
        )[0],
      );
      expect((await store.read.run("a"))!.held).toBe(2);
      expect(await store.mend("a", 5, { kind: "retry" })).toBe(false);
      expect(await store.mend("a", 3, { kind: "retry" })).toBe(true);
      expect(await store.mend("a", 4, { kind: "settle", threw: false, value: "8" })).toBe(true);
      expect(await store.mend("a", 4, { kind: "settle", threw: false, value: "9" })).toBe(false);
      expect((await store.read.run("a"))!.attempts[0]).toEqual({
        ...held,
        ...{ made: 0, due: 0, begun: null, since: under.clock.now },
      });
      expect(await store.news("w1")).toMatchObject([
        { run: "a", retry: [3], arrivals: [{ wait: 4, threw: false, value: "8" }] },
      ]);
      expect((await store.read.run("a"))!.held).toBe(0);
    });

    it("gives an event back that came for a wait which the run drops", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 10, ANY)) as [Claimed, Claimed];
      const subscribe = [{ wait: 1, key: "k" }];
      passed((await store.commit([turnOf(a, { subscribe, keep: true })]))[0]);
      expect(await store.send(eventOf("k", "1"))).toEqual({ status: "delivered", run: a.id });
      await store.send(eventOf("k", "2"));
      const dropped = turnOf(
        { ...a, turn: 1 },
        { unsubscribe: subscribe, consumed: [1], news: 1, keep: true },
      );
      expect(passed((await store.commit([dropped]))[0]).arrivals).toEqual([]);
      // In the order in which they were sent.
      const subscribed = passed(
        (
          await store.commit([
            turnOf(b, {
              subscribe: [...subscribe, { wait: 2, key: "k" }, { wait: 3, key: "k" }],
              keep: true,
            }),
          ])
        )[0],
      );
      expect(subscribed.arrivals.map(({ wait, value }) => [wait, value])).toEqual([
        [1, eventOf("k", "1").payload],
        [2, eventOf("k", "2").payload],
      ]);
      expect((await store.send(eventOf("k", "1"))).status).toBe("duplicate");
    });

    it("gives it to the next one who waits", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 10, ANY)) as [Claimed, Claimed];
      const subscribe = [{ wait: 1, key: "k" }];
      passed((await store.commit([turnOf(a, { subscribe, keep: true })]))[0]);
      passed((await store.commit([turnOf(b, { subscribe, keep: true })]))[0]);
      expect((await store.send(eventOf("k", "1"))).run).toBe(a.id);
      passed((await store.commit([turnOf({ ...a, turn: 1 }, { unsubscribe: subscribe, keep: true })]))[0]);
      expect(await store.news("w1")).toMatchObject([
        { run: a.id, arrivals: [] },
        { run: b.id, arrivals: [{ wait: 1 }] },
      ]);
    });

    it("copies events to feeds: the next one, all, or none any more", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 10, ANY)) as [Claimed, Claimed];
      const feed = (to: string, which: "next" | "all" | "none") => [{ key: "k", to, which }];
      passed((await store.commit([turnOf(a, { feeds: feed("to a", "next"), keep: true })]))[0]);
      passed((await store.commit([turnOf(b, { feeds: feed("to b", "all"), keep: true })]))[0]);
      for (const id of ["1", "2"]) expect((await store.send(eventOf("k", id))).status).toBe("delivered");
      expect((await store.send(eventOf("k", "2"))).status).toBe("duplicate");
      const all = [1, 2, 3].flatMap((wait) => [
        { wait, key: "to a" },
        { wait: wait + 3, key: "to b" },
      ]);
      const got = passed(
        (await store.commit([turnOf({ ...a, turn: 1 }, { subscribe: all, keep: true })]))[0],
      );
      expect(got.arrivals.map(({ wait }) => wait).sort()).toEqual([1, 4, 5]);
      passed(
        (await store.commit([turnOf({ ...b, turn: 1 }, { feeds: feed("to b", "none"), keep: true })]))[0],
      );
      expect((await store.send(eventOf("k", "3"))).status).toBe("kept");
      // A wait that is dropped takes its feed along.
      passed(
        (await store.commit([turnOf({ ...b, turn: 2 }, { feeds: feed("to b", "next"), keep: true })]))[0],
      );
      const unsubscribe = [{ wait: 9, key: "to b" }];
      passed((await store.commit([turnOf({ ...b, turn: 3 }, { unsubscribe, keep: true })]))[0]);
      expect((await store.send(eventOf("k", "4"))).status).toBe("kept");
    });

    it("feeds nobody who has ended", async () => {
      await store.start([newRun("a")], null);
      const a = await claimOne();
      const feeds = [{ key: "k", to: "to a", which: "all" }] as const;
      const turn = turnOf(a, { feeds, keep: true });
      passed((await store.commit([turn]))[0]);
      passed((await store.commit([turnOf({ ...a, turn: 1 }, { end: { status: "done", value: "1" } })]))[0]);
      expect((await store.send(eventOf("k", "1"))).status).toBe("kept");
    });

    it("tells the schema of the one who is next", async () => {
      await store.start([newRun("a")], null);
      const a = await claimOne();
      const subscribe = [
        { wait: 1, key: "k", schema: "m#s" },
        { wait: 2, key: "k" },
      ];
      passed((await store.commit([turnOf(a, { subscribe, keep: true })]))[0]);
      expect(await store.read.schemaOf("k")).toBe("m#s");
      await store.send(eventOf("k", "1"));
      expect(await store.read.schemaOf("k")).toBe(null);
      expect(await store.read.schemaOf("other")).toBe(null);
    });

    it("changes a schedule that is as it was seen, and starts its runs with that, once", async () => {
      const row = { id: "s", version: "1", spec: "{}", next: 50, paused: false, last: null };
      const change = { row, seen: null, starts: [], unless: null, cancel: null };
      expect(await store.schedule(change)).toBe(true);
      expect(await store.schedule(change)).toBe(false);
      expect(await store.read.schedule("s")).toEqual(row);
      expect(await store.read.schedules(null, Number.MAX_SAFE_INTEGER)).toEqual([row]);
      const later = { ...row, version: "2", next: 70, paused: true, last: "s@1" };
      const fire = { ...change, row: later, seen: "1", starts: [newRun("s@1")] };
      const other = await under.connect();
      const outcomes = await Promise.all([store.schedule(fire), other.schedule(fire)]);
      expect(outcomes.sort()).toEqual([false, true]);
      expect(await store.read.schedule("s")).toEqual(later);
      expect((await store.read.runs({})).map(({ id }) => id)).toEqual(["s@1"]);
      const next = { ...later, version: "3", last: "s@2" };
      expect(
        await store.schedule({ ...fire, row: next, seen: "2", starts: [newRun("s@2")], unless: "s@1" }),
      ).toBe(true);
      expect(await store.read.schedule("s")).toEqual({ ...next, last: "s@1" });
      expect(await store.read.run("s@2")).toBe(null);
      const last = { ...next, version: "4" };
      const cancels = {
        ...fire,
        row: last,
        seen: "3",
        starts: [newRun("s@2")],
        cancel: "s@1",
        unless: "none",
      };
      expect(await store.schedule(cancels)).toBe(true);
      expect((await store.read.run("s@1"))!.cancel).toBe("asked");
      expect(await store.read.run("s@2")).toMatchObject({ status: "active" });
      expect(await store.unschedule("s")).toBe(true);
      expect(await store.unschedule("s")).toBe(false);
      expect(await store.read.schedule("s")).toBe(null);
    });

    it("finds schedules by when they fire", async () => {
      expect(await store.read.nextSchedule()).toBe(null);
      for (const [id, next] of [
        ["a", 30],
        ["b", 10],
        ["c", null],
        ["d", 20],
      ] as const) {
        const row = { id, version: "1", spec: "{}", next, paused: next === null, last: null };
        await store.schedule({ row, seen: null, starts: [], unless: null, cancel: null });
      }
      const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
      expect(ids(await store.read.schedules(20, 10))).toEqual(["b", "d"]);
      expect(ids(await store.read.schedules(30, 2))).toEqual(["b", "d"]);
      expect(ids(await store.read.schedules(null, 10)).sort()).toEqual(["a", "b", "c", "d"]);
      expect(await store.read.nextSchedule()).toBe(10);
    });

    it("ends a run by force, and fences its owner", async () => {
      await store.start([newRun("a")], null);
      const a = await claimOne();
      expect(await store.cancel("a", '"gone"')).toBe(true);
      expect(await store.cancel("a", '"gone"')).toBe(false);
      expect((await store.commit([turnOf(a)]))[0]).toMatchObject({ passed: false, fenced: true });
      expect((await store.read.run("a"))!.end).toEqual({ status: "cancelled", value: '"gone"' });
    });

    it("clones what is parked", async () => {
      await store.start([newRun("a", { call: "[5]" })], null);
      const waits = JSON.stringify([{ id: 1, kind: "event", name: "k", due: null, since: 0, at: "" }]);
      passed(
        (
          await store.commit([
            turnOf(await claimOne(), { snapshot: "S", waits, subscribe: [{ wait: 1, key: "k" }] }),
          ])
        )[0],
      );
      const copyOf = (id: string, turn = 1) => ({ id, secret: "t", turn, state: null });
      expect(await store.clone("x", copyOf("b"))).toBe("none");
      expect(await store.clone("a", copyOf("a"))).toBe("exists");
      expect(await store.clone("a", copyOf("b"))).toBe("cloned");
      const copy = await claimOne();
      expect(copy).toMatchObject({ id: "b", call: "[5]", secret: "t", snapshot: "S", waits });
      expect((await store.send(eventOf("k", "1"))).run).toBe("a");
      expect((await store.send(eventOf("k", "2"))).run).toBe("b");
    });

    it("knows under which limit a run was started, and lets a fork wait for its place", async () => {
      const limit = { key: "k", max: 1 };
      await store.start([newRun("free"), newRun("a", { limit })], null);
      await store.start([newRun("b", { limit })], null);
      const limitOf = async (id: string) => (await store.read.run(id))!.limit;
      expect([await limitOf("free"), await limitOf("a"), await limitOf("b")]).toEqual([null, limit, limit]);
      const fork = async (id: string, more: Partial<NewRun>) => {
        const turn = turnOf({ id, epoch: 0, turn: 0, news: 0 }, { snapshot: "S" });
        const line = { what: "fork", by: "me", detail: "{}" } as const;
        return store.fork(newRun(id, more), { turn, line, cancel: "no" });
      };
      expect(await fork("c", { limit })).toBe(true);
      expect(await fork("d", { limit: null, limited: limit })).toBe(true);
      expect([await limitOf("c"), await limitOf("d")]).toEqual([limit, limit]);
      const begun = async () => (await store.claim("w1", 10, ANY)).map(({ id }) => id).sort();
      expect(await begun()).toEqual(["a", "d", "free"]);
      const ends = async (id: string) => {
        const { epoch, turn, worker } = (await store.read.run(id))!;
        expect(worker).toBe("w1");
        const end = { status: "done", value: "1" } as const;
        passed((await store.commit([turnOf({ id, epoch, turn, news: 0 }, { end })]))[0]);
      };
      await ends("a");
      expect(await begun()).toEqual(["b"]);
      expect(await limitOf("a")).toEqual(limit);
      await ends("b");
      expect(await begun()).toEqual(["c"]);
      expect(await store.read.run("c")).toMatchObject({ turn: 1, snapshot: "S" });
    });

    it("clones a run as it is said to be saved, unless it was saved again", async () => {
      await store.start([newRun("a")], null);
      const waits = JSON.stringify([{ id: 1, kind: "event", name: "k", due: null, since: 0, at: "" }]);
      const subscribe = [{ wait: 1, key: "k" }];
      passed((await store.commit([turnOf(await claimOne(), { snapshot: "S", waits, subscribe })]))[0]);
      const copy = { id: "b", secret: "t", turn: 1, state: { waits, snapshot: "T" } };
      expect(await store.clone("a", { ...copy, turn: 0 })).toBe("changed");
      expect(await store.clone("a", { ...copy, turn: 2 })).toBe("changed");
      expect(await store.read.run("b")).toBeNull();
      expect(await store.clone("a", copy)).toBe("cloned");
      expect(await claimOne()).toMatchObject({ id: "b", turn: 1, snapshot: "T", waits });
      expect((await store.read.run("a"))!.snapshot).toBe("S");
      expect((await store.send(eventOf("k", "1"))).run).toBe("a");
      expect((await store.send(eventOf("k", "2"))).run).toBe("b");
    });

    it("removes what ended long ago, in batches", async () => {
      const ids = ["a", "b", "c", "d"];
      await store.start(
        ids.map((id) => newRun(id)),
        null,
      );
      const end = { status: "done", value: "1" } as const;
      for (const run of (await store.claim("w1", 10, ANY)).slice(0, 3)) {
        passed((await store.commit([turnOf(run, { end })]))[0]);
        under.clock.now += 100;
      }
      expect(await store.collect(under.clock.now - 150, 1)).toBe(1);
      expect(await store.collect(under.clock.now - 150, 10)).toBe(1);
      expect(await store.collect(under.clock.now - 150, 10)).toBe(0);
      expect((await store.read.runs({})).map((run) => run.id).sort()).toHaveLength(2);
    });

    it("forgets with a run what was sent to it, so that the next one of its name can be sent the same", async () => {
      const key = `${"0".repeat(32)}.1.a`;
      const event = eventOf(key, "1", "1", "a");
      for (const subscribe of [[{ wait: 1, key }], []]) {
        await store.start([newRun("a")], null);
        expect((await store.send(event)).status).toBe("kept");
        expect((await store.send(event)).status).toBe("duplicate");
        const a = await claimOne();
        const { arrivals } = passed((await store.commit([turnOf(a, { subscribe, keep: true })]))[0]);
        expect(arrivals).toHaveLength(subscribe.length);
        const end = { status: "done", value: "1", forgotten: true } as const;
        passed((await store.commit([turnOf({ ...a, turn: 1 }, { end, snapshot: null })]))[0]);
        expect((await store.send(event)).status).toBe("unknown");
      }
    });

    it("spreads what a rate lets through", async () => {
      const { now } = under.clock;
      const times: number[] = [];
      for (let i = 0; i < 5; i++) times.push((await store.reserve("api", 100, 2)) - now);
      expect(times).toEqual([0, 0, 100, 200, 300]);
      under.clock.now += 10_000;
      expect(await store.reserve("api", 100, 2)).toBe(under.clock.now);
    });
  });
}
