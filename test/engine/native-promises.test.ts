import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

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

  it.each([
    ["several of them", "world.late(Promise.all([call('a'), call('b')]))"],
    ["what a handler has returned", "world.late(sleep(1).then(() => call('a')))"],
    ["the first of them", "world.late(Promise.race([call('a'), sleep('1d')]))"],
  ])("of unmarked code that awaits steps are refused: %s", async (_, wait) => {
    const main = program(`try { return await ${wait} } catch (e) { return e.code }`, {
      late: async (promise: Promise<unknown>) => [await promise],
    });
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("CF2003");
    expect(main.calls).toEqual([]);
  });

  it.each([
    "async () => [await call('a'), await call('b')]",
    "async () => Promise.all([call('a'), call('b')])",
  ])("of unmarked code that awaits a marked function are none of its business: %s", async (f) => {
    const main = program(`return await world.late((${f})())`, {
      late: async (promise: Promise<unknown>) => [await promise],
    });
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([["a", "b"]]);
  });

  describe("a step that unmarked code calls when no run is current", () => {
    const told = () =>
      stage.logs
        .filter(({ message }) => message.includes('CF2003 step "call"'))
        .map(({ level, run }) => [level, run]);

    it("is executed, not recorded, and told once", async () => {
      const world = {
        async map(list: readonly string[], step: (one: string) => Promise<unknown>) {
          await null;
          return await Promise.all(list.map(step));
        },
      };
      const main = program("return [await world.map(['a', 'b'], call), await world.map(['c'], call)]", world);
      const engine = await stage.engine();
      const run = await engine.start(main, [], { id: "r" });
      expect(await stage.until(run.result())).toEqual([["a", "b"], ["c"]]);
      expect(told()).toEqual([["warn", "r"]]);
    });

    it("is told when that swallows the refusal", async () => {
      const again = async (step: () => Promise<unknown>) => {
        try {
          return await step();
        } catch {
          return await step();
        }
      };
      const main = program("return await world.again(() => call('a'))", { again });
      const engine = await stage.engine();
      expect(await stage.until((await engine.start(main, [])).result().catch(({ code }) => code))).toBe(
        "CF2003",
      );
      expect(told()).toEqual([]);
      const direct = program("return await world.again(call)", { again });
      await stage.until((await engine.start(direct, [], { id: "direct" })).result());
      expect(told()).toEqual([["warn", "direct"]]);
    });

    it("is not told where no run waits for unmarked code, nor of a step in a step", async () => {
      const { main, call, outer } = load(`"use workflow";
        export async function call(name) { "use step"; return name; }
        export async function outer(name) { "use step"; return await call(name); }
        export async function main() { return await outer("a"); }`);
      const engine = await stage.engine();
      expect(await stage.until((await engine.start(main!, [])).result())).toBe("a");
      expect([await call!("b"), await outer!("c")]).toEqual(["b", "c"]);
      expect(told()).toEqual([]);
    });
  });
});
