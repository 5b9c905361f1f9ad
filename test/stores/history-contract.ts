/** What every store promises about parks that are over, and about turns that people write. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ALL_PARKS,
  type Chunk,
  type Claimed,
  type Overruling,
  type Store,
  type Turn,
} from "../../runtime/engine/store.ts";
import { ANY, eventOf, newRun, noteOf, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

const wait = (id: number, kind: string, name: string) => ({ id, kind, name, due: null, since: 0, at: "" });
const waits = (...list: ReturnType<typeof wait>[]) => JSON.stringify(list);

export function describeHistory(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`history in ${name}`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      await store.renew(worker("w1"), true);
    });
    afterEach(() => under.dispose());

    const claimOne = async () => (await store.claim("w1", 1, ANY))[0]!;
    const begin = async (history?: number) => {
      await store.start([newRun("a", history === undefined ? {} : { history })], null);
      return claimOne();
    };
    const commit = async (claimed: Claimed, turn: number, extra: Partial<Turn> = {}) => {
      const { history } = claimed;
      const snapshot = `S${turn + 1}`;
      const write = turnOf({ ...claimed, turn }, { keep: true, history, snapshot, ...extra });
      return (await store.commit([write]))[0];
    };
    const turns = async (run = "a", limit = 100) =>
      (await store.read.history(run, { limit })).map(({ turn }) => turn);
    const bodies = async (run: string, turn?: number) =>
      (await store.read.chunks(run, turn)).map(({ body }) => body).sort();
    const chunk = (body: string): Chunk => ({ hash: body.padEnd(43, "."), body });
    const add = (...added: Chunk[]) => ({ chunks: { added, dropped: [] } });
    const drop = (...dropped: Chunk[]) => ({
      chunks: { added: [], dropped: dropped.map(({ hash }) => hash) },
    });
    const end = { snapshot: null, keep: false, end: { status: "done", value: "1" } } as const;
    const overruling = (
      { id, epoch, turn, history }: Pick<Claimed, "id" | "epoch" | "turn" | "history">,
      extra: Partial<Turn> = {},
      cancel: Overruling["cancel"] = "no",
    ): Overruling => ({
      turn: turnOf({ id, epoch, turn, news: 0 }, { worker: "", history, ...extra }),
      line: { what: "rewind", by: "ann", detail: '{"to":1}' },
      cancel,
    });

    it("has none of a turn that was never made, however large its number", async () => {
      await begin(2);
      expect(await store.read.history("a", { turn: Number.MAX_SAFE_INTEGER })).toEqual([]);
      expect(await store.read.history("a", { limit: Number.MAX_SAFE_INTEGER })).toEqual([]);
      expect(await store.read.runs({ limit: Number.MAX_SAFE_INTEGER })).toMatchObject([{ id: "a" }]);
    });

    it("keeps parks of runs that a schedule starts", async () => {
      const row = { id: "s", version: "1", spec: "{}", next: 50, paused: false, last: "s@1" };
      const change = { row, seen: null, unless: null, cancel: null };
      expect(await store.schedule({ ...change, starts: [newRun("s@1", { history: 2 })] })).toBe(true);
      const run = await claimOne();
      expect(run).toMatchObject({ id: "s@1", history: 2 });
      passed(await commit(run, 0));
      passed(await commit(run, 1));
      expect(await turns("s@1")).toEqual([1]);
    });

    it("keeps none unless it is asked to", async () => {
      const run = await begin();
      expect(run.history).toBe(0);
      for (let turn = 0; turn < 3; turn++) passed(await commit(run, turn));
      expect(await turns()).toEqual([]);
      expect(await store.read.history("nobody", { limit: 1 })).toEqual([]);
      expect(await store.read.journal("nobody")).toEqual([]);
      expect(await store.read.holdings("nobody")).toBeNull();
    });

    it("keeps each park when the next turn ends it, with its waits and when it was saved", async () => {
      const run = await begin(ALL_PARKS);
      expect(run.history).toBe(ALL_PARKS);
      const waiting = waits(wait(1, "event", "k"));
      under.clock.now += 10;
      const first = under.clock.now;
      passed(await commit(run, 0, { waits: waiting, subscribe: [{ wait: 1, key: "k" }] }));
      expect(await turns()).toEqual([]);
      under.clock.now += 10;
      passed(await commit(run, 1, { unsubscribe: [{ wait: 1, key: "k" }] }));
      passed(await commit(run, 2));
      const holdings = { cancel: "no", group: "default", places: [], feeds: [] };
      expect(await store.read.history("a", { turn: 1 })).toEqual([
        { turn: 1, saved: first, snapshot: "S1", waits: JSON.parse(waiting), holdings },
      ]);
      expect(await turns("a", 1)).toEqual([2]);
      expect(await turns()).toEqual([2, 1]);
    });

    it("keeps the last so many", async () => {
      const run = await begin(2);
      for (let turn = 0; turn < 6; turn++) passed(await commit(run, turn));
      expect(await turns()).toEqual([5, 4]);
    });

    it("keeps the last park of a run that ends, and goes with it", async () => {
      const run = await begin(3);
      passed(await commit(run, 0, add(chunk("one"))));
      passed(await commit(run, 1));
      passed(await commit(run, 2, end));
      expect(await turns()).toEqual([2, 1]);
      expect(await bodies("a")).toEqual([]);
      expect(await bodies("a", 2)).toEqual(["one"]);
      await store.start([newRun("b")], null);
      under.clock.now += 100;
      expect(await store.collect(under.clock.now, 10)).toBe(1);
      expect(await turns()).toEqual([]);
      // Were it still there, its old content would come back.
      const b = await claimOne();
      passed(await commit(b, 0, add({ ...chunk("one"), body: "another" })));
      expect(await bodies("b")).toEqual(["another"]);
    });

    it("keeps the last park of a run that is ended by force", async () => {
      const run = await begin(3);
      passed(await commit(run, 0, add(chunk("one"))));
      expect(await store.cancel("a", '"gone"')).toBe(true);
      expect(await turns()).toEqual([1]);
      expect(await bodies("a", 1)).toEqual(["one"]);
    });

    it("is not written by a turn that is fenced, and once by one whose answer was lost", async () => {
      const run = await begin(1);
      passed(await commit(run, 0));
      passed(await commit(run, 1));
      passed(await commit(run, 1));
      expect(await turns()).toEqual([1]);
      expect(await commit({ ...run, epoch: run.epoch + 1 }, 2)).toMatchObject({ fenced: true });
      expect(await commit(run, 7)).toMatchObject({ fenced: true });
      expect(await turns()).toEqual([1]);
    });

    it("has its chunks as long as a kept park refers to them", async () => {
      const run = await begin(2);
      const [one, two] = [chunk("one"), chunk("two")];
      passed(await commit(run, 0, add(one)));
      passed(await commit(run, 1, { chunks: { added: [two], dropped: [one.hash] } }));
      expect(await bodies("a")).toEqual(["two"]);
      expect(await bodies("a", 1)).toEqual(["one", "two"]);
      passed(await commit(run, 2));
      expect(await turns()).toEqual([2, 1]);
      expect(await bodies("a", 1)).toEqual(["one", "two"]);
      passed(await commit(run, 3));
      expect(await turns()).toEqual([3, 2]);
      // Of none that is kept: gone, so that it may be written anew.
      passed(await commit(run, 4, add({ ...one, body: "other" })));
      expect(await bodies("a")).toEqual(["other", "two"]);
    });

    it("shares its chunks with other runs, each until its own last reference", async () => {
      const one = chunk("one");
      await store.start([newRun("a", { history: 1 }), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed(await commit(a, 0, add(one)));
      passed(await commit(b, 0, add(one)));
      passed(await commit(a, 1, drop(one)));
      passed(await commit(b, 1, drop(one)));
      expect(await bodies("a", 1)).toEqual(["one"]);
      passed(await commit(b, 2, add({ ...one, body: "never written: its name is known" })));
      passed(await commit(a, 2));
      expect(await bodies("a", 1)).toEqual([]);
      expect(await bodies("b")).toEqual(["one"]);
    });

    it("tells what a park had beside its snapshot", async () => {
      const run = await begin(ALL_PARKS);
      const lock = { wait: 2, key: 'a "lock"', max: 1, loose: false, value: "1" };
      passed(
        await commit(run, 0, {
          acquire: [lock, { ...lock, wait: 3 }, { ...lock, wait: 4, key: "pool", loose: true }],
          feeds: [{ key: "news", to: "news for a/1", which: "all" }],
        }),
      );
      const now = {
        cancel: "no",
        group: "default",
        places: [
          { wait: 2, key: 'a "lock"', max: 1 },
          { wait: 3, key: 'a "lock"', max: 1 },
        ],
        feeds: [{ key: "news", to: "news for a/1", which: "all" }],
      };
      expect(await store.read.holdings("a")).toEqual(now);
      const news = (await store.news("w1"))[0]!.news;
      passed(
        await commit({ ...run, news }, 1, {
          release: [{ run: "a", wait: 2, key: "l" }],
          feeds: [{ key: "news", to: "news for a/1", which: "none" }],
          cancelled: true,
          group: "gpu",
        }),
      );
      expect((await store.read.history("a", { turn: 1 }))[0]!.holdings).toEqual(now);
      expect(await store.read.holdings("a")).toEqual({
        cancel: "under way",
        group: "gpu",
        places: [{ wait: 3, key: 'a "lock"', max: 1 }],
        feeds: [],
      });
    });

    it("begins a fork with what its first turn says", async () => {
      await store.start([newRun("child")], null);
      passed((await store.commit([turnOf(await claimOne(), { ...end })]))[0]);
      await store.send(eventOf("k", "1"));
      const parked = overruling(
        { id: "f", epoch: 0, turn: 0, history: 2 },
        {
          snapshot: "F",
          waits: waits(wait(1, "event", "k"), wait(2, "event", "later"), wait(3, "child", "child")),
          subscribe: [
            { wait: 1, key: "k" },
            { wait: 2, key: "later" },
          ],
          follow: [{ wait: 3, run: "child", attached: false }],
          ...add(chunk("one")),
        },
        "under way",
      );
      expect(await store.fork(newRun("f", { call: "[7]", history: 2 }), parked)).toBe(true);
      expect(await store.fork(newRun("f"), parked)).toBe(false);
      expect(await store.read.journal("f")).toEqual([
        { time: under.clock.now, turn: 1, what: "rewind", by: "ann", detail: '{"to":1}' },
      ]);
      const run = await claimOne();
      expect(run).toMatchObject({ id: "f", epoch: 1, turn: 1, snapshot: "F", call: "[7]", history: 2 });
      expect(run).toMatchObject({ cancel: "under way", chunks: [chunk("one")] });
      expect(run.arrivals.map(({ wait, value }) => [wait, value]).sort()).toEqual([
        [1, '"1"'],
        [3, "1"],
      ]);
      expect(await store.send(eventOf("later", "2"))).toEqual({ status: "delivered", run: "f" });
      passed(await commit(run, 1));
      expect(await turns("f")).toEqual([1]);
    });

    it("overrules the owner, who is fenced, and keeps the park that it ends", async () => {
      const run = await begin(5);
      passed(await commit(run, 0));
      const write = overruling({ ...run, turn: 1 }, { snapshot: "R" });
      expect(await store.overrule(write)).toBe(true);
      expect(await store.overrule(write)).toBe(false);
      expect(await commit(run, 1)).toMatchObject({ passed: false, fenced: true });
      expect((await store.commit([noteOf(run)]))[0]).toMatchObject({ fenced: true });
      expect(await turns()).toEqual([1]);
      const again = await claimOne();
      expect(again).toMatchObject({ id: "a", epoch: run.epoch + 2, turn: 2, snapshot: "R" });
      passed(await commit(again, 2));
      expect((await store.read.journal("a")).map(({ turn, what, by }) => [turn, what, by])).toEqual([
        [2, "rewind", "ann"],
      ]);
    });

    it("does not overrule what is not as it was seen, or has ended", async () => {
      const run = await begin();
      passed(await commit(run, 0));
      expect(await store.overrule(overruling({ ...run, turn: 0 }))).toBe(false);
      expect(await store.overrule(overruling({ ...run, turn: 1, epoch: 7 }))).toBe(false);
      expect(await store.overrule(overruling({ ...run, id: "nobody" }))).toBe(false);
      passed(await commit(run, 1, end));
      expect(await store.overrule(overruling({ ...run, turn: 2 }))).toBe(false);
      expect(await store.read.journal("a")).toEqual([]);
    });

    it("gives back what had come and not been consumed when the run is rewound, and finds it again", async () => {
      const run = await begin();
      const waiting = waits(wait(1, "event", "k"), wait(2, "step", "m#f"));
      passed(await commit(run, 0, { waits: waiting, subscribe: [{ wait: 1, key: "k" }] }));
      await store.send(eventOf("k", "1"));
      const { news } = (await store.news("w1"))[0]!;
      const attempt = { wait: 2, made: 3, due: null, error: "no", since: null, begun: null, progress: null };
      passed((await store.commit([noteOf({ ...run, news }, { attempts: [attempt] })]))[0]);
      const write = overruling(
        { ...run, turn: 1 },
        {
          waits: waits(wait(1, "event", "k"), wait(3, "event", "k")),
          consumed: [1, 2],
          unsubscribe: [{ wait: 1, key: "k" }],
          subscribe: [
            { wait: 1, key: "k" },
            { wait: 3, key: "k" },
          ],
        },
      );
      expect(await store.overrule(write)).toBe(true);
      const again = await claimOne();
      expect(again.attempts).toEqual([]);
      expect(again.arrivals).toMatchObject([{ wait: 1, value: '"1"' }]);
      expect((await store.send(eventOf("k", "2"))).run).toBe("a");
      expect((await store.send(eventOf("k", "3"))).status).toBe("kept");
    });

    it("leaves a run suspended or blocked that is only edited, and revives a blocked one that is rewound", async () => {
      const run = await begin();
      const blocked = { reason: "no code", needs: null };
      passed(await commit(run, 0, { blocked, keep: false }));
      expect(await store.overrule(overruling({ ...run, turn: 1 }, { snapshot: "E" }, null))).toBe(true);
      expect(await store.read.run("a")).toMatchObject({ status: "blocked", blocked, turn: 2, snapshot: "E" });
      const seen = { ...run, turn: 2, epoch: run.epoch + 1 };
      expect(await store.overrule(overruling(seen, { snapshot: "R" }))).toBe(true);
      expect(await store.read.run("a")).toMatchObject({ status: "active", blocked: null });
      await store.suspend("a");
      expect(await store.overrule(overruling({ ...run, turn: 3, epoch: seen.epoch + 1 }))).toBe(true);
      expect(await store.read.run("a")).toMatchObject({ status: "suspended" });
      expect(await store.claim("w1", 1, ANY)).toEqual([]);
      await store.resume("a");
      expect((await claimOne()).turn).toBe(4);
    });
  });
}
