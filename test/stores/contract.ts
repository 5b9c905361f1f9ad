/** What every store promises, as tests: `describeStore` runs them for one kind of store. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  Claimed,
  NewEvent,
  NewRun,
  Note,
  Placement,
  Store,
  Turn,
  WriteOutcome,
} from "../../runtime/engine/store.ts";

export interface StoreUnderTest {
  /** Another connection to the same data. */
  connect(): Promise<Store>;
  /** A time that only the test moves, shared by all connections. */
  readonly clock: { now: number };
  dispose(): Promise<void>;
}

/** Takes any run that is due. */
export const ANY: Placement = { groups: null, only: null, except: [], builds: null };

export function newRun(id: string, extra: Partial<NewRun> = {}): NewRun {
  return {
    id,
    entry: "shop/flows.ts#order",
    call: "[]",
    secret: "s3cret",
    tags: {},
    priority: 0,
    group: "default",
    parent: null,
    limit: null,
    ...extra,
  };
}

export function turnOf(
  claimed: Pick<Claimed, "id" | "epoch" | "turn" | "news">,
  extra: Partial<Turn> = {},
): Turn {
  return {
    kind: "turn",
    run: claimed.id,
    worker: "w1",
    epoch: claimed.epoch,
    turn: claimed.turn + 1,
    snapshot: "{}",
    waits: "[]",
    due: null,
    keep: false,
    group: null,
    build: null,
    subscribe: [],
    unsubscribe: [],
    feeds: [],
    consumed: [],
    starts: [],
    sends: [],
    follow: [],
    cancels: [],
    acquire: [],
    release: [],
    codes: [],
    chunks: null,
    history: 0,
    end: null,
    cancelled: false,
    survived: false,
    blocked: null,
    news: claimed.news,
    ...extra,
  };
}

export function noteOf(claimed: Pick<Claimed, "id" | "epoch" | "news">, extra: Partial<Note> = {}): Note {
  return {
    kind: "note",
    run: claimed.id,
    worker: "w1",
    epoch: claimed.epoch,
    news: claimed.news,
    arrivals: [],
    attempts: [],
    release: null,
    ...extra,
  };
}

export function eventOf(key: string, id: string, payload = `"${id}"`, run: string | null = null): NewEvent {
  return { key, id, payload, run };
}

export function passed(outcome: WriteOutcome | undefined): Extract<WriteOutcome, { passed: true }> {
  if (!outcome?.passed) throw new Error(`expected it to pass: ${JSON.stringify(outcome)}`);
  return outcome;
}

export const worker = (id: string) => ({
  ...{ id, lease: 10_000, about: "test", builds: [] as readonly string[] },
  ...{ groups: null as readonly string[] | null, only: null as readonly string[] | null },
});

