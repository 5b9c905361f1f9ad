import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { transaction, transactional } from "../../runtime/index.ts";
import { settled } from "../../runtime/testing/virtual-clock.ts";
import type { MemoryTransaction } from "../../stores/memory/index.ts";
import { load } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const count = (name = "n") => stage.data.transaction((tx) => Number(tx.get(name) ?? 0));
const add = (tx: MemoryTransaction, name = "n") => tx.set(name, Number(tx.get(name) ?? 0) + 1);

/** A workflow with a step `add(name)`, which does `world.add(tx, name)` in its transaction. */
function workflow(body: string, world: Record<string, unknown> = {}, options = "{}") {
  const source = `import { transactional, event, sleep, stepContext } from "coldframe"; import { world } from "world";
    export const add = transactional(async (tx, name = "n") => world.add(tx, name), ${options});
    export async function act(...args) { "use step"; return world.act(...args); }
    export async function main(...args) { "use workflow"; ${body} }`;
  return load(source, { world: { add, ...world } })["main"]!;
}

describe("a transactional step", () => {
  it("gets a transaction and its arguments, and answers like any step", async () => {
    const main = workflow('const a = await add("x"); await add("x"); return [a, await add()];', {
      add: (tx: MemoryTransaction, name: string) => {
        add(tx, name);
        return { name, now: tx.get(name) };
      },
    });
    const engine = await stage.engine();
    const result = await stage.until((await engine.start(main, [])).result());
    expect(result).toEqual([
      { name: "x", now: 1 },
      { name: "n", now: 1 },
    ]);
    expect(await count("x")).toBe(2);
  });

  it("undoes what an attempt did that failed, and tries again as its policy says", async () => {
    let fails = 2;
    const failing = {
      add: (tx: MemoryTransaction) => {
        add(tx);
        if (fails-- > 0) throw new RangeError("not now");
        return "done";
      },
    };
    const main = workflow("return add();", failing, "{ retry: 3 }");
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("done");
    expect(await count()).toBe(1);
    fails = 3;
    const failed = stage.until((await engine.start(main, [])).result());
    await expect(failed).rejects.toMatchObject({ name: "RangeError", message: "not now" });
    expect(await count()).toBe(1);
  });

  it("undoes what it did when its result cannot be saved", async () => {
    const main = workflow("return add();", {
      add: (tx: MemoryTransaction) => {
        add(tx);
        return new (class Socket {})();
      },
    });
    const engine = await stage.engine();
    const failed = stage.until((await engine.start(main, [])).result());
    await expect(failed).rejects.toMatchObject({ code: "CF2101" });
    expect(await count()).toBe(0);
  });

  it("is undone when its time is over", async () => {
    let tx: MemoryTransaction | null = null;
    const main = workflow(
      "try { await add(); } catch (e) { return e.name; }",
      {
        add: (given: MemoryTransaction) => {
          tx = given;
          add(given);
          return new Promise(() => {});
        },
      },
      '{ timeout: "2s" }',
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("TimeoutError");
    expect(() => tx!.set("n", 9)).toThrow(expect.objectContaining({ code: "CF3108" }));
    expect(await count()).toBe(0);
  });

  it("is undone when its run is cancelled meanwhile", async () => {
    let end: () => void = () => {};
    const main = workflow("await add();", {
      add: async (tx: MemoryTransaction) => {
        add(tx);
        await new Promise<void>((resolve) => (end = resolve));
      },
    });
    const engine = await stage.engine({ grace: 1000 });
    const run = await engine.start(main, [], { id: "r" });
    await settled();
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    end();
    await settled();
    expect(await count()).toBe(0);
  });

  it("is CF3111 when the store has no transactions", async () => {
    const store = new Proxy(stage.data.connect(), {
      get(target, name) {
        const value =
          name === "transact" || name === "within" ? undefined : Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as Store;
    const engine = await stage.engine({ store });
    const failed = stage.until((await engine.start(workflow("await add();"), [])).result());
    await expect(failed).rejects.toMatchObject({ code: "CF3111" });
    expect(() => engine.with({})).toThrow(expect.objectContaining({ code: "CF3111" }));
  });

  it("called by another one is CF2309: it would commit by itself", async () => {
    const source = `import { transactional } from "coldframe";
      export const inner = transactional(async (tx) => tx.set("n", 1), { outside: (use) => use(null) });
      export const outer = transactional(async (tx) => inner());
      export async function main() { "use workflow"; await outer(); }`;
    const engine = await stage.engine();
    const failed = stage.until((await engine.start(load(source)["main"]!, [])).result());
    await expect(failed).rejects.toMatchObject({ code: "CF2309" });
  });

  it("outside any run gets the transaction that it was told to, or is CF2309", async () => {
    const body = async (tx: MemoryTransaction, name: string) => {
      add(tx, name);
      return tx.get(name);
    };
    await expect(transactional(body)("x")).rejects.toMatchObject({ code: "CF2309" });
    const told = transactional(body, { outside: (use) => stage.data.transaction(use) });
    expect(await told("x")).toBe(1);
    expect(await count("x")).toBe(1);
    expect(() => transactional(body, { onUnknown: "hold" } as never)).toThrow(
      expect.objectContaining({ code: "CF2301" }),
    );
    expect(() => transactional(body, { outside: 1 } as never)).toThrow(
      expect.objectContaining({ code: "CF2301" }),
    );
  });
});

describe("transaction() in a workflow", () => {
  const inline = (body: string, world: Record<string, unknown> = {}) =>
    load(
      `import { transaction, sleep } from "coldframe"; import { world } from "world";
      export async function main(...args) { "use workflow"; ${body} }`,
      { world: { add, ...world } },
    )["main"]!;

  it("gets copies of the variables around it, and answers with a copy; all of it or nothing is there", async () => {
    const main = inline(`const seen = [];
      for (const name of args) {
        const times = name.length;
        const n = await transaction(async (tx) => { for (let i = 0; i < times; i++) world.add(tx, name); return { n: tx.get(name) }; });
        seen.push(n);
        await sleep("1m");
      }
      const failed = await transaction(async (tx) => { world.add(tx, "a"); throw new RangeError(seen.length); }).catch((e) => e.message);
      return [seen, failed];`);
    const engine = await stage.engine({ cache: 0 });
    const result = await stage.until((await engine.start(main, ["a", "bb"])).result());
    expect(result).toEqual([[{ n: 1 }, { n: 2 }], "2"]);
    expect([await count("a"), await count("bb")]).toEqual([1, 2]);
  });

  it("is undone, and refused, when it changes what is around it", async () => {
    const engine = await stage.engine();
    for (const change of ["left = 1", "list.push(1)"]) {
      const main = inline(`let left = 0; const list = [];
        await transaction(async (tx) => { world.add(tx); ${change}; });
        return [left, list];`);
      const failed = stage.until((await engine.start(main, [])).result());
      const name = change.startsWith("left") ? "left" : "list";
      await expect(failed).rejects.toMatchObject({
        code: "CF2310",
        message: expect.stringContaining(`"${name}"`),
      });
    }
    expect(await count()).toBe(0);
  });

  it("is refused for variables that cannot be copied, and functions from elsewhere", async () => {
    const engine = await stage.engine();
    const uncopied = inline("const f = () => args; return transaction(async (tx) => f());");
    await expect(stage.until((await engine.start(uncopied, [])).result())).rejects.toMatchObject({
      code: "CF2101",
    });
    const elsewhere = inline("return transaction(world.elsewhere);", { elsewhere: async () => 1 });
    await expect(stage.until((await engine.start(elsewhere, [])).result())).rejects.toMatchObject({
      code: "CF2310",
    });
  });

  it("means the same outside any run, where it gets the transaction that it was told to, or is CF2309", async () => {
    const outside = (use: (tx: MemoryTransaction) => Promise<unknown>) => stage.data.transaction(use);
    const main = inline(
      'const name = "x"; return transaction(async (tx) => { world.add(tx, name); return tx.get(name); }, args[0]);',
    );
    expect(await (main as (options: object) => Promise<unknown>)({ outside })).toBe(1);
    expect(await count("x")).toBe(1);
    await expect((async () => transaction(async () => 1))()).rejects.toMatchObject({ code: "CF2309" });
    await expect((async () => transaction(async () => 1, { outside: 1 } as never))()).rejects.toMatchObject({
      code: "CF2301",
    });
  });
});

describe("effects of transactional steps are there exactly once", () => {
  const BODY = `await add(); await act(); await Promise.all([add(), add("m"), act()]); await sleep("1m"); await add(); return "end";`;
  const act = () => "did";

  /** Kills the worker at the n-th of its failpoints; another one carries on. */
  async function killedAt(killAt: number): Promise<number> {
    const own = new Stage();
    stage = own;
    const main = workflow(BODY, { act });
    let failpoints = 0;
    const { engine, kill } = await own.mortal({
      poll: "1s",
      lease: 3000,
      failpoint: () => {
        if (++failpoints === killAt) {
          kill();
          engine.abandon();
        }
      },
    });
    const client = await own.engine({ worker: false, poll: "1s" });
    const run = await client.start(main, [], { id: "r" });
    await own.when(() => failpoints >= (killAt || 1));
    await own.engine({ poll: "1s", lease: 3000 });
    expect([killAt, await own.until(run.result())]).toEqual([killAt, "end"]);
    expect([killAt, await count(), await count("m")]).toEqual([killAt, 3, 1]);
    await own.close();
    return failpoints;
  }

  it("whenever the worker dies", async () => {
    const failpoints = await killedAt(0);
    expect(failpoints).toBeGreaterThan(15);
    for (let killAt = 1; killAt <= failpoints; killAt++) await killedAt(killAt);
  });

  it("when the answer to a commit is lost, and when the database fails before it", async () => {
    for (const when of ["before", "after"]) {
      stage = new Stage();
      const main = workflow(BODY, { act });
      let failures = 0;
      const data = stage.data.connect();
      const store = new Proxy(data, {
        get(_, name) {
          const value = Reflect.get(data, name, data);
          if (name !== "transact") return typeof value === "function" ? value.bind(data) : value;
          return async (...args: Parameters<NonNullable<Store["transact"]>>) => {
            const fails = ++failures % 2 === 1;
            if (fails && when === "before") throw new Error("the connection was lost");
            const outcome = await data.transact(...args);
            if (fails) throw new Error("the connection was lost");
            return outcome;
          };
        },
      }) as Store;
      const engine = await stage.engine({ store });
      expect(await stage.until((await engine.start(main, [], { id: "r" })).result())).toBe("end");
      expect([when, await count(), await count("m")]).toEqual([when, 3, 1]);
      expect(failures).toBe(8);
      expect(stage.logs.filter(({ message }) => message.includes("unless it was committed"))).toHaveLength(4);
      await stage.close();
    }
  });

  it("when another worker has taken the run over meanwhile", async () => {
    const ends: (() => void)[] = [];
    const main = workflow('await add(); return "end";', {
      add: async (tx: MemoryTransaction) => {
        add(tx);
        await new Promise<void>((resolve) => ends.push(resolve));
      },
    });
    const { engine: frozen, kill } = await stage.mortal({ poll: "1s", lease: 3000 });
    const run = await frozen.start(main, [], { id: "r" });
    await stage.when(() => ends.length === 1);
    const client = await stage.engine({ worker: false, poll: "1s" });
    // Its lease ends, while it goes on with the step.
    frozen.abandon();
    expect(kill).toBeTypeOf("function");
    await stage.engine({ poll: "1s", lease: 3000 });
    await stage.when(() => ends.length === 2);
    ends[0]!();
    await settled();
    expect(await count()).toBe(0);
    ends[1]!();
    expect(await stage.until(client.run(run.id).result())).toBe("end");
    expect(await count()).toBe(1);
  });
});

describe("engine.with(tx)", () => {
  it("starts a run and sends an event with the transaction", async () => {
    const main = workflow('return await event("k");');
    const engine = await stage.engine({ poll: "1s" });
    const failed = stage.data.transaction(async (tx) => {
      await engine.with(tx).start(main, [], { id: "lost" });
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await engine.get("lost")).toBeNull();
    const run = await stage.data.transaction(async (tx) => {
      add(tx);
      const started = await engine.with(tx).start(main, [], { id: "r", group: "default", tags: { a: "b" } });
      expect(started.created).toBe(true);
      expect(await engine.get("r")).toBeNull();
      await engine.with(tx).send("k", { hello: "world" });
      return started;
    });
    expect(await stage.until(run.result())).toEqual({ hello: "world" });
    expect(await engine.get("r")).toMatchObject({ tags: { a: "b" } });
  });

  it("works in a transactional step, once with it", async () => {
    const child = workflow("return 1;");
    const main = workflow("await add(); return 2;", {
      add: async (tx: MemoryTransaction) => {
        add(tx);
        await engine.with(tx).start(child, [], { id: `child ${tx.get("n")}` });
      },
    });
    const engine = await stage.engine({ poll: "1s" });
    await stage.until((await engine.start(main, [])).result());
    expect(await stage.until(engine.run("child 1").result())).toBe(1);
  });

  it("refuses what is no transaction, unknown runs, and what the engine refuses", async () => {
    const engine = await stage.engine();
    const main = workflow("return 1;");
    await expect(engine.with({}).start(main, [])).rejects.toMatchObject({ code: "CF3110" });
    await stage.data.transaction(async (tx) => {
      const within = engine.with(tx);
      await expect(within.start((async () => 1) as never, [])).rejects.toMatchObject({ code: "CF2001" });
      const key = `${"0".repeat(32)}.1.nobody`;
      await expect(within.send(key)).rejects.toMatchObject({ code: "CF3102" });
      await expect(within.send("")).rejects.toMatchObject({ code: "CF3103" });
    });
  });
});
