import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cancelled, type Engine } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

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

  it("gives a step of a handler the grace time, unless it is shielded: then it is executed to its end", async () => {
    const undo = (ms: number) =>
      new Promise((resolve) => stage.clock.setTimeout(() => resolve("undone"), ms));
    const handled = (call: string) =>
      program(`try { await call('do') } finally { ${call}; await call('undone') } await sleep('30d')`, {
        undo,
      });
    const { engine, kill } = await stage.mortal({ grace: "1s", lease: "10s" });
    const mains = [
      handled("await call('undo', 60_000)"),
      handled("await shield(() => call('undo', 60_000))"),
    ];
    for (const [i, main] of mains.entries()) await engine.start(main, [], { id: `r${i}` });
    await stage.when(() => mains.every(({ calls }) => calls.length === 2));
    for (const i of mains.keys()) await engine.cancel(`r${i}`);
    await stage.clock.advance(5000);
    kill();
    const other = await stage.engine({ poll: "1s" });
    for (const i of mains.keys())
      await expect(stage.until(other.run(`r${i}`).result())).rejects.toBeInstanceOf(Cancelled);
    expect(mains[0]!.calls).toEqual([["do"], ["undo", 60_000]]);
    expect(mains[1]!.calls).toEqual([["do"], ["undo", 60_000], ["undo", 60_000], ["undone"]]);
  });

  it("waits for no step that it is not going to be thrown at", async () => {
    const hang = () => new Promise(() => {});
    const main = program("await Promise.all([shield(() => call('hang')), sleep('30d')])", { hang });
    const engine = await stage.engine({ grace: "1h" });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    const before = stage.clock.now();
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toBeInstanceOf(Cancelled);
    expect(stage.clock.now() - before).toBeLessThan(1000);
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
    await stage.when(async () => (await run.status())!.status === "cancelled");
    // None of the calls that it went on to make was executed.
    expect(main.calls.length).toBe(1);
  });
});

describe("a run that swallowed its cancel", () => {
  const swallow = "for (const i of [1, 2]) try { await event('never') } catch { if (i === 2) {";
  const isAt = (engine: Engine, id: string, key: string) => async () => {
    const state = await engine.get(id);
    return state?.worker === null && state.waits.some(({ name }) => name === key);
  };

  it("is given back while it waits in a handler, and is the same wherever it goes on", async () => {
    const main = program(
      `${swallow} await event('go'); try { await sleep('1h'); return 'slept' } catch (e) { return e.name } } }`,
    );
    const first = await stage.engine();
    await first.start(main, [], { id: "r" });
    await stage.when(isAt(first, "r", "never"));
    await first.cancel("r");
    await stage.when(isAt(first, "r", "go"));
    await first.close(0);
    const second = await stage.engine();
    await second.send("go");
    expect(await stage.until(second.run("r").result())).toBe("Cancelled");
  });

  it("has a clone whose own cancel is the first one", async () => {
    const main = program(
      `${swallow} try { await event('go') } catch { await sleep('1h'); return 'slept' } } }`,
    );
    const engine = await stage.engine();
    await engine.start(main, [], { id: "r" });
    await stage.when(isAt(engine, "r", "never"));
    await engine.cancel("r");
    await stage.when(isAt(engine, "r", "go"));
    const clone = await engine.clone("r", { id: "copy" });
    await stage.when(isAt(engine, "copy", "go"));
    await engine.cancel("copy");
    expect(await stage.until(clone.result())).toBe("slept");
  });
});