export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store contract`, () => {
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

    it("tells again what the lost answer to a turn told", async () => {
      await store.start([newRun("a")], null);
      await store.send(eventOf("k", "1"));
      const turn = turnOf(await claimOne(), { subscribe: [{ wait: 1, key: "k" }], keep: true });
      const first = passed((await store.commit([turn]))[0]);
      const again = passed((await store.commit([turn]))[0]);
      expect(first.arrivals).toEqual([{ wait: 1, threw: false, value: '"1"' }]);
      expect(again).toEqual(first);
    });

    it("gives back what a worker does not know that it owns", async () => {
      await store.start([newRun("a"), newRun("b")], "w1");
      await store.disown("w1", ["b"]);
      expect(await store.read.run("a")).toMatchObject({ worker: null, due: under.clock.now });
      expect(await store.read.run("b")).toMatchObject({ worker: "w1" });
      await store.renew(worker("w2"), true);
      expect((await store.claim("w2", 9, ANY)).map(({ id, epoch }) => [id, epoch])).toEqual([["a", 2]]);
    });

    it("starts a run once per id", async () => {
      expect(await store.start([newRun("a", { call: "[1]" }), newRun("b")], null)).toEqual([
        { id: "a", created: true, claimed: false },
        { id: "b", created: true, claimed: false },
      ]);
      expect(await store.start([newRun("a", { call: "[2]" })], null)).toEqual([
        { id: "a", created: false, claimed: false },
      ]);
      expect((await store.read.run("a"))?.call).toBe("[1]");
      expect(await store.read.run("c")).toBeNull();
    });

    it("claims each run for one worker and raises its epoch", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      await store.renew(worker("w2"), true);
      const other = await under.connect();
      const both = await Promise.all([store.claim("w1", 5, ANY), other.claim("w2", 5, ANY)]);
      expect(
        both
          .flat()
          .map((run) => run.id)
          .sort(),
      ).toEqual(["a", "b"]);
      expect(both.flat().every((run) => run.epoch === 1 && run.turn === 0 && run.snapshot === null)).toBe(
        true,
      );
      expect(await store.claim("w1", 5, ANY)).toEqual([]);
    });

    it("claims by priority, then by age, without excepted entries", async () => {
      await store.start([newRun("low")], null);
      under.clock.now++;
      await store.start([newRun("late"), newRun("other", { entry: "x#y", priority: 9 })], null);
      await store.start([newRun("high", { priority: 5 })], null);
      const claimed = await store.claim("w1", 3, { ...ANY, except: ["x#y"] });
      expect(claimed.map((run) => run.id)).toEqual(["high", "low", "late"]);
      expect((await store.read.run("other"))?.worker).toBeNull();
    });

    it("inserts a run claimed by the worker that starts it", async () => {
      expect(await store.start([newRun("a")], "w1")).toEqual([{ id: "a", created: true, claimed: true }]);
      expect(await store.claim("w1", 1, ANY)).toEqual([]);
      const [outcome] = await store.commit([turnOf({ id: "a", epoch: 1, turn: 0, news: 0 })]);
      passed(outcome);
      expect(await store.start([newRun("b")], "nobody")).toEqual([
        { id: "b", created: true, claimed: false },
      ]);
    });

    it("commits a turn and gives the snapshot to the next claim", async () => {
      await store.start([newRun("a", { tags: { team: "x" } })], null);
      const first = await claimOne();
      const snapshot = JSON.stringify({ text: "\u0000 \ud800 äöü 漢字", big: "x".repeat(100_000) });
      passed((await store.commit([turnOf(first, { snapshot, due: under.clock.now + 50 })]))[0]);
      expect(await store.claim("w1", 1, ANY)).toEqual([]);
      expect(await store.due("w1", ANY)).toBe(50);
      under.clock.now += 50;
      expect(await store.due("w1", ANY)).toBe(0);
      const second = await claimOne();
      expect(second).toMatchObject({ id: "a", epoch: 2, turn: 1, snapshot, secret: "s3cret", call: "[]" });
    });

    it("fences a worker that lost its run, and only that", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const mine = await store.claim("w1", 2, ANY);
      under.clock.now += 11_000;
      await store.renew(worker("w2"), true);
      const theirs = await store.claim("w2", 1, ANY);
      const lost = mine.find((run) => run.id === theirs[0]!.id)!;
      expect(theirs[0]!.epoch).toBe(2);
      const outcomes = await store.commit([
        turnOf(lost, { snapshot: "stolen" }),
        noteOf(lost, { arrivals: [{ wait: 1, threw: false, value: "1" }] }),
        turnOf(theirs[0]!, { worker: "w2", snapshot: "theirs" }),
      ]);
      expect(outcomes.map((outcome) => outcome.passed)).toEqual([false, false, true]);
      expect(outcomes[0]).toEqual({ passed: false, fenced: true, error: null });
      expect((await store.read.run(lost.id))?.snapshot).toBe("theirs");
    });

    it("never renews a lease that has ended", async () => {
      expect(await store.renew(worker("w1"), false)).toBe(true);
      under.clock.now += 9_999;
      expect(await store.renew(worker("w1"), false)).toBe(true);
      under.clock.now += 10_000;
      expect(await store.renew(worker("w1"), false)).toBe(false);
      expect(await store.claim("w1", 1, ANY)).toEqual([]);
    });

    it("makes the runs of a dead worker claimable, and of a retired one at once", async () => {
      await store.start([newRun("a")], "w1");
      await store.renew(worker("w2"), true);
      expect(await store.claim("w2", 1, ANY)).toEqual([]);
      expect(await store.due("w2", ANY)).toBe(10_000);
      await store.retire("w1");
      expect(await store.claim("w2", 1, ANY)).toMatchObject([{ id: "a", epoch: 2 }]);
      await store.renew({ ...worker("w3"), lease: 60_000 }, true);
      under.clock.now += 10_001;
      expect(await store.due("w3", ANY)).toBe(0);
      expect(await store.claim("w3", 1, ANY)).toMatchObject([{ id: "a", epoch: 3 }]);
    });

    it("recognises a turn whose answer was lost", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      const turn = turnOf(a, { due: 0 });
      passed((await store.commit([turn]))[0]);
      passed((await store.commit([turn]))[0]);
      expect((await store.read.run("a"))?.turn).toBe(1);
      const end = turnOf(b, { snapshot: null, end: { status: "done", value: "7" } });
      passed((await store.commit([end]))[0]);
      passed((await store.commit([end]))[0]);
      expect((await store.commit([turnOf({ ...b, turn: 1 })]))[0]).toMatchObject({
        passed: false,
        fenced: true,
      });
      expect((await store.commit([turnOf({ ...a, turn: 5 })]))[0]).toMatchObject({
        passed: false,
        fenced: true,
      });
    });

    it("decides each of many turns in one call by itself", async () => {
      const ids = Array.from({ length: 100 }, (_, i) => `r${i}`);
      await store.start(
        ids.map((id) => newRun(id)),
        null,
      );
      const claimed = new Map((await store.claim("w1", 100, ANY)).map((run) => [run.id, run]));
      const at = (id: string) => claimed.get(id)!;
      const kept = (id: string, extra: Partial<Turn> = {}) =>
        turnOf(at(id), { snapshot: `{"of":"${id}"}`, keep: true, ...extra });
      expect(await store.cancel("r20", null)).toBe(true);
      passed((await store.commit([kept("r30")]))[0]);
      const outcomes = await store.commit([
        ...ids.slice(0, 10).map((id) => kept(id)),
        noteOf(at("r5"), { arrivals: [{ wait: 1, threw: false, value: "1" }] }),
        ...ids.slice(10).map((id) => {
          if (id === "r40") return kept(id, { epoch: 7 });
          if (id === "r50") return kept(id, { worker: "w9" });
          if (id === "r60") return kept(id, { turn: 5 });
          if (id === "r70") return kept(id, { keep: false, due: 0 });
          return kept(id);
        }),
        { ...kept("r5"), turn: 2, snapshot: '{"of":"r5 again"}' },
        { ...kept("r99"), turn: 2, snapshot: '{"of":"r99 again"}' },
      ]);
      expect(outcomes).toHaveLength(103);
      const fenced = outcomes.map((outcome, i) => (outcome.passed ? -1 : i)).filter((i) => i >= 0);
      expect(fenced).toEqual([41, 51, 61]);
      expect(outcomes.filter((outcome) => outcome.passed && outcome.cancel)).toEqual([outcomes[21]]);
      for (const id of ids) {
        const { turn, snapshot, worker: owner } = (await store.read.run(id))!;
        const again = id === "r5" || id === "r99";
        if (["r40", "r50", "r60"].includes(id)) expect([turn, snapshot]).toEqual([0, null]);
        else expect([turn, snapshot]).toEqual([again ? 2 : 1, `{"of":"${again ? `${id} again` : id}"}`]);
        expect(owner).toBe(id === "r70" ? null : "w1");
      }
    });

    it("keeps an ended run's result and takes nothing more for it", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      passed(
        (
          await store.commit([
            turnOf(claimed, { snapshot: null, end: { status: "failed", value: '"boom"' } }),
          ])
        )[0],
      );
      expect(await store.read.run("a")).toMatchObject({
        status: "failed",
        snapshot: null,
        worker: null,
        end: { status: "failed", value: '"boom"' },
      });
      expect(await store.cancel("a", null)).toBe(false);
      expect(await store.due("w1", ANY)).toBeNull();
      expect(await store.send(eventOf("k", "1", "1", "a"))).toEqual({ status: "late", run: null });
      expect(await store.send(eventOf("k", "1", "1", "none"))).toEqual({ status: "unknown", run: null });
    });

    it("delivers an event to a parked run and makes it due", async () => {
      await store.start([newRun("a")], null);
      passed((await store.commit([turnOf(await claimOne(), { subscribe: [{ wait: 3, key: "k" }] })]))[0]);
      expect(await store.due("w1", ANY)).toBeNull();
      expect(await store.send(eventOf("k", "1", '"yes"'))).toEqual({ status: "delivered", run: "a" });
      expect(await store.due("w1", ANY)).toBe(0);
      const claimed = await claimOne();
      expect(claimed.arrivals).toEqual([{ wait: 3, threw: false, value: '"yes"' }]);
      passed((await store.commit([turnOf(claimed, { consumed: [3], due: 0 })]))[0]);
      expect((await claimOne()).arrivals).toEqual([]);
    });

    it("keeps an event that comes before its wait, and answers the turn with it", async () => {
      expect(await store.send(eventOf("k", "1", "1"))).toEqual({ status: "kept", run: null });
      expect(await store.send(eventOf("k", "2", "2"))).toEqual({ status: "kept", run: null });
      await store.start([newRun("a")], null);
      const outcome = passed(
        (await store.commit([turnOf(await claimOne(), { subscribe: [{ wait: 3, key: "k" }] })]))[0],
      );
      expect(outcome.arrivals).toEqual([{ wait: 3, threw: false, value: "1" }]);
      const { worker: owner } = (await store.read.run("a"))!;
      expect(owner).toBe("w1");
      const again = passed(
        (
          await store.commit([
            turnOf(
              { id: "a", epoch: 1, turn: 1, news: outcome.news },
              { consumed: [3], subscribe: [{ wait: 4, key: "k" }] },
            ),
          ])
        )[0],
      );
      expect(again.arrivals).toEqual([{ wait: 4, threw: false, value: "2" }]);
    });

    it("ignores an event id that was sent before, taken or kept", async () => {
      await store.start([newRun("a")], null);
      passed((await store.commit([turnOf(await claimOne(), { subscribe: [{ wait: 1, key: "k" }] })]))[0]);
      expect((await store.send(eventOf("k", "1"))).status).toBe("delivered");
      expect((await store.send(eventOf("k", "1"))).status).toBe("duplicate");
      expect((await store.send(eventOf("k", "2"))).status).toBe("kept");
      expect((await store.send(eventOf("k", "2"))).status).toBe("duplicate");
      expect((await store.send(eventOf("other", "1"))).status).toBe("kept");
    });

    it("gives each event to one wait, the oldest first", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      for (const claimed of await store.claim("w1", 2, ANY)) {
        passed((await store.commit([turnOf(claimed, { subscribe: [{ wait: 1, key: "k" }] })]))[0]);
      }
      expect((await store.send(eventOf("k", "1"))).run).toBe("a");
      expect((await store.send(eventOf("k", "2"))).run).toBe("b");
      expect((await store.send(eventOf("k", "3"))).run).toBeNull();
    });

    it("decides between an event and the deadline of its wait once", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed((await store.commit([turnOf(a, { subscribe: [{ wait: 1, key: "ka" }], keep: true })]))[0]);
      passed((await store.commit([turnOf(b, { subscribe: [{ wait: 1, key: "kb" }], keep: true })]))[0]);
      const deadline = { wait: 1, threw: true, value: '"timeout"' };
      await store.send(eventOf("ka", "1", '"event"'));
      const late = passed((await store.commit([noteOf(a, { arrivals: [{ ...deadline, key: "ka" }] })]))[0]);
      expect(late.arrivals).toEqual([{ wait: 1, threw: false, value: '"event"' }]);
      const first = passed((await store.commit([noteOf(b, { arrivals: [{ ...deadline, key: "kb" }] })]))[0]);
      expect(first.arrivals).toEqual([]);
      expect((await store.send(eventOf("kb", "1"))).status).toBe("kept");
      await store.retire("w1");
      await store.renew(worker("w2"), true);
      const redone = await store.claim("w2", 2, ANY);
      expect(redone.find((run) => run.id === "b")!.arrivals).toEqual([deadline]);
    });

    it("tells the owner of what arrived meanwhile, at its next write and on request", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      passed((await store.commit([turnOf(claimed, { subscribe: [{ wait: 1, key: "k" }], keep: true })]))[0]);
      expect(await store.news("w1")).toEqual([]);
      await store.send(eventOf("k", "1", "1"));
      const arrivals = [{ wait: 1, threw: false, value: "1" }];
      expect(await store.news("w1")).toMatchObject([{ run: "a", news: 1, arrivals, cancel: "no" }]);
      const outcome = passed((await store.commit([turnOf({ ...claimed, turn: 1 })]))[0]);
      expect(outcome).toMatchObject({ news: 1, arrivals });
      expect((await store.read.run("a"))?.worker).toBe("w1");
      passed((await store.commit([turnOf({ ...claimed, turn: 2, news: 1 }, { consumed: [1] })]))[0]);
      expect((await store.read.run("a"))?.worker).toBeNull();
      expect(await store.news("w1")).toEqual([]);
    });

    it("drops a wait that nobody needs any more together with the turn", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      passed((await store.commit([turnOf(claimed, { subscribe: [{ wait: 1, key: "k" }], keep: true })]))[0]);
      passed(
        (await store.commit([turnOf({ ...claimed, turn: 1 }, { unsubscribe: [{ wait: 1, key: "k" }] })]))[0],
      );
      expect((await store.send(eventOf("k", "1"))).status).toBe("kept");
    });

    it("keeps outcomes and retries recorded between turns for a redo, the first outcome", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      passed((await store.commit([turnOf(claimed, { keep: true })]))[0]);
      const known = { since: 3, begun: 1, progress: '"half \\u0000"' };
      const attempt = { wait: 2, made: 1, due: under.clock.now + 500, error: "busy \u0000", ...known };
      passed(
        (
          await store.commit([
            noteOf(claimed, { arrivals: [{ wait: 1, threw: false, value: "1" }], attempts: [attempt] }),
          ])
        )[0],
      );
      passed(
        (
          await store.commit([
            noteOf(claimed, {
              arrivals: [{ wait: 1, threw: false, value: "2" }],
              attempts: [{ ...attempt, made: 2 }],
            }),
          ])
        )[0],
      );
      await store.retire("w1");
      await store.renew(worker("w2"), true);
      const [redo] = await store.claim("w2", 1, ANY);
      expect(redo!.arrivals).toEqual([{ wait: 1, threw: false, value: "1" }]);
      expect(redo!.attempts).toMatchObject([{ wait: 2, made: 2, due: attempt.due, ...known }]);
      passed((await store.commit([turnOf(redo!, { worker: "w2", consumed: [1, 2], due: 0 })]))[0]);
      expect((await store.claim("w2", 1, ANY))[0]).toMatchObject({ arrivals: [], attempts: [] });
    });

    it("wakes a run to cancel it, and remembers when it was told", async () => {
      await store.start([newRun("a")], null);
      const parked = await claimOne();
      passed((await store.commit([turnOf(parked, { keep: true })]))[0]);
      expect(await store.cancel("a", null)).toBe(true);
      expect(await store.cancel("nobody", null)).toBe(false);
      expect(await store.news("w1")).toMatchObject([{ run: "a", news: 1, arrivals: [], cancel: "asked" }]);
      const told = passed((await store.commit([turnOf({ ...parked, turn: 1 })]))[0]);
      expect(told).toMatchObject({ passed: true, arrivals: [], news: 1, cancel: true });
      const next = turnOf({ ...parked, turn: 2, news: told.news }, { cancelled: true });
      expect(passed((await store.commit([next]))[0]).cancel).toBe(false);
      expect(await store.cancel("a", null)).toBe(true);
      expect((await claimOne()).cancel).toBe("under way");
    });

    it("blocks a run, and lets it go on after unblock, an event or cancel", async () => {
      await store.start([newRun("a")], null);
      const blocked = { reason: "CF2303 step x is not loaded", needs: "x" };
      const claimed = await claimOne();
      passed((await store.commit([noteOf(claimed, { release: { due: 0, blocked, bound: null } })]))[0]);
      expect(await store.read.run("a")).toMatchObject({ status: "blocked", blocked, worker: null, turn: 0 });
      expect(await store.claim("w1", 1, ANY)).toEqual([]);
      expect(await store.read.runs({ status: "blocked" })).toHaveLength(1);
      expect(await store.unblock("a", null)).toBe(true);
      expect(await store.unblock("a", null)).toBe(false);
      const again = await claimOne();
      passed((await store.commit([turnOf(again, { blocked, subscribe: [{ wait: 1, key: "k" }] })]))[0]);
      expect((await store.send(eventOf("k", "1"))).status).toBe("delivered");
      expect(await store.read.run("a")).toMatchObject({ status: "active", blocked: null });
      expect((await claimOne()).arrivals).toHaveLength(1);
    });

    it("starts children and sends events in the turn's transaction, and tells the parent of the end", async () => {
      await store.start([newRun("parent"), newRun("listener")], null);
      const [parent, listener] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed((await store.commit([turnOf(listener, { subscribe: [{ wait: 1, key: "hello" }] })]))[0]);
      const child = newRun("child", { parent: "parent" });
      passed(
        (
          await store.commit([
            turnOf(parent, {
              starts: [child],
              follow: [{ wait: 7, run: "child", attached: true }],
              sends: [eventOf("hello", "1")],
            }),
          ])
        )[0],
      );
      const claimed = await store.claim("w1", 5, ANY);
      expect(claimed.map((run) => run.id).sort()).toEqual(["child", "listener"]);
      const begun = claimed.find((run) => run.id === "child")!;
      passed(
        (await store.commit([turnOf(begun, { snapshot: null, end: { status: "done", value: "42" } })]))[0],
      );
      expect((await claimOne()).arrivals).toEqual([{ wait: 7, threw: false, value: "42" }]);
    });

    it("keeps code descriptors once", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      const codes = [{ key: "m#f@1", body: "[]" }];
      passed((await store.commit([turnOf(claimed, { codes, keep: true })]))[0]);
      passed((await store.commit([turnOf({ ...claimed, turn: 1 }, { codes })]))[0]);
      expect(await store.read.codes()).toEqual(codes);
    });

    it("lists runs newest first, by status, entry and tags, page by page", async () => {
      await store.start(
        [
          newRun("a", { tags: { team: "x" } }),
          newRun("b", { entry: "m#g" }),
          newRun("c", { tags: { team: "x", env: "p" } }),
        ],
        null,
      );
      const ids = async (filter: Parameters<Store["read"]["runs"]>[0]) =>
        (await store.read.runs(filter)).map((run) => run.id);
      expect(await ids({})).toEqual(["c", "b", "a"]);
      expect(await ids({ limit: 2 })).toEqual(["c", "b"]);
      expect(await ids({ limit: 2, after: "b" })).toEqual(["a"]);
      expect(await ids({ entry: "m#g" })).toEqual(["b"]);
      expect(await ids({ tags: { team: "x" } })).toEqual(["c", "a"]);
      expect(await ids({ tags: { team: "x", env: "p" } })).toEqual(["c"]);
      expect(await ids({ status: "done" })).toEqual([]);
      expect(await ids({ status: "active", limit: 2, after: "c" })).toEqual(["b", "a"]);
      const claimed = await claimOne();
      await store.commit([turnOf(claimed, { snapshot: null, end: { status: "failed", value: "1" } })]);
      expect(await ids({ status: "failed" })).toEqual([claimed.id]);
      expect(await ids({ status: "active" })).toHaveLength(2);
      expect(await store.read.counts()).toEqual({
        active: 2,
        blocked: 0,
        suspended: 0,
        done: 0,
        failed: 1,
        cancelled: 0,
      });
    });

    it("hints to watchers, until they stop", async () => {
      const hints: unknown[] = [];
      const stop = store.watch((hint) => hints.push(hint));
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      await store.commit([turnOf(claimed, { snapshot: null, end: { status: "done", value: "1" } })]);
      await Promise.resolve();
      expect(hints).toContainEqual({ kind: "ready" });
      expect(hints).toContainEqual({ kind: "ended", run: "a" });
      stop();
      const before = hints.length;
      await store.start([newRun("b")], null);
      await Promise.resolve();
      expect(hints).toHaveLength(before);
    });

    it("loses no event in any interleaving of a sender and a parking run on two connections", async () => {
      const sender = await under.connect();
      const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
      await store.start(
        ids.map((id) => newRun(id)),
        null,
      );
      const claimed = await store.claim("w1", 40, ANY);
      const [outcomes, sent] = await Promise.all([
        store.commit(claimed.map((run) => turnOf(run, { subscribe: [{ wait: 1, key: run.id }] }))),
        Promise.all(ids.map((id) => sender.send(eventOf(id, "1", "1")))),
      ]);
      const answered = outcomes.filter((outcome) => passed(outcome).arrivals.length === 1).length;
      const delivered = sent.filter((outcome) => outcome.status === "delivered").length;
      expect(answered + delivered).toBe(40);
      const woken = await store.claim("w1", 40, ANY);
      expect(woken).toHaveLength(delivered);
      expect(woken.every((run) => run.arrivals.length === 1)).toBe(true);
    });
  });
}
