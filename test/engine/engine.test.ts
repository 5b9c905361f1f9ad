import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cancelled, FatalError, RetryableError, stepContext, TimeoutError } from "../../runtime/index.ts";
import { encodeValue } from "../../runtime/snapshot/index.ts";
import { load, type Program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const HEAD = 'import { sleep, event, shield, step } from "coldframe"; import { log, world } from "world";\n';

function program(
  body: string,
  world: Record<string, unknown> = {},
  extra = "",
): Program & { calls: unknown[][] } {
  const calls: unknown[][] = [];
  const log = (...args: unknown[]) => void calls.push(args);
  const { main } = load(
    `${HEAD}${extra}
    export async function call(name, ...args) { "use step"; log(name, ...args); return world[name] ? world[name](...args) : name; }
    export async function main(...args) { "use workflow"; ${body} }`,
    { log, world },
  );
  return Object.assign(main!, { calls });
}

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
      at: expect.stringMatching(/^program-\d+\.ts:4$/),
    });
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

describe("a step", () => {
  const flaky = (failures: number, error: () => unknown = () => new Error("busy")) => {
    let made = 0;
    return () => {
      if (made++ < failures) throw error();
      return made;
    };
  };
  const withPolicy = (options: string, body: unknown) =>
    load(
      `import { step } from "coldframe"; import { body } from "world";
       export const call = step(async function call() { return body(); }, ${options});
       export async function main() { "use workflow"; return await call(); }`,
      { body },
    )["main"]!;

  it("is attempted once unless a policy says otherwise", async () => {
    const main = program("return await call('fail')", { fail: flaky(1) });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toThrow("busy");
  });

  it("is tried again with growing waits, under one key", async () => {
    const contexts: [string, number, number][] = [];
    const attempt = flaky(3);
    const main = withPolicy("{ retry: { attempts: 5, interval: '1s', factor: 10 } }", () => {
      const { key, attempt: n } = stepContext();
      contexts.push([key, n, stage.clock.now() - 1_000_000]);
      return attempt();
    });
    const engine = await stage.engine({ random: () => 0.999 });
    const run = await engine.start(main, [], { id: "r" });
    expect(await stage.until(run.result())).toBe(4);
    expect(contexts.map(([key, n]) => [key, n])).toEqual([1, 2, 3, 4].map((n) => ["r/1", n]));
    expect(contexts.map(([, , at]) => at)).toEqual([0, 999, 999 + 9990, 999 + 9990 + 99900]);
  });

  it("is not tried again after FatalError, nor before retryAfter", async () => {
    const engine = await stage.engine({ random: () => 0 });
    const fatal = withPolicy(
      "{ retry: 5 }",
      flaky(1, () => new FatalError("no")),
    );
    await expect(stage.until((await engine.start(fatal, [])).result())).rejects.toThrow(new FatalError("no"));
    const later = withPolicy(
      "{ retry: 5 }",
      flaky(1, () => new RetryableError("later", { retryAfter: "7s" })),
    );
    const before = stage.clock.now();
    expect(await stage.until((await engine.start(later, [])).result())).toBe(2);
    expect(stage.clock.now() - before).toBeGreaterThanOrEqual(7000);
  });

  it("is aborted when an attempt takes too long", async () => {
    let aborted: unknown;
    const main = withPolicy("{ timeout: '3s' }", () => {
      const { signal } = stepContext();
      return new Promise(() => signal.addEventListener("abort", () => (aborted = signal.reason)));
    });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toBeInstanceOf(TimeoutError);
    expect(aborted).toBeInstanceOf(TimeoutError);
  });

  it("keeps the count of its attempts over a crash", async () => {
    const attempts: number[] = [];
    const main = withPolicy("{ retry: { attempts: 3, interval: '10m' } }", () => {
      attempts.push(stepContext().attempt);
      throw new Error("busy");
    });
    const { engine, kill } = await stage.mortal({ random: () => 0.5, lease: "10s" });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.attempts.length === 1);
    kill();
    const other = await stage.engine({ random: () => 0.5, poll: "1s" });
    await expect(stage.until(other.run("r").result())).rejects.toThrow("busy");
    expect(attempts).toEqual([1, 2, 3]);
  });

  it("refuses unknown options", async () => {
    expect(() => withPolicy("{ retires: 5 }", () => 1)).toThrow(expect.objectContaining({ code: "CF2301" }));
    expect(() => withPolicy("{ retry: 0 }", () => 1)).toThrow(expect.objectContaining({ code: "CF2301" }));
    expect(() => withPolicy("{ timeout: 'soon' }", () => 1)).toThrow(
      expect.objectContaining({ code: "CF2302" }),
    );
  });

  it("throws what cannot be saved of its arguments and results at its await", async () => {
    const main = program(
      "const seen = []; for (const f of [() => call('a', world.weak()), () => call('weak')]) { try { await f() } catch (e) { seen.push(e.code) } } return seen",
      { weak: () => ({ hidden: new Promise(() => {}) }) },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["CF2101", "CF2101"]);
  });

  it("throws errors of unknown classes as StepError", async () => {
    class Odd extends Error {
      override name = "Odd";
      socket = new Promise(() => {});
    }
    const main = program("try { await call('odd') } catch (e) { return [e.name, e.original, e.message] }", {
      odd: () => {
        throw new Odd("hm");
      },
    });
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["StepError", "Odd", "hm"]);
  });

  it("cannot be asked for its context elsewhere", () => {
    expect(() => stepContext()).toThrow(expect.objectContaining({ code: "CF2306" }));
  });
});

