import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../runtime/engine/clock.ts";
import { freeWorld } from "../../runtime/engine/free.ts";
import { event, type StandardSchema } from "../../runtime/index.ts";
import { runScenario, World } from "../../runtime/testing/index.ts";
import { load, type Program, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const parked = (id: string) =>
  stage.when(async () => {
    const state = (await stage.data.read.run(id))!;
    return state.worker === null && state.snapshot !== null && state.waits !== null;
  });

const summing =
  "const seen = []; for await (const m of event('k')) { if (m === 'end') break; seen.push(await call('work', m)); await sleep('1h') } return seen";

describe("a stream of events", () => {
  it("gives each event once and in order, also those that come while it is busy", async () => {
    const main = program(summing, { work: (m: number) => m * 2 });
    const engine = await stage.engine({ cache: 0 });
    await engine.send("k", 1);
    const run = await engine.start(main, [], { id: "r" });
    await parked("r");
    for (const m of [2, 3, "end", 4]) await engine.send("k", m, { id: `m${m}` });
    await engine.send("k", 2, { id: "m2" });
    expect(await stage.until(run.result())).toEqual([2, 4, 6]);
    // What came behind the end is still there.
    const next = program("return await event('k')");
    expect(await stage.until((await engine.start(next, [])).result())).toBe(4);
  });

  it("is carried on by another worker after a crash, with nothing lost or twice", async () => {
    const main = program(summing, { work: (m: number) => m * 2 });
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    const sender = await stage.engine({ worker: false });
    await engine.start(main, [], { id: "r" });
    for (const m of [1, 2]) await sender.send("k", m);
    await stage.when(() => main.calls.length === 1);
    kill();
    const other = await stage.engine({ poll: "10m" });
    for (const m of [3, "end"]) await sender.send("k", m);
    expect(await stage.until(other.run("r").result())).toEqual([2, 4, 6]);
  });

  it("begins with what the promise gives, whether that was awaited or not; a second iteration goes on", async () => {
    const main = program(
      `const e = event(); await call("ask", e.key); const seen = [await e];
       for await (const m of e) { seen.push(m); if (m === 2) break }
       for await (const m of e) { seen.push(m); if (m === 4) break }
       return seen`,
    );
    const engine = await stage.engine({ cache: 0 });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(() => main.calls.length === 1);
    const key = main.calls[0]![1] as string;
    for (const m of [1, 2, 3, 4]) await engine.send(key, m);
    expect(await stage.until(run.result())).toEqual([1, 1, 2, 3, 4]);
  });

  it("ends with TimeoutError when an event does not come in time", async () => {
    const main = program(
      "const seen = []; try { for await (const m of event({ key: 'k', timeout: '1h' })) seen.push(m) } catch (e) { return [seen, e.name] }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await parked("r");
    for (const m of [1, 2, 3]) {
      await stage.clock.advance(50 * 60_000);
      await engine.send("k", m);
    }
    expect(await stage.until(run.result())).toEqual([[1, 2, 3], "TimeoutError"]);
  });

  it("is ended by cancel", async () => {
    const main = program(
      "try { for await (const m of event('k')) await call(m) } finally { await call('bye') }",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await parked("r");
    await engine.cancel("r");
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(main.calls).toEqual([["bye"]]);
  });

  it("adds nothing to a snapshot that the event alone would not have", async () => {
    const sizes = [];
    for (const body of ["await event('k')", "for await (const _ of event('k')) ;"]) {
      const engine = await stage.engine();
      const run = await engine.start(program(body), []);
      await parked(run.id);
      sizes.push((await run.status())!.snapshot!.length);
    }
    expect(sizes[0]).toBeLessThan(250);
    expect(sizes[1]).toBeLessThan(500);
  });

  it("is not what other promises are", async () => {
    const main = program(
      "try { for await (const m of Promise.resolve([1])) return m } catch (e) { return e.name }",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("TypeError");
  });

  it.each(["plain", "memory", "park"] as const)("is the same in every regime: %s", async (regime) => {
    for (const between of ["wait", "job"] as const) {
      const world = new World();
      for (const m of [1, 2]) world.clock.setTimeout(() => world.send("k", m), 0);
      world.clock.setTimeout(() => world.send("k", 3), 3_600_000);
      world.clock.setTimeout(() => world.send("k", "end"), 9_000_000);
      const main = program(summing, { work: (m: number) => m * 2 });
      const outcome = await runScenario(main, [], { regime, between, world });
      expect(outcome).toMatchObject({ status: "done", value: [2, 4, 6] });
    }
  });
});

describe("an event that was dropped", () => {
  it("after it came, but before it was taken, goes to the next one", async () => {
    const main = program(
      "const e = event('k'); await Promise.race([e, call('slow')]); await event('go'); return 'no'",
      { slow: () => new Promise((resolve) => stage.clock.setTimeout(() => resolve(1), 1000)) },
    );
    const other = program("return await event('k')");
    const store = stage.data.connect();
    const engine = await stage.engine({ store });
    // The event comes while the turn that drops its wait is being written.
    const { commit } = store;
    let sent = false;
    store.commit = async (writes) => {
      if (!sent && writes.some((write) => write.kind === "turn" && write.unsubscribe.length > 0)) {
        sent = true;
        expect(await stage.data.send({ key: "k", id: "1", payload: "7", run: null })).toMatchObject({
          run: "r",
        });
      }
      return commit.call(store, writes);
    };
    await engine.start(main, [], { id: "r" });
    await stage.when(() => sent);
    expect(await stage.until((await engine.start(other, [])).result())).toBe(7);
  });

  it("by a cancelled run, and by one that was ended by force", async () => {
    const engine = await stage.engine({ worker: false });
    const main = program("return await event('k')");
    const { engine: first, kill } = await stage.mortal({ lease: "10s" });
    await first.start(main, [], { id: "r" });
    await parked("r");
    kill();
    expect((await engine.send("k", 1)).run).toBe("r");
    await engine.cancel("r", { force: true });
    const last = await stage.engine({ poll: "10m" });
    expect(await stage.until((await last.start(main, [])).result())).toBe(1);
  });
});

describe("a broadcast", () => {
  it("reaches all who wait at the time, and is not kept", async () => {
    const main = program("return await event({ key: 'k', broadcast: true })");
    const engine = await stage.engine();
    expect((await engine.send("k", "early")).status).toBe("kept");
    const runs = await Promise.all(["a", "b", "c"].map((id) => engine.start(main, [], { id })));
    for (const id of ["a", "b", "c"]) await parked(id);
    expect((await engine.send("k", "now")).status).toBe("delivered");
    expect(await stage.until(Promise.all(runs.map((run) => run.result())))).toEqual(["now", "now", "now"]);
    const exclusive = program("return await event('k')");
    expect(await stage.until((await engine.start(exclusive, [])).result())).toBe("early");
    expect((await engine.send("k", "late")).status).toBe("kept");
  });

  it("does not take the event from the one who waits for it alone", async () => {
    const engine = await stage.engine();
    const copy = await engine.start(program("return await event({ key: 'k', broadcast: true })"), [], {
      id: "a",
    });
    const taker = await engine.start(program("return await event('k')"), [], { id: "b" });
    for (const id of ["a", "b"]) await parked(id);
    expect(await engine.send("k", 1)).toEqual({ status: "delivered", run: "b" });
    expect(await stage.until(Promise.all([copy.result(), taker.result()]))).toEqual([1, 1]);
  });

  const stream =
    "const seen = []; for await (const m of event({ key: 'k', broadcast: true })) { if (m === 'end') break; await sleep('1h'); seen.push(m) } await event('finish'); return seen";

  it("stream keeps what comes while it is busy, until it is left", async () => {
    const main = program(stream);
    const engine = await stage.engine({ cache: 0 });
    const runs = await Promise.all(["a", "b"].map((id) => engine.start(main, [], { id })));
    for (const id of ["a", "b"]) await parked(id);
    for (const m of [1, 2, 3, "end"]) expect((await engine.send("k", m)).status).toBe("delivered");
    for (const id of ["a", "b"])
      await stage.when(async () => (await engine.get(id))!.waits[0]?.name === "finish");
    expect((await engine.send("k", "nobody")).status).toBe("kept");
    for (const _ of runs) await engine.send("finish");
    expect(await stage.until(Promise.all(runs.map((run) => run.result())))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it("stream survives a crash", async () => {
    const main = program(stream);
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    const sender = await stage.engine({ worker: false });
    await engine.start(main, [], { id: "a" });
    await parked("a");
    await sender.send("k", 1);
    await stage.when(async () => (await sender.get("a"))!.waits[0]?.kind === "timer");
    kill();
    for (const m of [2, "end", "unseen"]) await sender.send("k", m);
    await sender.send("finish");
    const other = await stage.engine({ poll: "10m" });
    expect(await stage.until(other.run("a").result())).toEqual([1, 2]);
  });

  it("that timed out leaves nothing behind", async () => {
    const main = program(
      "for (let i = 0; i < 5; i++) try { await event({ key: 'k', broadcast: true, timeout: '1h' }) } catch {} await event('finish')",
    );
    const engine = await stage.engine();
    await engine.start(main, [], { id: "a" });
    await stage.when(async () => (await engine.get("a"))?.waits[0]?.name === "finish");
    expect((await engine.send("k", 1)).status).toBe("kept");
  });

  it.each(["plain", "memory", "park"] as const)("is the same in every regime: %s", async (regime) => {
    for (const between of ["wait", "job"] as const) {
      const world = new World();
      world.clock.setTimeout(() => world.send("k", 1), 10);
      for (const m of [2, "end"]) world.clock.setTimeout(() => world.send("k", m), 20);
      world.clock.setTimeout(() => world.send("finish", 0), 30);
      expect(await runScenario(program(stream), [], { regime, between, world })).toMatchObject({
        status: "done",
        value: [1, 2],
      });
    }
  });
});

describe("the schema of an event", () => {
  const yes: StandardSchema<string> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof value === "boolean"
          ? { value: value ? "yes" : "no" }
          : { issues: [{ message: "expected a boolean" }] },
    },
  };
  const withSchema = (body: string) =>
    load(
      `import { event } from "coldframe"; import { yes } from "world";
       export async function main() { "use workflow"; ${body} }`,
      { yes },
    )["main"] as Program;
  const misfit = {
    code: "CF2307",
    message: expect.stringContaining('payload of event "k": expected a boolean'),
  };

  it("refuses a wrong event at the send, when who gets it is known", async () => {
    const engine = await stage.engine({ cache: 0 });
    const run = await engine.start(withSchema("return await event({ key: 'k', schema: yes })"), [], {
      id: "r",
    });
    await parked("r");
    const sender = await stage.engine({ worker: false });
    await expect(sender.send("k", "sure", { id: "1" })).rejects.toMatchObject(misfit);
    expect((await sender.send("k", true, { id: "1" })).status).toBe("delivered");
    expect(await stage.until(run.result())).toBe("yes");
  });

  it("refuses it where it arrives when it was early, and the stream can go on", async () => {
    const engine = await stage.engine();
    await engine.send("k", "sure");
    await engine.send("k", false);
    const main = withSchema(
      "const e = event({ key: 'k', schema: yes }), seen = []; for (let i = 0; i < 2; i++) try { for await (const m of e) { seen.push(m); break } } catch (error) { seen.push(error.code) } return seen",
    );
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["CF2307", "no"]);
  });

  it("has to have a name", async () => {
    const main = withSchema("return await event({ key: 'k', schema: { ...yes } })");
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toMatchObject({
      code: "CF2301",
    });
  });

  it("holds outside of runs too", async () => {
    freeWorld.reset(stage.clock);
    freeWorld.send("k", "sure", undefined);
    freeWorld.send("k", true, undefined);
    await expect(event({ key: "k", schema: yes })).rejects.toMatchObject(misfit);
    expect(await event({ key: "k", schema: yes })).toBe("yes");
    freeWorld.reset(systemClock);
  });
});
