/** What every store with transactions for users promises. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Arrival, StepFence, Store } from "../../runtime/engine/store.ts";
import { ANY, eventOf, newRun, noteOf, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

/** What the contract does in tables of the user, for one kind of store. */
export interface UserTable {
  prepare(store: Store): Promise<void>;
  /** Adds one to the counter of this name, in the transaction. */
  add(tx: unknown, name: string): Promise<void>;
  /** As others see it. */
  read(store: Store, name: string): Promise<number>;
  /** Calls a function with a transaction of the user's, and commits what it did. */
  transaction(store: Store, body: (tx: unknown) => Promise<void>): Promise<void>;
}

export function describeTransactions(
  name: string,
  make: () => Promise<StoreUnderTest>,
  table: UserTable,
): void {
  describe(`${name} keeps the contract of transactions`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let other: Store;
    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      other = await under.connect();
      await table.prepare(store);
      await store.renew(worker("w1"), true);
      await store.start([newRun("a")], "w1");
      passed((await store.commit([turnOf(at(), { keep: true })]))[0]);
    });
    afterEach(() => under.dispose());

    const at = (turn = 0) => ({ id: "a", epoch: 1, turn, news: 0 });
    const step = (extra: Partial<StepFence> = {}): StepFence => ({
      ...{ run: "a", worker: "w1", epoch: 1, wait: 7 },
      ...extra,
    });
    const arrival: Arrival = { wait: 7, threw: false, value: '"done"' };
    const adding = async (tx: unknown) => {
      await table.add(tx, "n");
      return arrival;
    };
    const count = () => table.read(other, "n");

    it("commits what the function wrote together with the outcome, once", async () => {
      const outcome = await store.transact!(step(), async (tx) => {
        await table.add(tx, "n");
        expect(await count()).toBe(0);
        await table.add(tx, "n");
        return arrival;
      });
      expect(outcome).toEqual({ kind: "recorded", arrival, before: false });
      expect(await count()).toBe(2);
      // Whoever did not get the answer asks again, and so does another process after a takeover.
      expect(await store.transact!(step(), adding)).toEqual({ kind: "recorded", arrival, before: true });
      expect(await count()).toBe(2);
      await store.disown("w1", []);
      const [claimed] = await store.claim("w1", 1, ANY);
      expect(claimed!.arrivals).toEqual([arrival]);
      expect(await store.transact!(step({ epoch: 2 }), adding)).toMatchObject({ before: true });
      expect(await count()).toBe(2);
    });

    it("undoes all of it when the function throws, and calls it again when asked again", async () => {
      const error = new Error("no");
      const failing = async (tx: unknown) => {
        await table.add(tx, "n");
        throw error;
      };
      expect(await store.transact!(step(), failing)).toEqual({ kind: "threw", error });
      expect(await count()).toBe(0);
      expect(await store.transact!(step(), adding)).toMatchObject({ kind: "recorded", before: false });
      expect(await count()).toBe(1);
    });

    it("commits nothing for a worker that has lost the run, before or meanwhile", async () => {
      expect(await store.transact!(step({ epoch: 0 }), adding)).toEqual({ kind: "fenced" });
      expect(await store.transact!(step({ run: "none" }), adding)).toEqual({ kind: "fenced" });
      expect(await store.transact!(step({ worker: "w0" }), adding)).toEqual({ kind: "fenced" });
      expect(await count()).toBe(0);
      await store.disown("w1", []);
      expect(await store.transact!(step(), adding)).toEqual({ kind: "fenced" });
      expect(await count()).toBe(0);
    });

    it("an outcome that was recorded otherwise is the outcome", async () => {
      const value = '"by hand"';
      passed((await store.commit([noteOf(at(), { arrivals: [{ ...arrival, value }] })]))[0]);
      expect(await store.transact!(step(), adding)).toEqual({
        kind: "recorded",
        arrival: { ...arrival, value },
        before: true,
      });
      expect(await count()).toBe(0);
    });

    it("carries out those of many runs as if one after the other, and writes other turns between them", async () => {
      const ids = Array.from({ length: 10 }, (_, i) => `r${i}`);
      await store.start(
        ids.map((id) => newRun(id)),
        "w1",
      );
      const outcomes = await Promise.all([
        ...ids.map((run) =>
          store.transact!(step({ run }), async (tx) => {
            await new Promise((resolve) => setImmediate(resolve));
            return adding(tx);
          }),
        ),
        store.commit([turnOf(at(1), { keep: true })]).then(([outcome]) => passed(outcome)),
      ]);
      expect(outcomes.slice(0, 10).every((outcome) => "kind" in outcome && outcome.kind === "recorded")).toBe(
        true,
      );
      expect(await count()).toBe(10);
      expect((await other.read.run("a"))!.turn).toBe(2);
    });

    it("cannot be used when it is over", async () => {
      let kept: unknown;
      await store.transact!(step(), async (tx) => {
        kept = tx;
        return adding(tx);
      });
      await expect((async () => table.add(kept, "n"))()).rejects.toMatchObject({ code: "CF3108" });
      await expect((async () => store.within!(kept).start([newRun("x")]))()).rejects.toMatchObject({
        code: "CF3108",
      });
      expect(await count()).toBe(1);
    });

    it("starts runs and sends events with a transaction, or not at all", async () => {
      const subscribe = [{ wait: 1, key: "k" }];
      passed((await store.commit([turnOf(at(1), { subscribe })]))[0]);
      const both = async (tx: unknown, n: string) => {
        const port = store.within!(tx);
        expect(await port.start([newRun(`run ${n}`)])).toEqual([
          { id: `run ${n}`, created: true, claimed: false },
        ]);
        await port.send(eventOf("k", n));
        expect(await port.send(eventOf("k", "x", "1", "nobody"))).toMatchObject({ status: "unknown" });
        await table.add(tx, "n");
        expect(await other.read.run(`run ${n}`)).toBeNull();
      };
      const undone = table.transaction(store, async (tx) => {
        await both(tx, "1");
        throw new Error("no");
      });
      await expect(undone).rejects.toThrow("no");
      expect(await other.read.run("run 1")).toBeNull();
      expect(await store.claim("w1", 9, ANY)).toEqual([]);
      await table.transaction(store, (tx) => both(tx, "2"));
      expect(await count()).toBe(1);
      const claimed = await store.claim("w1", 9, ANY);
      expect(claimed.map(({ id }) => id).sort()).toEqual(["a", "run 2"]);
      expect(claimed.find(({ id }) => id === "a")!.arrivals).toEqual([
        { wait: 1, threw: false, value: '"2"' },
      ]);
    });

    it("starts runs with all that they were given", async () => {
      const limit = { key: "k", max: 3 };
      const given = { priority: 7, group: "gpu", tags: { a: "b" }, history: 5, limit };
      await table.transaction(
        store,
        async (tx) => void (await store.within!(tx).start([newRun("x", given), newRun("y"), newRun("x")])),
      );
      expect(await other.read.run("x")).toMatchObject(given);
      expect(await other.read.run("y")).toMatchObject({ history: 0, limit: null });
    });

    it("delivers events in the order in which they were sent, in a transaction or not", async () => {
      const subscribe = [1, 2, 3, 4].map((wait) => ({ wait, key: "k" }));
      passed((await store.commit([turnOf(at(1), { subscribe })]))[0]);
      const within = (n: string) =>
        table.transaction(store, async (tx) => void (await store.within!(tx).send(eventOf("k", n))));
      await within("1");
      expect(await other.send(eventOf("k", "2"))).toEqual({ status: "delivered", run: "a" });
      await within("3");
      // The same of what a run sends.
      await store.start([newRun("b")], "w1");
      const sender = { id: "b", epoch: 1, turn: 0, news: 0 };
      passed((await store.commit([turnOf(sender, { sends: [eventOf("k", "4")] })]))[0]);
      expect((await store.claim("w1", 9, ANY)).find(({ id }) => id === "a")!.arrivals).toEqual(
        [1, 2, 3, 4].map((n) => ({ wait: n, threw: false, value: `"${n}"` })),
      );
    });

    it("keeps that order among those that nobody waits for", async () => {
      for (const n of ["1", "3"]) {
        await table.transaction(store, async (tx) => void (await store.within!(tx).send(eventOf("k", n))));
        await other.send(eventOf("k", String(Number(n) + 1)));
      }
      const subscribe = [1, 2, 3, 4].map((wait) => ({ wait, key: "k" }));
      const outcome = passed((await store.commit([turnOf(at(1), { subscribe, keep: true })]))[0]);
      expect(outcome.arrivals.map(({ value }) => value)).toEqual(['"1"', '"2"', '"3"', '"4"']);
    });

    it("refuses what is no transaction of it", async () => {
      for (const wrong of [null, undefined, 1, {}, { query() {} }]) {
        const start = async () => store.within!(wrong).start([newRun("x")]);
        await expect(start()).rejects.toMatchObject({ code: "CF3110" });
      }
    });
  });
}
