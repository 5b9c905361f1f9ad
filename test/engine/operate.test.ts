/** What a person does to runs: suspend, resume, mend, end by force, restart, clone; and what time does: retention. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import type { Engine } from "../../runtime/index.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("get", () => {
  it("tells where a run is parked, with the stack and its locals, without waking it", async () => {
    const main = program(
      "const box = { n: 1 }; const inner = async (k) => { const big = [k, k]; await event('x'); return big }; return [box, await inner(5)]",
    );
    const engine = await stage.engine({ cache: 0 });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    const other = await stage.engine({ worker: false });
    const { waits, turn } = (await other.get("r"))!;
    expect(waits).toMatchObject([
      {
        kind: "event",
        name: "x",
        stack: [
          { point: "event", locals: [{ name: "big", text: "[5, 5]" }] },
          { point: "inner", locals: [{ name: "box", text: "{ n: 1 }" }] },
        ],
      },
    ]);
    expect(waits[0]!.stack[0]!.file).toMatch(/^program-\d+\.ts$/);
    expect((await other.get("r"))!.turn).toBe(turn);
  });
});

describe("suspend and resume", () => {
  it("stands still, and takes up afterwards what came meanwhile", async () => {
    const main = program("const a = await event('a'); await sleep('1h'); return a");
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    expect(await engine.suspend("r")).toBe(true);
    expect(await engine.suspend("r")).toBe(false);
    await engine.send("a", 1);
    await stage.clock.advance(86_400_000);
    expect(await run.status()).toMatchObject({ status: "suspended", waits: [{ kind: "event" }] });
    expect(await engine.resume("r")).toBe(true);
    expect(await stage.until(run.result())).toBe(1);
    expect(await engine.suspend("r")).toBe(false);
    expect(await engine.resume("nobody")).toBe(false);
  });

  it("lets steps in flight end, and starts no other", async () => {
    let finish: (value: string) => void = () => {};
    const main = program("const a = await call('slow'); return [a, await call('next')]", {
      slow: () => new Promise((resolve) => (finish = resolve)),
    });
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    await engine.suspend("r");
    await stage.clock.advance(1000);
    finish("done");
    await stage.when(async () => (await run.status())!.worker === null);
    await stage.clock.advance(86_400_000);
    expect(main.calls).toEqual([["slow"]]);
    await engine.resume("r");
    expect(await stage.until(run.result())).toEqual(["done", "next"]);
    expect(main.calls).toEqual([["slow"], ["next"]]);
  });

  it.each([
    ["that becomes due", "2s"],
    ["of an attempt that was under way", "1ms"],
  ])("makes no further attempt %s while it stands still", async (_, interval) => {
    const ends: ((how: Error | null) => void)[] = [];
    const attempt = () => new Promise((resolve, reject) => ends.push((e) => (e ? reject(e) : resolve("ok"))));
    const main = program(
      `return await Promise.all([call('slow'), risky()]) }
       const risky = step(async function risky() { return world.risky() }, { retry: { attempts: 9, interval: "${interval}", factor: 1 } });
       async function unused() {`,
      { slow: attempt, risky: attempt },
    );
    const engine = await stage.engine({ random: () => 0.99 });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => ends.length === 2);
    const [slow, risky] = ends as [(typeof ends)[0], (typeof ends)[0]];
    if (interval === "2s") {
      risky(new Error("no"));
      await stage.when(async () => (await run.status())!.attempts.some(({ made }) => made === 1));
    }
    await engine.suspend("r");
    await stage.when(async () => (await run.status())!.status === "suspended");
    await stage.clock.advance(100);
    if (interval === "1ms") risky(new Error("no"));
    await stage.clock.advance(60_000);
    expect(ends.length).toBe(2);
    slow(null);
    await stage.when(async () => (await run.status())!.worker === null);
    await stage.clock.advance(60_000);
    expect(ends.length).toBe(2);
    await engine.resume("r");
    await stage.when(() => ends.length === 3);
    ends[2]!(null);
    expect(await stage.until(run.result())).toEqual(["ok", "ok"]);
  });

  it("is given back when an attempt has failed, whenever the next is due", async () => {
    let fail: (error: Error) => void = () => {};
    const main = program(
      `return await risky() }
       const risky = step(async function risky() { return world.risky() }, { retry: { attempts: 9, interval: 1 } });
       async function unused() {`,
      { risky: () => (fail === fail0 ? new Promise((_, reject) => (fail = reject)) : "ok") },
    );
    const fail0 = fail;
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => fail !== fail0);
    await engine.suspend("r");
    await stage.clock.advance(100);
    fail(new Error("no"));
    await stage.when(async () => (await run.status())!.worker === null);
    expect(await run.status()).toMatchObject({
      status: "suspended",
      waits: [{ kind: "step" }],
      attempts: [{ made: 1 }],
    });
    await engine.resume("r");
    expect(await stage.until(run.result())).toBe("ok");
  });

  describe("while its worker is writing", () => {
    /** A run whose turn with a step is being written, which has begun so many before. */
    async function writing(main: ReturnType<typeof program>, calls: number) {
      const store = stage.data.connect();
      const commit = store.commit.bind(store);
      const held: (() => void)[] = [];
      let holds = false;
      store.commit = async (writes) => {
        if (holds) await new Promise<void>((go) => held.push(go));
        return commit(writes);
      };
      const engine = await stage.engine({ store });
      const run = await engine.start(main, [], { id: "r" });
      await stage.when(async () => (await run.status())!.waits.some(({ kind }) => kind === "event"));
      await stage.when(() => main.calls.length === calls);
      holds = true;
      await engine.send("a", 1);
      await stage.when(() => held.length === 1);
      const pass = async (goOn = false) => {
        await stage.when(() => held.length === 1);
        holds = !goOn;
        held.pop()!();
      };
      return { engine, run, pass };
    }

    it("resumed before it was given back, it begins the steps that were asked for", async () => {
      const main = program("await event('a'); return [await call('next')]");
      const { engine, run, pass } = await writing(main, 0);
      await engine.suspend("r");
      await pass();
      await stage.when(async () => (await run.status())!.turn === 2);
      await engine.resume("r");
      await pass(true);
      expect(await stage.until(run.result())).toEqual(["next"]);
      expect(main.calls).toEqual([["next"]]);
    });

    it("resumed while one step is under way, it begins the other", async () => {
      let finish: (value: string) => void = () => {};
      const main = program(
        `const slow = (async () => (await call('slow')) + (await call('more')))();
         await event('a'); return [await call('next'), await slow]`,
        { slow: () => new Promise((resolve) => (finish = resolve)) },
      );
      const { engine, run, pass } = await writing(main, 1);
      await engine.suspend("r");
      await pass(true);
      await stage.when(async () => (await run.status())!.turn === 2);
      await stage.clock.advance(1000);
      expect(main.calls).toEqual([["slow"]]);
      await engine.resume("r");
      await stage.when(() => main.calls.length === 2);
      finish("done");
      expect(await stage.until(run.result())).toEqual(["next", "donemore"]);
      expect(main.calls).toEqual([["slow"], ["next"], ["more"]]);
    });
  });

  it("a cancel ends it", async () => {
    const main = program("try { await event('a') } finally { await call('undo') }");
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await engine.suspend("r");
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(main.calls).toEqual([["undo"]]);
  });
});

