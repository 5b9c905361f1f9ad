/** What every store promises about the builds of runs: what is recorded, who claims, what nobody can claim. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BOUND_FOR, type Placement, type Store } from "../../runtime/engine/store.ts";
import { ANY, newRun, noteOf, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

export function describeBuilds(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of builds`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      await store.renew({ ...worker("w1"), lease: 1e6, builds: ["A"] }, true);
    });
    afterEach(() => under.dispose());

    const begun = { epoch: 1, turn: 0, news: 0 };
    const claim = async (placement: Partial<Placement>) =>
      (await store.claim("w1", 9, { ...ANY, ...placement })).map(({ id }) => id);

    it("records what began a run when it is claimed with that, and what ran it last with each turn that changes it", async () => {
      await store.start([newRun("a", { build: "A" })], "w1");
      await store.start([newRun("b", { build: "A" })], null);
      await store.start([newRun("c", { build: "A", limit: { key: "k", max: 1 } })], "w1");
      expect(await store.read.run("a")).toMatchObject({ build: "A", bound: null });
      expect(await store.read.run("b")).toMatchObject({ build: null, bound: null });
      expect(await store.read.run("c")).toMatchObject({ build: null, bound: null });
      const build = { build: "B", bound: "B" };
      passed((await store.commit([turnOf({ id: "a", ...begun }, { build, keep: true })]))[0]);
      expect(await store.read.run("a")).toMatchObject({ ...build, worker: "w1" });
      const same = turnOf({ id: "a", epoch: 1, turn: 1, news: 0 }, { due: 0 });
      passed((await store.commit([same]))[0]);
      const runs = await store.claim("w1", 9, ANY);
      expect(runs.find(({ id }) => id === "a")).toMatchObject(build);
      const ended = { end: { status: "done", value: "1" }, build: { build: "C", bound: null } } as const;
      passed((await store.commit([turnOf({ id: "a", epoch: 2, turn: 2, news: 0 }, ended)]))[0]);
      expect((await store.read.runs({ status: "done" }))[0]).toMatchObject({ build: "C", bound: null });
    });

    it("lets only those claim a run that is bound who hold its build, or are meant; a clone is bound, too", async () => {
      await store.start([newRun("free"), newRun("a")], "w1");
      const build = { build: "A", bound: "A" };
      passed((await store.commit([turnOf({ id: "a", ...begun }, { build, due: 0 })]))[0]);
      passed((await store.commit([turnOf({ id: "free", ...begun }, { due: 0 })]))[0]);
      expect(await store.due("w1", { ...ANY, builds: ["B"], only: ["x"] })).toBeNull();
      expect(await claim({ builds: ["B"] })).toEqual(["free"]);
      expect(await store.due("w1", { ...ANY, builds: ["B"] })).toBeNull();
      expect(await store.due("w1", { ...ANY, builds: ["B", "A"] })).toBe(0);
      expect(await store.clone("a", { id: "copy", secret: "s", turn: 1, state: null })).toBe("cloned");
      expect(await claim({ builds: ["B"] })).toEqual([]);
      expect((await claim({ builds: ["B", "A"] })).sort()).toEqual(["a", "copy"]);
      const release = { due: 0, blocked: null, bound: "w7" };
      passed((await store.commit([noteOf({ id: "free", epoch: 2, news: 0 }, { release })]))[0]);
      expect(await claim({ builds: ["A", "w1"] })).toEqual([]);
      expect(await claim({ builds: ["A", "w7"] })).toEqual(["free"]);
    });

    it("binds what is unblocked to who unblocks it, unless it is bound to its build", async () => {
      await store.start([newRun("a"), newRun("b")], "w1");
      const blocked = { reason: "CF2103 it does not fit", needs: "x" };
      const build = { build: "A", bound: "A" };
      passed((await store.commit([turnOf({ id: "a", ...begun }, { blocked })]))[0]);
      passed((await store.commit([turnOf({ id: "b", ...begun }, { blocked, build })]))[0]);
      expect(await store.unblock("a", "w1")).toBe(true);
      expect(await store.unblock("b", "w1")).toBe(true);
      expect(await store.read.run("a")).toMatchObject({ status: "active", bound: "w1" });
      expect(await store.read.run("b")).toMatchObject({ status: "active", bound: "A" });
      expect(await claim({ builds: ["C", "w2"] })).toEqual([]);
      expect(await claim({ builds: ["C", "w1"] })).toEqual(["a"]);
    });

    it("knows which builds workers hold, and what builds contain", async () => {
      const about = { ...worker("w1"), lease: 1e6 };
      expect(await store.renew({ ...about, builds: ["B", "A"] }, false)).toBe(true);
      expect(await store.read.workers()).toMatchObject([
        { id: "w1", builds: ["B", "A"], groups: null, only: null },
      ]);
      const some = { groups: ["gpu", "a,b"], only: ["m#f"] };
      expect(await store.renew({ ...worker("w2"), ...some }, true)).toBe(true);
      expect((await store.read.workers())[1]).toMatchObject({ id: "w2", builds: [], ...some });
      await store.announce([]);
      await store.announce([
        { id: "B", body: '[["m","1"]]' },
        { id: "A", body: "[]" },
      ]);
      await store.announce([{ id: "B", body: "another" }]);
      expect(await store.read.builds()).toEqual(
        expect.arrayContaining([
          { id: "A", body: "[]" },
          { id: "B", body: '[["m","1"]]' },
        ]),
      );
    });

    it("blocks due runs whose build nobody holds, and frees those that are bound to a worker that is gone", async () => {
      const ids = ["held", "gone", "later", "lost", "mine"];
      await store.start(
        ids.map((id) => newRun(id)),
        "w1",
      );
      const park = async (id: string, bound: string, due = 0) => {
        const build = { build: bound.startsWith("w") ? "A" : bound, bound };
        passed((await store.commit([turnOf({ id, ...begun }, { build, due })]))[0]);
      };
      await park("held", "A");
      await park("gone", "X");
      await park("later", "X", under.clock.now + 5000);
      await park("lost", "w9");
      await park("mine", "w1");
      const blocked = await store.strand("CF2404 {build} is nowhere");
      expect(blocked).toEqual([{ id: "gone", entry: newRun("gone").entry, turn: 1, build: "X" }]);
      expect(await store.read.run("gone")).toMatchObject({
        status: "blocked",
        blocked: { reason: "CF2404 X is nowhere", needs: newRun("gone").entry },
        bound: "X",
      });
      for (const [id, bound] of [
        ["held", "A"],
        ["later", "X"],
        ["lost", null],
        ["mine", "w1"],
      ])
        expect([id, await store.read.run(id!)]).toMatchObject([id, { status: "active", bound }]);
      expect(await store.strand("")).toEqual([]);
      expect(await store.read.reasons()).toEqual({ CF2404: 1 });
      await store.renew({ ...worker("w2"), lease: 1e6, builds: ["B", "X"] }, true);
      under.clock.now += 6000;
      expect(await store.strand("")).toEqual([]);
    });

    it("frees what a worker that lives was left, and does not come for", async () => {
      await store.start([newRun("a"), newRun("b"), newRun("c")], "w1");
      await store.renew({ ...worker("w1"), lease: 1e9 }, false);
      await store.renew({ ...worker("w2"), lease: 1e9, builds: ["B"] }, true);
      const park = async (id: string, bound: string, due = 0) =>
        passed((await store.commit([turnOf({ id, ...begun }, { build: { build: "B", bound }, due })]))[0]);
      await park("a", "w2");
      await park("b", "B");
      await park("c", "w2", under.clock.now + 9000);
      under.clock.now += BOUND_FOR - 1;
      expect(await store.strand("")).toEqual([]);
      expect(await claim({ builds: ["A", "w1"] })).toEqual([]);
      under.clock.now += 2;
      expect(await store.strand("")).toEqual([]);
      expect(await claim({ builds: ["A", "w1"] })).toEqual(["a"]);
      // Due later, it has waited for less; and those that are to stay with a build that somebody holds wait for as long as it takes.
      expect(await store.read.run("c")).toMatchObject({ status: "active", bound: "w2" });
      expect(await store.read.run("b")).toMatchObject({ status: "active", bound: "B" });
      expect(await claim({ builds: ["B", "w2"] })).toEqual(["b", "c"]);
    });

    it("does not count who holds a build and serves neither the group nor the entry of a run", async () => {
      const { entry } = newRun("a");
      await store.start([newRun("a", { group: "gpu" }), newRun("b", { group: "gpu" })], "w1");
      const park = async (id: string, bound: string) =>
        passed((await store.commit([turnOf({ id, ...begun }, { build: { build: "X", bound }, due: 0 })]))[0]);
      const hold = (id: string, groups: readonly string[] | null, only: readonly string[] | null) =>
        store.renew({ ...worker(id), lease: 1e6, builds: ["X"], groups, only }, true);
      await park("a", "X");
      await park("b", "w3");
      await hold("w2", ["gpu", "other"], [entry, "m#other"]);
      await hold("w3", null, [entry]);
      expect(await store.strand("")).toEqual([]);
      await store.retire("w2");
      await store.retire("w3");
      await hold("w4", ["default"], null);
      await hold("w5", null, ["m#other"]);
      expect(await store.strand("")).toMatchObject([{ id: "a" }]);
      expect(await store.read.run("b")).toMatchObject({ status: "active", bound: null });
    });

    it("counts what is blocked by the code of the reason", async () => {
      const reasons = ["CF2103 one", "CF2103 another", "nothing in particular"];
      await store.start(
        reasons.map((reason) => newRun(reason)),
        "w1",
      );
      for (const reason of reasons) {
        const blocked = { reason, needs: null };
        passed((await store.commit([turnOf({ id: reason, ...begun }, { blocked })]))[0]);
      }
      expect(await store.read.reasons()).toEqual({ CF2103: 2, nothing: 1 });
    });
  });
}
