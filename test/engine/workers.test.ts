import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BOUND_FOR } from "../../runtime/engine/store.ts";
import { stepContext } from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { encodeValue } from "../../runtime/snapshot/index.ts";
import { ANY, noteOf, passed, worker } from "../stores/contract.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("workers", () => {
  it("take over the runs of a dead one within its lease", async () => {
    const main = program("await call('a'); await call('b'); return 'done'", {
      b: () => new Promise((resolve) => stage.clock.setTimeout(() => resolve(1), 60_000)),
    });
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 2);
    kill();
    const other = await stage.engine({ poll: "1s" });
    const before = stage.clock.now();
    await stage.when(() => main.calls.length === 3);
    expect(stage.clock.now() - before).toBeLessThan(20_000);
    expect(await stage.until(other.run("r").result())).toBe("done");
    expect(main.calls.map(([name]) => name)).toEqual(["a", "b", "b"]);
  });

  it("carry on what was left to one that lives and never comes for it", async () => {
    const main = program("await call('a'); return 'done'");
    const { data } = stage;
    const client = await stage.engine({ worker: false });
    const run = await client.start(main, [], { id: "r" });
    // One that is closing for days, has no room, or hangs: its lease is all that is seen of it.
    for (const id of ["w1", "deaf"]) await data.renew({ ...worker(id), lease: 1e12 }, true);
    const [claimed] = await data.claim("w1", 1, ANY);
    const release = { due: 0, blocked: null, bound: "deaf" };
    passed((await data.commit([noteOf(claimed!, { release })]))[0]);
    await stage.engine({ poll: "1s" });
    const before = stage.clock.now();
    expect(await stage.until(run.result())).toBe("done");
    const passedTime = stage.clock.now() - before;
    expect(passedTime).toBeGreaterThan(BOUND_FOR - 1000);
    expect(passedTime).toBeLessThan(BOUND_FOR * 2);
    expect(main.calls).toHaveLength(1);
  });

  it("that were frozen past their lease can record nothing, and their step is told", async () => {
    const signals: AbortSignal[] = [];
    const fences: number[] = [];
    const { main } = load(
      `import { body } from "world";
       export async function call() { "use step"; return body(); }
       export async function main() { "use workflow"; return await call(); }`,
      {
        body: () => {
          const { signal, fence } = stepContext();
          signals.push(signal);
          fences.push(fence);
          if (fences.length > 1) return "second";
          return new Promise((resolve) => stage.clock.setTimeout(() => resolve("first"), 25_000));
        },
      },
    );
    let thaw = () => {};
    const frozen = new Promise<void>((resolve) => (thaw = resolve));
    const store = stage.data.connect();
    const renew = store.renew.bind(store);
    store.renew = async (worker, first) => {
      if (!first) await frozen;
      return renew(worker, first);
    };
    const zombie = await stage.engine({ store, lease: "10s" });
    await zombie.start(main!, [], { id: "r" });
    const other = await stage.engine({ lease: "10s", poll: "1s" });
    expect(await stage.until(other.run("r").result())).toBe("second");
    thaw();
    await stage.clock.advance(30_000);
    expect((await stage.data.read.run("r"))!.end).toEqual({ status: "done", value: '"second"' });
    expect(fences).toEqual([1, 2]);
    expect(signals[0]!.aborted).toBe(true);
  });

  it("leave runs alone whose code they have not loaded, and go on once it is", async () => {
    const source = (name: string) => `
      import { event } from "coldframe"; import { log } from "world";
      export async function ${name}() { "use workflow"; await event('k'); log('on'); return 1; }`;
    const engine = await stage.engine({ poll: "1s" });
    const store = stage.data.connect();
    await store.start(
      [
        {
          id: "r",
          entry: "absent/flow.ts#flow",
          call: encodeValue([]),
          secret: "s",
          tags: {},
          priority: 0,
          group: "default",
          parent: null,
          limit: null,
        },
      ],
      null,
    );
    await stage.when(async () => (await engine.get("r"))!.status === "blocked");
    const { blocked, snapshot } = (await engine.get("r"))!;
    expect(blocked!.needs).toBe("absent/flow.ts#flow");
    expect(blocked!.reason).toContain("CF2304");
    expect(snapshot).toBeNull();
    const calls: unknown[] = [];
    load(source("flow"), { log: (...args: unknown[]) => calls.push(args) }, "absent/flow.ts");
    await stage.when(async () => (await engine.get("r"))!.waits.length === 1);
    await engine.send("k");
    await stage.until(engine.run("r").result());
    expect(calls).toHaveLength(1);
  });

  it("leave runs alone whose step they have not loaded, and go on once it is", async () => {
    const { main, call } = load(`
      export async function call() { "use step"; return 1; }
      export async function main() { "use workflow"; return await call(); }`);
    const id = [...registry.steps.keys()].at(-1)!;
    const step = registry.steps.get(id)!;
    registry.steps.delete(id);
    registry.stepsByFunction.delete(call!);
    const engine = await stage.engine({ poll: "1s" });
    const run = await engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await run.status())!.status === "blocked");
    expect((await run.status())!.blocked).toEqual({ reason: expect.stringContaining("CF2303"), needs: id });
    registry.steps.set(id, step);
    expect(await stage.until(run.result())).toBe(1);
  });

  it("park everything when they close", async () => {
    const hang = () => new Promise(() => {});
    const main = program("await Promise.all([call('hang'), event('k')]); return 1", { hang });
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    const result = run.result();
    const refused = expect(result).rejects.toMatchObject({ code: "CF3104" });
    await stage.until(engine.close("1s"));
    await refused;
    expect(await stage.data.read.run("r")).toMatchObject({
      status: "active",
      worker: null,
      due: expect.any(Number),
    });
    await expect(engine.start(main, [])).rejects.toMatchObject({ code: "CF3104" });
  });

  it("go on when the store fails for a while", async () => {
    const store = stage.data.connect();
    const commit = store.commit.bind(store);
    let failures = 3;
    store.commit = async (writes) => {
      if (failures-- > 0) throw new Error("disk full");
      return commit(writes);
    };
    const main = program("await call('a'); return await call('b')");
    const engine = await stage.engine({ store });
    expect(await stage.until((await engine.start(main, [])).result())).toBe("b");
    expect(main.calls).toEqual([["a"], ["b"]]);
  });

  it("look again soon when what was due could not be had, seldom when that stays so, and then as before", async () => {
    const main = program("return 1");
    const store = stage.data.connect();
    const claim = store.claim.bind(store);
    const asked: number[] = [];
    let locked = 3;
    // Somebody has the row for a moment, and has nothing to tell.
    store.claim = async (...values) => {
      asked.push(stage.clock.now());
      return locked-- > 0 ? [] : claim(...values);
    };
    const starter = await stage.engine({ worker: false });
    const engine = await stage.engine({ store });
    const begin = stage.clock.now();
    await starter.start(main, [], { id: "r" });
    expect(await stage.until(engine.run("r").result())).toBe(1);
    expect(stage.clock.now() - begin).toBeLessThan(1000);
    locked = Number.POSITIVE_INFINITY;
    asked.length = 0;
    await starter.start(main, [], { id: "s" });
    await stage.clock.advance(3_600_000);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(25);
  });

  it("try all writes of a failed call again", async () => {
    const main = program("for (let i = 0; i < 3; i++) await call('a', i); return 'done'");
    const store = stage.data.connect();
    const commit = store.commit.bind(store);
    let calls = 0;
    let most = 0;
    store.commit = async (writes) => {
      most = Math.max(most, writes.length);
      if (++calls % 3 !== 0) throw new Error("the disk is full");
      return commit(writes);
    };
    const engine = await stage.engine({ store });
    const runs = await Promise.all(Array.from({ length: 20 }, () => engine.start(main, [])));
    for (const run of runs) expect(await stage.until(run.result())).toBe("done");
    expect(most).toBe(20);
    expect(main.calls).toHaveLength(60);
  });

  it("recognise a commit whose answer was lost", async () => {
    const store = stage.data.connect();
    const commit = store.commit.bind(store);
    let lost = 0;
    store.commit = async (writes) => {
      const outcomes = await commit(writes);
      if (lost++ % 2 === 0) throw new Error("connection lost");
      return outcomes;
    };
    const main = program("await call('a'); return await call('b')");
    const engine = await stage.engine({ store });
    expect(await stage.until((await engine.start(main, [])).result())).toBe("b");
    expect(main.calls).toEqual([["a"], ["b"]]);
  });

  it.each(["claim", "start"] as const)("carry on a run that a lost answer to %s gave them", async (name) => {
    const store = stage.data.connect();
    const call = store[name].bind(store) as (...args: unknown[]) => Promise<readonly unknown[]>;
    let lost = 0;
    Object.assign(store, {
      [name]: async (...args: unknown[]) => {
        const given = await call(...args);
        if (given.length > 0 && lost++ === 0) throw new Error("connection lost");
        return given;
      },
    });
    const main = program("return await call('a')");
    const engine = await stage.engine({ store, poll: "1m" });
    const starter = name === "start" ? engine : await stage.engine({ worker: false });
    const started = starter.start(main, [], { id: "r" });
    if (name === "start") await expect(started).rejects.toThrow("connection lost");
    expect(await stage.until(engine.run("r").result())).toBe("a");
    expect(main.calls).toEqual([["a"]]);
  });

  it.each(["claim", "start"] as const)(
    "find what a %s gave them long after they had given it up",
    async (name) => {
      const store = stage.data.connect();
      const call = store[name].bind(store) as (...args: unknown[]) => Promise<readonly unknown[]>;
      const disown = store.disown.bind(store);
      // It hangs in the network, and arrives when the worker has looked whether it did.
      let late: (() => Promise<readonly unknown[]>) | null = null;
      let arrived = 0;
      Object.assign(store, {
        [name]: async (...args: unknown[]) => {
          if (arrived > 0) return call(...args);
          late = () => call(...args);
          throw new Error("no answer in time");
        },
        disown: async (worker: string, known: readonly string[]) => {
          await disown(worker, known);
          const arriving = late;
          late = null;
          if (arriving !== null) arrived += (await arriving()).length;
        },
      });
      const main = program("return await call('a')");
      const engine = await stage.engine({ store, poll: "1s", lease: "30s" });
      const starter = name === "start" ? engine : await stage.engine({ worker: false });
      const started = starter.start(main, [], { id: "r" });
      if (name === "start") await expect(started).rejects.toThrow("no answer in time");
      await stage.when(() => arrived > 0);
      const before = stage.clock.now();
      expect(await stage.until(engine.run("r").result())).toBe("a");
      expect(main.calls).toEqual([["a"]]);
      expect(stage.clock.now() - before).toBeLessThan(35_000);
    },
  );

  it("lose no run that they start while they look for what they do not know of", async () => {
    const store = stage.data.connect();
    const start = store.start.bind(store);
    let starts = 0;
    store.start = async (runs, claim) => {
      if (++starts === 1) throw new Error("no answer in time");
      const outcomes = await start(runs, claim);
      await new Promise<void>((resolve) => stage.clock.setTimeout(resolve, 60_000));
      return outcomes;
    };
    const disowned = vi.spyOn(store, "disown");
    const main = program("return await call('a')");
    const engine = await stage.engine({ store, poll: "1s", lease: "30s" });
    await expect(engine.start(main, [])).rejects.toThrow("no answer in time");
    const run = await stage.until(engine.start(main, [], { id: "r" }));
    expect(disowned.mock.calls.length).toBeGreaterThan(1);
    expect(await stage.until(run.result())).toBe("a");
    expect(main.calls).toEqual([["a"]]);
    expect(stage.logs).toEqual([]);
  });

  it("lose no run that they claim while they take a new lease", async () => {
    const store = stage.data.connect();
    const renew = store.renew.bind(store);
    let leases = 0;
    store.renew = async (worker, first) => {
      const late = first ? leases++ > 0 : leases === 1;
      // Frozen until its lease has ended; then the answer to the new lease takes its time.
      if (late && !first) await new Promise<void>((resolve) => stage.clock.setTimeout(resolve, 15_000));
      const held = await renew(worker, first);
      if (late && first) await new Promise<void>((resolve) => stage.clock.setTimeout(resolve, 5000));
      return held;
    };
    const main = program("for (let i = 0; i < 5; i++) await sleep('4s'); return await call('a')");
    const engine = await stage.engine({ store, lease: "10s", poll: "1s" });
    const client = await stage.engine({ worker: false });
    await stage.when(() => leases === 2);
    await client.start(main, [], { id: "r" });
    expect(await stage.until(engine.run("r").result())).toBe("a");
  });

  it("leave no step behind that they were asked for while they close", async () => {
    const main = program("await call('a'); return await call('b')");
    const store = stage.data.connect();
    const engine = await stage.engine({ store, poll: "1m" });
    const commit = store.commit.bind(store);
    let closing: Promise<void> | null = null;
    store.commit = async (writes) => {
      const outcomes = await commit(writes);
      if (writes[0]!.kind === "turn" && writes[0]!.turn === 2) closing = engine.close();
      return outcomes;
    };
    await engine.start(main, [], { id: "r" });
    await stage.when(() => closing !== null);
    await stage.until(closing!);
    expect(main.calls).toEqual([["a"]]);
    const other = await stage.engine({ poll: "1m" });
    expect(await stage.until(other.run("r").result())).toBe("b");
  });

  it("do not forget what a run did since it was parked, however few they keep decoded", async () => {
    const wait = (ms: number) =>
      new Promise((resolve) => stage.clock.setTimeout(() => resolve(`after ${ms}`), ms));
    const main = program(
      "const a = await call('a'); const b = await world.wait(20); const c = await call('c'); return [a, b, c]",
      { wait },
    );
    const other = program("for (let i = 0; i < 5; i++) await call('wait', 7)", { wait });
    const engine = await stage.engine({ cache: 1 });
    const run = await engine.start(main, []);
    const rest = await Promise.all(Array.from({ length: 3 }, () => engine.start(other, [])));
    expect(await stage.until(run.result())).toEqual(["a", "after 20", "c"]);
    for (const one of rest) await stage.until(one.result());
    expect(main.calls).toEqual([["a"], ["c"]]);
  });

  it("need not be in the process that starts and answers", async () => {
    const main = program("const a = await event('k'); return [a, await call('b')]");
    const client = await stage.engine({ worker: false });
    const run = await client.start(main, [], { id: "r" });
    await client.send("k", 1);
    await stage.engine();
    expect(await stage.until(run.result())).toEqual([1, "b"]);
  });
});