describe("an event", () => {
  it("settles the await, once per id, early or late", async () => {
    const main = program("return [await event('k'), await event({ key: 'k' })]");
    const engine = await stage.engine();
    expect((await engine.send("k", 1, { id: "a" })).status).toBe("kept");
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    expect((await engine.send("k", 1, { id: "a" })).status).toBe("duplicate");
    expect(await engine.send("k", { two: [2] })).toEqual({ status: "delivered", run: "r" });
    expect(await stage.until(run.result())).toEqual([1, { two: [2] }]);
  });

  it("has an unguessable key that says which run made it", async () => {
    const main = program("const e = event(); await call('ask', e.key); return await e");
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    const key = main.calls[0]![1] as string;
    expect(key).toMatch(/^[0-9a-f]{32}\.1\.r$/);
    expect((await engine.send(key, "yes")).run).toBe("r");
    expect(await stage.until(run.result())).toBe("yes");
    expect(await engine.send(key, "again")).toEqual({ status: "late", run: null });
    await expect(engine.send(key.replace(/r$/, "nobody"), 1)).rejects.toMatchObject({ code: "CF3102" });
  });

  it("rejects at its deadline, and the late event revives nothing", async () => {
    const main = program(
      "try { return await event({ key: 'k', timeout: '3d' }) } catch (e) { await sleep('1d'); return e.name }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.waits[0]?.kind === "timer");
    expect((await engine.send("k", 1)).status).toBe("kept");
    expect(await stage.until(run.result())).toBe("TimeoutError");
  });

  it("leaves no timer behind when it comes in time", async () => {
    const main = program(
      "const got = await event({ key: 'k', timeout: '3d' }); await event('next'); return got",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await engine.send("k", 5);
    await stage.when(async () => (await run.status())!.waits[0]?.name === "next");
    expect((await run.status())!.due).toBeNull();
    await engine.send("next");
    expect(await stage.until(run.result())).toBe(5);
  });

  it("that is raced in a loop leaves one wait, and a snapshot of constant size", async () => {
    const main = program(
      "const stop = event('stop'); let n = 0; while ((await Promise.race([stop, call('work').then(() => 'worked')])) !== 'stop') n++; return n",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    const sizes = new Set<number>();
    await stage.when(async () => {
      const state = (await run.status())!;
      if (state.snapshot !== null && state.turn > 110 && state.turn < 900)
        sizes.add(state.snapshot.replace(/\d+/g, "0").length);
      expect(state.waits.length).toBeLessThanOrEqual(2);
      return main.calls.length > 1000;
    });
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(50);
    await engine.send("stop", "stop");
    expect(await stage.until(run.result())).toBeGreaterThanOrEqual(1000);
  });
});

describe("time", () => {
  it("passes while nobody works, and a missed timer fires at once", async () => {
    const main = program("await sleep('3d'); return 'woke'");
    const first = await stage.engine();
    const run = await first.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await first.close();
    await stage.clock.advance(5 * 86_400_000);
    const second = await stage.engine();
    const before = stage.clock.now();
    expect(await stage.until(second.run("r").result())).toBe("woke");
    expect(stage.clock.now() - before).toBeLessThan(100);
  });

  it("can be given as a date", async () => {
    const main = program("await sleep(new Date(args[0])); return 1");
    const engine = await stage.engine();
    await stage.until((await engine.start(main, [1_060_000])).result());
    expect(stage.clock.now()).toBe(1_060_000);
  });
});

describe("cancel", () => {
  const caught = "catch (e) { log('caught', e.name); await call('undo'); throw e }";

  it("is thrown at the await, and what then is awaited works", async () => {
    const main = program(`try { await sleep('30d') } ${caught} finally { await call('close') }`);
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    expect(await engine.cancel("r")).toBe(true);
    await expect(stage.until(run.result())).rejects.toBeInstanceOf(Cancelled);
    expect(main.calls).toEqual([["caught", "Cancelled"], ["undo"], ["close"]]);
    expect((await run.status())!.status).toBe("cancelled");
    expect(await engine.cancel("r")).toBe(false);
  });

  it("is thrown once, also when another process carries the run on in the middle", async () => {
    const main = program(`try { await sleep('30d') } catch (e) { await event('undone'); return 'undone' }`);
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await engine.cancel("r");
    await stage.when(async () => (await run.status())!.waits[0]?.kind === "event");
    kill();
    const other = await stage.engine({ poll: "1s" });
    await other.send("undone");
    expect(await stage.until(other.run("r").result())).toBe("undone");
  });

  it("lets a step in flight end first, and tells its outcome", async () => {
    const land = () => new Promise((resolve) => stage.clock.setTimeout(() => resolve("10.0.0.1"), 2000));
    const main = program(
      "let ip; try { ip = await call('land'); await sleep('30d') } catch (e) { await call('release', ip); throw e }",
      { land },
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toBeInstanceOf(Cancelled);
    expect(main.calls).toEqual([["land"], ["release", "10.0.0.1"]]);
  });

  it("gives up on a step after the grace time", async () => {
    const main = program("await call('hang')", { hang: () => new Promise(() => {}) });
    const engine = await stage.engine({ grace: "2s" });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    const before = stage.clock.now();
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toBeInstanceOf(Cancelled);
    expect(stage.clock.now() - before).toBeLessThan(4000);
  });

  it("spares what is shielded, then takes the next await", async () => {
    const main = program(
      "await shield(async () => { await sleep('1h'); await call('kept'); }); try { await sleep('30d') } catch (e) { return e.name }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await engine.cancel("r");
    expect(await stage.until(run.result())).toBe("Cancelled");
    expect(main.calls).toEqual([["kept"]]);
  });

  it("ends a loop that swallows it", async () => {
    const main = program("for (;;) try { return await call('hang') } catch {}", {
      hang: () => new Promise(() => {}),
    });
    const engine = await stage.engine({ grace: 0 });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    await engine.cancel("r");
    await stage.when(() => main.calls.length >= 2 || stage.logs.length > 0);
    expect((await run.status())!.cancel).toBe("under way");
  });
});

describe("native promises", () => {
  it("mix with external awaits", async () => {
    const soon = () => new Promise((resolve) => stage.clock.setTimeout(() => resolve("native"), 100));
    const main = program(
      "const both = await Promise.all([world.soon(), call('a')]); await sleep(10); return both",
      { soon },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["native", "a"]);
  });

  it("that never settle do not hold up steps for longer than the hold time", async () => {
    const main = program("return await Promise.race([world.never(), call('a')])", {
      never: () => new Promise(() => {}),
    });
    const engine = await stage.engine({ hold: "1s" });
    const before = stage.clock.now();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("a");
    expect(stage.clock.now() - before).toBeLessThan(3000);
  });

  it("are awaited in a loop beside a step", async () => {
    const tick = () => new Promise<void>((resolve) => stage.clock.setTimeout(resolve, 300));
    const slow = () => new Promise((resolve) => stage.clock.setTimeout(() => resolve("slow"), 5000));
    const main = program(
      "let done = false; const p = call('slow').then((v) => { done = true; return v; }); let n = 0; while (!done) { await world.tick(); n++; } return [await p, n > 3]",
      { tick, slow },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["slow", true]);
  });

  it("reject with Interrupted when another process carries the run on, and recorded steps are not repeated", async () => {
    const main = program(
      "const paid = await call('charge'); try { await Promise.all([world.slow(), event('k')]) } catch (e) { return [paid, e.name] }",
      { slow: () => new Promise(() => {}) },
    );
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await stage.data.read.run("r"))!.waits[0]?.kind === "event");
    kill();
    const other = await stage.engine({ poll: "1s" });
    expect(await stage.until(other.run("r").result())).toEqual(["charge", "Interrupted"]);
    expect(main.calls).toEqual([["charge"]]);
  });

  it("that take long do not make a crash repeat the step before them", async () => {
    const main = program("const a = await call('charge'); await world.slow(); return a", {
      slow: () => new Promise((resolve) => stage.clock.setTimeout(() => resolve(1), 600_000)),
    });
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(() => stage.clock.now() > 1_000_000 + 500_000);
    kill();
    const other = await stage.engine({ poll: "1s" });
    expect(await stage.until(other.run("r").result())).toBe("charge");
    expect(main.calls).toEqual([["charge"]]);
  });

  it("of an uncompiled helper that awaits a step are refused with the helper's name", async () => {
    const world = {
      async helper(call: (name: string) => Promise<unknown>) {
        return await call("inner");
      },
    };
    const main = program(
      "try { return await world.helper(call) } catch (e) { return [e.code, e.message] }",
      world,
    );
    const engine = await stage.engine();
    const [code, message] = await stage.until((await engine.start(main, [])).result());
    expect(code).toBe("CF2003");
    expect(message).toContain('"helper"');
    expect(main.calls).toEqual([]);
  });
});

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
      [{ id: "r", entry: "absent/flow.ts#flow", call: encodeValue([]), secret: "s", tags: {}, priority: 0 }],
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
    expect(await stage.data.read.run("r")).toMatchObject({ status: "active", worker: null, due: 0 });
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

  it("need not be in the process that starts and answers", async () => {
    const main = program("const a = await event('k'); return [a, await call('b')]");
    const client = await stage.engine({ worker: false });
    const run = await client.start(main, [], { id: "r" });
    await client.send("k", 1);
    await stage.engine();
    expect(await stage.until(run.result())).toEqual([1, "b"]);
  });
});