describe("a step with onFailure: hold", () => {
  const held = (world: Record<string, unknown>) =>
    program(
      `try { return await risky(...args) } catch (e) { return "threw " + e.message } }
       export const risky = step(async function risky(n) { return world.risky(n) }, { retry: 2, onFailure: "hold" });
       async function unused() {`,
      world,
    );

  async function parked(world: Record<string, unknown>) {
    const engine = await stage.engine();
    const run = await engine.start(held(world), [5], { id: "r" });
    await stage.when(async () => (await run.status())!.held === 1);
    return { engine, run };
  }
  const failing = () => {
    let calls = 0;
    return {
      risky: (n: number) => (++calls <= 2 ? Promise.reject(new Error(`no ${calls}`)) : n * 2),
      count: () => calls,
    };
  };

  it("stays parked until it is retried", async () => {
    const world = failing();
    const { engine, run } = await parked(world);
    expect((await run.status())!.attempts).toMatchObject([{ made: 2, due: null, error: "no 2" }]);
    await stage.clock.advance(86_400_000);
    expect(world.count()).toBe(2);
    await engine.retry("r");
    expect(await stage.until(run.result())).toBe(10);
  });

  it("goes on with the value or the error that a person gives", async () => {
    const one = await parked(failing());
    await one.engine.resolve("r", { given: 1 });
    expect(await stage.until(one.run.result())).toEqual({ given: 1 });
    const other = await one.engine.start(held(failing()), [5], { id: "s" });
    await stage.when(async () => (await other.status())!.held === 1);
    await one.engine.reject("s", new Error("stolen"));
    expect(await stage.until(other.result())).toBe("threw stolen");
  });

  it("is held on in another process", async () => {
    const world = failing();
    const main = held(world);
    const first = await stage.mortal({ lease: "1m", poll: "10s" });
    await first.engine.start(main, [5], { id: "r" });
    await stage.when(async () => (await first.engine.get("r"))!.held === 1);
    first.kill();
    const second = await stage.engine({ lease: "1m", poll: "10s" });
    await stage.clock.advance(600_000);
    expect(world.count()).toBe(2);
    await second.retry("r");
    expect(await stage.until(second.run("r").result())).toBe(10);
  });

  it("says so when there is nothing to mend", async () => {
    const engine = await stage.engine();
    await engine.start(program("await event('x')"), [], { id: "r" });
    await expect(engine.retry("r")).rejects.toMatchObject({ code: "CF3105" });
    await expect(engine.resolve("r", 1, { wait: 1 })).rejects.toMatchObject({ code: "CF3105" });
    await expect(engine.reject("nobody", new Error())).rejects.toMatchObject({ code: "CF3101" });
  });
});

