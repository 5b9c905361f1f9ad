import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { load } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const HEAD = 'import { sleep, event, start, send } from "coldframe"; import { log } from "world";';

function family(main: string, child: string) {
  const calls: unknown[][] = [];
  const log = (...args: unknown[]) => void calls.push(args);
  const all = load(
    `${HEAD}
    export async function note(...args) { "use step"; log(...args); return args.length; }
    export async function child(...args) { "use workflow"; ${child} }
    export async function main(...args) { "use workflow"; ${main} }`,
    { log },
  );
  return { main: all["main"]!, child: all["child"]!, calls };
}

describe("a child run", () => {
  it("has an id of its own, takes copies, and gives its result", async () => {
    const { main } = family(
      "const box = { n: 1 }; const c = start(child, [box]); box.n = 2; return [c.id, await c, box.n]",
      "const [box] = args; await sleep('1d'); box.n += 10; return box",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    expect(await stage.until(run.result())).toEqual(["r/1", { n: 11 }, 2]);
    expect(await engine.get("r/1")).toMatchObject({ status: "done", parent: "r" });
  });

  it("throws what it threw into its parent", async () => {
    const { main } = family(
      "try { await start(child, []) } catch (e) { return [e instanceof RangeError, e.message] }",
      "await sleep('1h'); throw new RangeError('no')",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    expect(await stage.until(run.result())).toEqual([true, "no"]);
  });

  it("goes on while its parent does something else, many at a time", async () => {
    const { main } = family(
      "const all = [1, 2, 3].map((n) => start(child, [n], { id: 'c' + n })); await sleep('2d'); return Promise.all(all)",
      "const [n] = args; await sleep(n + 'h'); return n * n",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    expect(await stage.until(run.result())).toEqual([1, 4, 9]);
  });

  it("is cancelled with its parent, unless it is detached", async () => {
    const { main, calls } = family(
      `const a = start(child, ["attached"], { id: "a" }), b = start(child, ["detached"], { id: "b", detached: true });
       await Promise.all([a, b])`,
      "try { await sleep('2d'); await note(args[0], 'slept') } finally { await note(args[0], 'ended') }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("b"))?.waits[0]?.kind === "timer");
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    await expect(stage.until(engine.run("a").result())).rejects.toMatchObject({ name: "Cancelled" });
    await stage.until(engine.run("b").result());
    expect(calls).toEqual([
      ["attached", "ended"],
      ["detached", "slept"],
      ["detached", "ended"],
    ]);
  });

  it("is cancelled when its parent ends first, with a warning", async () => {
    const { main } = family(
      "start(child, [], { id: 'c' }); await sleep('1h'); return 1",
      "await sleep('9d')",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe(1);
    await expect(stage.until(engine.run("c").result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(stage.logs.some(({ message }) => /child "c" was pending; it is cancelled/.test(message))).toBe(
      true,
    );
  });

  it("that is detached may be started as the last thing", async () => {
    const { main } = family(
      "await sleep('1h'); return start(child, [4], { id: 'c', detached: true }).id",
      "await sleep('2h'); return args[0]",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("c");
    expect(await stage.until(engine.run("c").result())).toBe(4);
  });

  it("of an id that is there is that run, ended or not", async () => {
    const { main, child } = family(
      "return [await start(child, [2], { id: 'c' }), await start(child, [3], { id: 'c' })]",
      "await sleep('1h'); return args[0]",
    );
    const engine = await stage.engine();
    await engine.start(child, [1], { id: "c" });
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([1, 1]);
  });

  it("survives the death of the process that started it", async () => {
    const { main } = family(
      "return (await start(child, [5], { id: 'c' })) + 1",
      "await event('go'); return args[0]",
    );
    const first = await stage.mortal({ lease: "1m", poll: "10s" });
    const run = await first.engine.start(main, [], { id: "r" });
    await stage.when(async () => (await first.engine.get("c"))?.waits[0]?.kind === "event");
    first.kill();
    void run;
    const second = await stage.engine({ lease: "1m", poll: "10s" });
    await second.send("go");
    expect(await stage.until(second.run("r").result())).toBe(6);
  });

  it("uncompiled, or outside a run, is a call", async () => {
    const { main } = family("const c = start(child, [7]); return [typeof c.id, await c]", "return args[0]");
    expect(await main()).toEqual(["string", 7]);
  });
});

describe("send() in a run", () => {
  it("answers another run's event, once, with the save", async () => {
    const { main } = family(
      "const c = start(child, []); await sleep('1h'); send('hello', { n: 1 }, { id: 'x' }); send('hello', { n: 2 }, { id: 'x' }); return await c",
      "const got = await event('hello'); return got.n",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe(1);
  });

  it("as the last thing is sent all the same", async () => {
    const { main, child } = family("send('bye', 3)", "return await event('bye')");
    const engine = await stage.engine();
    const waiting = await engine.start(child, []);
    await engine.start(main, []);
    expect(await stage.until(waiting.result())).toBe(3);
  });

  it("to itself", async () => {
    const { main } = family("const e = event('me'); send('me', 8); return await e", "");
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe(8);
  });
});
