import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runScenario, World } from "../../runtime/testing/index.ts";
import { load, type Program, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const DAY = 86_400_000;

describe("timers of marked code", () => {
  it("outlive their process, and fire with their arguments", async () => {
    const main = program(
      "const got = []; setTimeout((a, b) => got.push(a + b), 86400000, 1, 2); await new Promise((go) => setTimeout(go, 2 * 86400000)); return got",
    );
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))!.waits.length === 2);
    kill();
    const other = await stage.engine();
    const begin = stage.clock.now();
    expect(await stage.until(other.run("r").result())).toEqual([3]);
    expect(stage.clock.now() - begin).toBeGreaterThan(1.9 * DAY);
  });

  it("that were missed fire at once, in order", async () => {
    const main = program(
      "const got = []; for (const d of [3, 1, 2]) setTimeout(() => got.push(d), d * 3600000); await sleep('4h'); return got",
    );
    const engine = await stage.engine();
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))!.waits.length === 4);
    await stage.until(Promise.race([engine.close(0), stage.clock.advance(10_000)]));
    await stage.clock.advance(30 * DAY);
    const later = await stage.engine();
    const begin = stage.clock.now();
    expect(await stage.until(later.run("r").result())).toEqual([1, 2, 3]);
    expect(stage.clock.now() - begin).toBeLessThan(10_000);
  });

  it("repeat until they are cleared, also from themselves, and after a restore", async () => {
    const main = program(
      "let n = 0; await new Promise((done) => { const h = setInterval(() => { if (++n === 3) { clearInterval(h); done() } }, 3600000) }); const never = setTimeout(() => n = 99, 1000); clearTimeout(never); await sleep('5h'); return n",
    );
    const engine = await stage.engine({ cache: 0 });
    expect(await stage.until((await engine.start(main, [])).result())).toBe(3);
  });

  it("are what Node's are: ref, unref, dispose", async () => {
    const main = program(
      "let n = 0; const h = setTimeout(() => n++, 1000).unref(); const kept = h.hasRef() && h.ref() === h; { using gone = setTimeout(() => n += 10, 1000) } setTimeout(() => n += 100, 500).close(); await sleep(5000); return [n, kept]",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([1, true]);
  });

  it.each(["plain", "memory", "park"] as const)("are the same in every regime: %s", async (regime) => {
    const body =
      "const log = []; const h = setInterval(() => log.push('tick'), 40); setTimeout(() => log.push('once'), 60); await new Promise((go) => setTimeout(go, 100)); clearInterval(h); return log";
    const main = program(body);
    if (regime === "plain") {
      // Outside of runs they are the platform's, which the virtual clock of runs does not move.
      vi.useFakeTimers();
      const log = main();
      await vi.advanceTimersByTimeAsync(100);
      vi.useRealTimers();
      expect(await log).toEqual(["tick", "once", "tick"]);
    } else
      expect(await runScenario(main, [], { regime, world: new World() })).toMatchObject({
        value: ["tick", "once", "tick"],
      });
  });

  it("of node:timers and node:timers/promises are durable too", async () => {
    const timers = { setInterval: () => 0 };
    const { main } = load(
      `import { setTimeout as later } from "node:timers";
       import { setTimeout as wait } from "node:timers/promises";
       export async function main() { "use workflow";
         const value = await wait(86400000, "a day later");
         return [value, await new Promise((go) => later(go, 86400000, "two"))];
       }`,
      timers,
    ) as { main: Program };
    const engine = await stage.engine({ cache: 0 });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.waits[0]?.kind === "timer");
    expect((await run.status())!.snapshot).not.toBe(null);
    expect(await stage.until(run.result())).toEqual(["a day later", "two"]);
  });

  it("are promisified as the platform's are", async () => {
    const custom = Symbol.for("nodejs.util.promisify.custom");
    const main = load(
      `import { custom } from "world";
       export const wait = (...args) => setTimeout[custom](...args);
       export async function main() { "use workflow"; return await wait(86400000, "x"); }`,
      { custom },
    )["main"]!;
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("x");
    expect(
      await load(
        `import { custom } from "world"; export async function main() { "use workflow"; const c = new AbortController(); c.abort("why"); try { await setTimeout[custom](10, 1, { signal: c.signal }) } catch (e) { return [e.name, e.cause, await setTimeout[custom](1, 2)] } }`,
        { custom },
      )["main"]!(),
    ).toEqual(["AbortError", "why", 2]);
  });
});