describe("cancel with force", () => {
  it("ends a run that does not end otherwise", async () => {
    const main = program(
      "for (;;) try { await event('never') } catch { await shield(() => event('neither')) }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await engine.cancel("r");
    await stage.when(async () => (await run.status())!.waits[0]?.name === "neither");
    expect(await run.cancel({ force: true })).toBe(true);
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(await run.cancel({ force: true })).toBe(false);
    expect((await engine.send("neither", 1)).status).toBe("kept");
  });

  it("stops it in the process that works on it, and what it started", async () => {
    const main = program(
      "start(main, ['child'], { id: 'c' }); if (args[0] === 'child') await event('x'); for (;;) await call('x')",
    );
    const engine = await stage.engine();
    const run = await engine.start(
      program("await call('x'); await call('y'); await event('z')", { y: () => new Promise(() => {}) }),
      [],
      { id: "r" },
    );
    await stage.when(async () => (await run.status())!.turn === 2);
    await run.cancel({ force: true });
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    void main;
  });
});

describe("restart and clone", () => {
  it("restart begins again with the same arguments", async () => {
    const main = program("await call('work', ...args); return args");
    const engine = await stage.engine();
    await stage.until((await engine.start(main, [1, 2], { id: "r", tags: { a: "b" } })).result());
    const again = await engine.restart("r", { id: "r2" });
    expect(await stage.until(again.result())).toEqual([1, 2]);
    expect(main.calls).toEqual([
      ["work", 1, 2],
      ["work", 1, 2],
    ]);
    expect((await again.status())!.tags).toEqual({ a: "b" });
    await expect(engine.restart("nobody")).rejects.toMatchObject({ code: "CF3101" });
  });

  it("clone goes on from where the other is parked", async () => {
    const main = program(
      "await call('once'); const got = await event('k'); await call('then', got); return got",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    const copy = await engine.clone("r", { id: "copy" });
    await stage.when(async () => (await copy.status())!.worker === null);
    await engine.send("k", 1);
    await engine.send("k", 2);
    expect(await stage.until(Promise.all([run.result(), copy.result()]))).toEqual([1, 2]);
    expect(main.calls.map(([name]) => name)).toEqual(["once", "then", "then"]);
    await expect(engine.clone("r")).rejects.toMatchObject({ code: "CF3106" });
    await expect(engine.clone("nobody")).rejects.toMatchObject({ code: "CF3101" });
  });

  it("a clone is refused inside of a lock", async () => {
    const main = program(
      "await event('a'); const l = await mutex('door'); await event('b'); l.release(); await event('c'); return 1",
    );
    const engine = await stage.engine();
    await engine.start(main, [], { id: "r" });
    const at = (name: string) => stage.when(async () => (await engine.get("r"))!.waits[0]?.name === name);
    await at("a");
    await engine.clone("r", { id: "before" });
    await engine.send("a");
    await at("b");
    await expect(engine.clone("r", { id: "inside" })).rejects.toMatchObject({
      code: "CF3121",
      message: /"door"/,
    });
    expect(await engine.get("inside")).toBeNull();
    await engine.send("b");
    await at("c");
    await engine.clone("r", { id: "after" });
  });

  it("children that a clone awaits with the other run do not end with it", async () => {
    const { main } = load(`import { event, start } from "coldframe";
      export async function child() { "use workflow"; return await event("answer"); }
      export async function main() { "use workflow"; return await start(child, [], { id: "child" }); }`);
    const engine = await stage.engine();
    const run = await engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await engine.get("child"))?.waits.length === 1);
    const cancelled = await engine.clone("r", { id: "cancelled" });
    const kept = await engine.clone("r", { id: "kept" });
    await engine.cancel("cancelled");
    await expect(stage.until(cancelled.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(await engine.get("child")).toMatchObject({ status: "active", cancel: "no" });
    await engine.send("answer", 7);
    expect(await stage.until(Promise.all([run.result(), kept.result()]))).toEqual([7, 7]);
  });
});

/** Another connection that waits after each clone until `then` has happened. */
function afterClone(store: Store, then: () => Promise<void>): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "clone") return value.bind(target);
      return async (...args: Parameters<Store["clone"]>) => {
        const outcome = await target.clone(...args);
        await then();
        return outcome;
      };
    },
  });
}

