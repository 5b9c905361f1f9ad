import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cancelled } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("a run", () => {
  it("returns what its function returns, after steps, one after another", async () => {
    const main = program("const a = await call('a'); const b = await call('b', a); return [args[0], a, b];");
    const engine = await stage.engine();
    const run = await engine.start(main, [7], { id: "r" });
    expect(await stage.until(run.result())).toEqual([7, "a", "b"]);
    expect(main.calls).toEqual([["a"], ["b", "a"]]);
    expect(await run.status()).toMatchObject({ id: "r", status: "done", turn: 3, args: [7], waits: [] });
  });

  it("is started once per id", async () => {
    const main = program("return await call('a');");
    const engine = await stage.engine();
    const first = await engine.start(main, [], { id: "r" });
    const second = await engine.start(main, [], { id: "r" });
    expect([first.created, second.created]).toEqual([true, false]);
    expect(await stage.until(second.result())).toBe("a");
    expect(main.calls).toHaveLength(1);
  });

  it("has an id of its own, after those of the runs before it, if none is given", async () => {
    const main = program("return 1;");
    const engine = await stage.engine();
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      ids.push((await engine.start(main, [])).id);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it("fails with what its function throws", async () => {
    const main = program("await call('a'); throw new RangeError('boom')");
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    await expect(stage.until(run.result())).rejects.toThrow(new RangeError("boom"));
    expect((await run.status())?.status).toBe("failed");
  });

  it("is refused when its function was not compiled, before anything of it runs", async () => {
    const engine = await stage.engine();
    let ran = false;
    const plain = async () => {
      ran = true;
    };
    await expect(engine.start(plain, [])).rejects.toMatchObject({ code: "CF2001" });
    expect(ran).toBe(false);
  });

  it("is refused for wrong options and arguments", async () => {
    const main = program("return 1");
    const engine = await stage.engine();
    await expect(engine.start(main, [], { ids: "x" } as never)).rejects.toMatchObject({ code: "CF2301" });
    await expect(engine.start(main, [], { id: "a\nb" })).rejects.toMatchObject({ code: "CF3103" });
    await expect(engine.start(main, [], { id: "" })).rejects.toMatchObject({ code: "CF3103" });
    await expect(engine.start(main, [{ socket: new Promise(() => {}) }])).rejects.toMatchObject({
      code: "CF2101",
    });
    await expect(stage.engine({ cach: 1 } as never)).rejects.toMatchObject({ code: "CF2301" });
    expect(await engine.list()).toEqual([]);
  });

  it("runs its branches side by side and settles them in the order of their results", async () => {
    const wait = (ms: number) => new Promise((resolve) => stage.clock.setTimeout(() => resolve(ms), ms));
    const main = program(
      `const done = []; const one = async (ms) => { done.push(await call('wait', ms)); };
       await Promise.all([one(30), one(10), one(20)]); return done;`,
      { wait },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([10, 20, 30]);
  });

  it("is the same warm and cold", async () => {
    const main = program(
      `const order = { items: [1] }; const pending = call('mutate', order); order.items.push(2);
       const got = await pending; got.items.push(4); const undo = []; undo.push(() => call('undo', order.items));
       await sleep(10); const last = await undo[0](); return [order, got, last];`,
      {
        mutate: (order: { items: number[] }) => {
          order.items.push(3);
          return order;
        },
        undo: (items: number[]) => items.length,
      },
    );
    const results = [];
    for (const cache of [0, 1, Number.POSITIVE_INFINITY]) {
      const engine = await stage.engine({ cache });
      results.push(await stage.until((await engine.start(main, [])).result()));
      await engine.close();
    }
    const expected = [{ items: [1, 2] }, { items: [1, 3, 4] }, 2];
    expect(results).toEqual([expected, expected, expected]);
  });

  it("ends with a warning when tasks are pending", async () => {
    const main = program(
      "const audit = async () => { await sleep('1d'); await call('audit'); }; void audit(); return 1",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe(1);
    expect(stage.logs).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("pending") }),
    );
  });

  it("executes a step that nobody awaits", async () => {
    const main = program("void call('audit'); await sleep(5); return await call('b')");
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("b");
    expect(main.calls).toEqual([["audit"], ["b"]]);
  });

  it("fails of a rejection that nobody can handle", async () => {
    const fail = () => {
      throw new Error("lost");
    };
    const main = program("void call('fail'); await sleep('1d'); return 1", { fail });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toThrow("lost");
  });

  it("handles a rejection late when it still can", async () => {
    const fail = () => {
      throw new Error("late");
    };
    const main = program(
      "const p = call('fail'); await sleep('1d'); try { await p } catch (e) { return e.message }",
      {
        fail,
      },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("late");
  });

  it("is blocked when nothing can wake it, and can be cancelled then", async () => {
    const main = program("await call('a'); await new Promise(() => {});");
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    await stage.when(async () => (await run.status())?.status === "blocked");
    expect((await run.status())?.blocked?.reason).toContain("CF2305");
    expect(await run.cancel()).toBe(true);
    await expect(stage.until(run.result())).rejects.toBeInstanceOf(Cancelled);
  });

  it("says where it is parked and for what", async () => {
    const main = program("await event('k'); ");
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    await stage.when(async () => (await run.status())!.worker === null);
    const [wait] = (await run.status())!.waits;
    expect(wait).toMatchObject({
      kind: "event",
      name: "k",
      due: null,
      at: expect.stringMatching(/^program-\d+\.ts:3$/),
    });
  });

  it("that does not exist has no result and no state", async () => {
    const engine = await stage.engine();
    await expect(engine.run("nobody").result()).rejects.toMatchObject({ code: "CF3101" });
    expect(await engine.get("nobody")).toBeNull();
    expect(await engine.cancel("nobody")).toBe(false);
  });

  it("can be watched until it ends", async () => {
    const main = program("await call('a'); await sleep(10); return 1");
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const state of run.watch()) seen.push(`${state.status} ${state.turn}`);
    })();
    await stage.until(watching);
    expect(seen.at(-1)).toMatch(/^done /);
  });
});
