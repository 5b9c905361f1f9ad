import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

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

  it("takes its key before its options, too, and knows what options are", async () => {
    const main = program(
      `try { return await event("k", { timeout: "3d" }) } catch (e) {
         return [e.name, ...[["k", 5], ["k", { key: "l" }], [null]].map((args) => {
           try { event(...args) } catch (error) { return error.code }
         })]
       }`,
    );
    const run = await (await stage.engine()).start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.waits[0]?.name === "k");
    expect(await stage.until(run.result())).toEqual(["TimeoutError", "CF2301", "CF2301", "CF2301"]);
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