describe("the limit of a run", () => {
  const limit = { key: "kitchen", max: 1 };
  const source = "const a = await event('a'); const b = await event('b'); return [a, b, await call('c')]";
  const at = (engine: Engine, id: string, key: string) =>
    stage.when(async () => (await engine.get(id))?.waits.some(({ name }) => name === key) === true);

  it("is that of one that is begun anew, also when it has ended", async () => {
    const engine = await stage.engine();
    const run = await engine.start(program("return await event('go')"), [], { id: "r", limit });
    await stage.when(async () => (await engine.get("r"))?.waits.length === 1);
    await engine.send("go", 1);
    await stage.until(run.result());
    const again = await engine.restart("r", { id: "again" });
    const third = await engine.restart("again", { id: "third" });
    await stage.when(async () => (await engine.get("again"))?.waits.length === 1);
    await stage.clock.advance(60_000);
    expect(await engine.get("third")).toMatchObject({ turn: 0, due: null });
    await engine.send("go", 2);
    expect(await stage.until(again.result())).toBe(2);
    await stage.when(async () => (await engine.get("third"))?.waits.length === 1);
    await engine.send("go", 3);
    expect(await stage.until(third.result())).toBe(3);
  });

  it("is that of a fork, which waits for nothing else until it has a place", async () => {
    const engine = await stage.engine();
    const main = program(source);
    const run = await engine.start(main, [], { id: "r", limit, history: "all" });
    await at(engine, "r", "a");
    await engine.send("a", 1);
    await at(engine, "r", "b");
    const first = await engine.fork("r", { id: "first", at: 1 });
    const second = await engine.fork("r", { id: "second" });
    await stage.clock.advance(60_000);
    for (const id of ["first", "second"])
      expect(await engine.get(id)).toMatchObject({ turn: 1, worker: null, due: null, waits: [] });
    // Neither can take what is meant for a run that has begun.
    await engine.send("b", 2);
    expect(await stage.until(run.result())).toEqual([1, 2, "c"]);
    await at(engine, "first", "a");
    await engine.send("a", 3);
    await at(engine, "first", "b");
    await engine.send("b", 4);
    expect(await stage.until(first.result())).toEqual([3, 4, "c"]);
    await at(engine, "second", "b");
    expect(await engine.rewind("second", { at: 1 })).toBe(3);
    await at(engine, "second", "b");
    await engine.send("b", 5);
    expect(await stage.until(second.result())).toEqual([1, 5, "c"]);
    expect(main.calls).toEqual([["c"], ["c"], ["c"]]);
  });

  it("keeps no fork from ending that is cancelled in line", async () => {
    const engine = await stage.engine();
    await engine.start(program(source), [], { id: "r", limit });
    await at(engine, "r", "a");
    const fork = await engine.fork("r", { id: "f" });
    await engine.cancel("f");
    await expect(stage.until(fork.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(await engine.get("r")).toMatchObject({ status: "active", cancel: "no" });
  });
});

describe("a clone", () => {
  it("that ends at once leaves the children of the other run alone", async () => {
    const { main } = load(`import { event, start } from "coldframe";
      export async function child() { "use workflow"; return await event("answer"); }
      export async function main() { "use workflow"; return await start(child, [], { id: "child" }); }`);
    const worker = await stage.engine();
    const run = await worker.start(main!, [], { id: "r" });
    await stage.when(async () => (await worker.get("child"))?.waits.length === 1);
    const store = afterClone(stage.data.connect(), async () => {
      await worker.cancel("copy");
      await stage.when(async () => (await worker.get("copy"))?.status === "cancelled");
    });
    await (await stage.engine({ store, worker: false })).clone("r", { id: "copy" });
    expect(await worker.get("child")).toMatchObject({ status: "active", cancel: "no" });
    await worker.send("answer", 7);
    expect(await stage.until(run.result())).toBe(7);
  });

  it("is one of a single turn, and outside of locks, however the run goes on meanwhile", async () => {
    const { main } = load(`import { event, mutex } from "coldframe";
      export async function main() { "use workflow";
        await event("a");
        const lock = await mutex("door");
        await event("b");
        lock.release();
      }`);
    const worker = await stage.engine();
    await worker.start(main!, [], { id: "r" });
    const at = (key: string) =>
      stage.when(async () => (await worker.get("r"))?.waits.some(({ name }) => name === key) === true);
    await at("a");
    const inner = stage.data.connect();
    let first = true;
    const read: Store["read"] = {
      ...inner.read,
      holdings: async (id) => {
        const holdings = await inner.read.holdings(id);
        if (first) {
          first = false;
          await worker.send("a");
          await at("b");
        }
        return holdings;
      },
    };
    const store = new Proxy(inner, {
      get(target, name) {
        const value = name === "read" ? read : Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const engine = await stage.engine({ store, worker: false });
    await expect(engine.clone("r", { id: "copy" })).rejects.toMatchObject({ code: "CF3121" });
    expect(await worker.get("copy")).toBeNull();
  });
});

describe("retention", () => {
  it("removes runs some time after their end", async () => {
    const main = program("return 1");
    const engine = await stage.engine({ retention: "30d" });
    await stage.until((await engine.start(main, [], { id: "old" })).result());
    await engine.start(program("await event('x')"), [], { id: "alive" });
    await stage.clock.advance(20 * 86_400_000);
    expect(await engine.get("old")).not.toBeNull();
    await stage.clock.advance(11 * 86_400_000);
    expect((await engine.list()).map((run) => run.id)).toEqual(["alive"]);
  });
});
