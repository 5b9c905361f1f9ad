/** What every store promises about who claims what, and in which order. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MS_PER_POINT } from "../../runtime/engine/fairness.ts";
import type { Claimed, Placement, Store } from "../../runtime/engine/store.ts";
import { ANY, newRun, noteOf, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

export function describePlacement(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of placement`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      await store.renew({ ...worker("w1"), lease: 1e9 }, true);
    });
    afterEach(() => under.dispose());

    const claim = async (placement: Partial<Placement>, limit = 9) =>
      (await store.claim("w1", limit, { ...ANY, ...placement })).map(({ id }) => id);

    it("claims of the groups of the worker, of all when it has none, and tells when there is something for it", async () => {
      const gpu = { ...ANY, groups: ["gpu"] };
      await store.start([newRun("a"), newRun("b", { group: "gpu" }), newRun("c", { group: "x" })], null);
      expect(await store.due("w1", { ...ANY, groups: ["none"] })).toBeNull();
      expect(await store.due("w1", gpu)).toBe(0);
      expect(await claim(gpu)).toEqual(["b"]);
      expect(await store.due("w1", gpu)).toBeNull();
      await store.start([newRun("d", { group: "gpu" })], null);
      under.clock.now++;
      await store.start([newRun("e", { group: "y" })], null);
      expect(await claim({ groups: ["gpu", "x"] })).toEqual(["c", "d"]);
      expect(await claim({})).toEqual(["a", "e"]);
      expect(await store.read.run("d")).toMatchObject({ group: "gpu" });
      expect((await store.read.runs({ group: "gpu" })).map(({ id }) => id)).toEqual(["d", "b"]);
    });

    it("claims only of the entries of the worker", async () => {
      await store.start([newRun("a"), newRun("b", { entry: "x#y" }), newRun("c", { entry: "x#z" })], null);
      const only = ["x#y", "x#z"];
      expect(await store.due("w1", { ...ANY, only, except: only })).toBeNull();
      expect(await claim({ only, except: ["x#z"] })).toEqual(["b"]);
      expect(await store.due("w1", { ...ANY, only })).toBe(0);
      expect(await claim({ only })).toEqual(["c"]);
      expect(await store.due("w1", { ...ANY, only })).toBeNull();
    });

    it("moves a run with its turn, also when it is kept, and takes group and priority over to a clone", async () => {
      await store.start([newRun("a", { priority: 3 }), newRun("b")], "w1");
      const at = (id: string) => ({ id, epoch: 1, turn: 0, news: 0 });
      passed((await store.commit([turnOf(at("a"), { group: "gpu", due: 0 })]))[0]);
      passed((await store.commit([turnOf(at("b"), { group: "gpu", keep: true })]))[0]);
      expect(await store.read.run("b")).toMatchObject({ group: "gpu", worker: "w1" });
      expect(await claim({ groups: ["default"] })).toEqual([]);
      expect(await store.clone("a", { id: "copy", secret: "s", turn: 1, state: null })).toBe("cloned");
      expect(await store.read.run("copy")).toMatchObject({ group: "gpu", priority: 3 });
      const [first] = await store.claim("w1", 1, { ...ANY, groups: ["gpu"] });
      expect(first).toMatchObject({ id: "a", group: "gpu" });
      passed((await store.commit([turnOf(first!, { due: 0 })]))[0]);
      expect(await store.read.run("a")).toMatchObject({ group: "gpu" });
    });

    it("a point of priority is worth a minute of waiting", async () => {
      await store.start([newRun("old")], null);
      under.clock.now += 2 * MS_PER_POINT;
      await store.start([newRun("one", { priority: 1 }), newRun("two", { priority: 2 })], null);
      await store.start([newRun("three", { priority: 3 }), newRun("minus", { priority: -1 })], null);
      under.clock.now += MS_PER_POINT;
      await store.start([newRun("late", { priority: 3 })], null);
      expect(await claim({}, 4)).toEqual(["three", "old", "two", "late"]);
      expect(await claim({})).toEqual(["one", "minus"]);
    });

    it("lets no run wait for ever, whatever keeps coming with a higher priority", async () => {
      await store.start([newRun("low")], null);
      const taken: string[] = [];
      for (let minute = 0; minute < 20 && !taken.includes("low"); minute++) {
        const ids = [0, 1, 2].map((i) => `high ${minute}.${i}`);
        await store.start(
          ids.map((id) => newRun(id, { priority: 5 })),
          null,
        );
        taken.push(...(await claim({}, 3)));
        under.clock.now += MS_PER_POINT;
      }
      expect(taken.slice(0, 15).every((id) => id.startsWith("high"))).toBe(true);
      expect(taken.slice(15, 18)).toContain("low");
    });

    it("counts the age of what becomes due at once from then on, and keeps the age of what was due", async () => {
      const began = under.clock.now;
      await store.start(
        ["event", "dead", "turn", "note", "waiting"].map((id) => newRun(id)),
        "w1",
      );
      const at = (id: string): Pick<Claimed, "id" | "epoch" | "turn" | "news"> => ({
        id,
        epoch: 1,
        turn: 0,
        news: 0,
      });
      const subscribe = [{ wait: 1, key: "k" }];
      passed((await store.commit([turnOf(at("event"), { subscribe })]))[0]);
      passed((await store.commit([turnOf(at("waiting"), { due: began })]))[0]);
      under.clock.now += 5000;
      await store.send({ key: "k", id: "1", payload: "1", run: null });
      await store.cancel("waiting", null);
      passed((await store.commit([turnOf(at("turn"), { due: 0 })]))[0]);
      passed(
        (await store.commit([noteOf(at("note"), { release: { due: 0, blocked: null, bound: null } })]))[0],
      );
      await store.disown("w1", []);
      for (const id of ["event", "dead", "turn", "note"])
        expect([id, (await store.read.run(id))?.due]).toEqual([id, began + 5000]);
      expect((await store.read.run("waiting"))?.due).toBe(began);
      await store.start([newRun("urgent", { priority: 1 })], null);
      expect(await claim({}, 1)).toEqual(["urgent"]);
    });
  });
}
