/** Pools, groups, channels, rate limits and `waitUntil`: in a run that is never decoded twice, in one that always is, and outside. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe.each([0, 1000])("with a cache of %i", (cache) => {
  const run = async (body: string, world: Record<string, unknown> = {}, args: unknown[] = []) => {
    const main = program(body, world);
    const engine = await stage.engine({ cache });
    const handle = await engine.start(main, args);
    return { result: await stage.until(handle.result()), calls: main.calls };
  };

  describe("a pool", () => {
    it("calls so many at a time, in order, and gives all results", async () => {
      let most = 0;
      let now = 0;
      const { result, calls } = await run(
        `const p = pool(3);
         return await p.map([1, 2, 3, 4, 5, 6, 7], async (n, i) => { await call("in", n); await sleep((10 - n) + "h"); await call("out", n); return n * i })`,
        { in: () => (most = Math.max(most, ++now)), out: () => now-- },
      );
      expect(result).toEqual([0, 2, 6, 12, 20, 30, 42]);
      expect(most).toBe(3);
      expect(calls.filter(([name]) => name === "in").map(([, n]) => n)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it("begins no more of a map after a failure, and stays usable", async () => {
      const { result, calls } = await run(
        `const p = pool(2);
         let error;
         try { await p.map([1, 2, 3, 4, 5], async (n) => { await call("in", n); await sleep("1h"); if (n === 2) throw new Error("two") }) } catch (e) { error = e.message }
         return [error, await p.run(async () => { await sleep("1h"); return "more" }), p.waiting.length]`,
      );
      expect(result).toEqual(["two", "more", 0]);
      expect(calls.length).toBeLessThan(5);
    });

    it("takes functions that throw at once and values", async () => {
      const { result } = await run(
        `const p = pool(1);
         const a = p.run(() => { throw new Error("now") }).catch((e) => e.message), b = p.run(() => 5);
         return [await a, await b]`,
      );
      expect(result).toEqual(["now", 5]);
    });
  });

  describe("a group", () => {
    it("ends when all that was added has", async () => {
      const { result } = await run(
        `const log = [];
         const got = await group(async (g) => {
           g.add((async () => { await sleep("2h"); log.push("two") })());
           g.add((async () => { await sleep("1h"); log.push("one") })());
           log.push("body"); return 7;
         });
         return [got, log]`,
      );
      expect(result).toEqual([7, ["body", "one", "two"]]);
    });

    it("cancels the others when one fails, waits for them, and throws the first failure", async () => {
      const { result } = await run(
        `const log = [];
         const work = async (name, hours) => { try { await sleep(hours + "h"); log.push(name) } catch (e) { log.push(name + " " + e.name); await sleep("1h"); log.push(name + " undone"); throw e } };
         try { await group(async (g) => { g.add(work("a", 5)); g.add(work("b", 1).then(() => { throw new Error("b failed") })); await sleep("9h"); log.push("never") }) }
         catch (e) { return [e.message, log] }`,
      );
      expect(result).toEqual(["b failed", ["b", "a Cancelled", "a undone"]]);
    });

    it("cancels runs that it started", async () => {
      const main = program(
        `if (args[0] === "child") { try { await sleep("9d") } catch (e) { await call("child", e.name); throw e } }
         try { await group(async (g) => { g.start(world.main, ["child"], { id: "c" }); await sleep("1h"); throw new Error("body") }) } catch (e) { return e.message }`,
        {
          get main() {
            return main;
          },
        },
      );
      const engine = await stage.engine({ cache });
      const handle = await engine.start(main, ["parent"]);
      expect(await stage.until(handle.result())).toBe("body");
      await expect(stage.until(engine.run("c").result())).rejects.toMatchObject({ name: "Cancelled" });
      expect(main.calls).toEqual([["child", "Cancelled"]]);
    });

    it("throws at what only a callback settles, too", async () => {
      const { result } = await run(
        `const later = () => new Promise((resolve) => setTimeout(resolve, 86_400_000));
         const told = [];
         try { await group(async (g) => { g.add(later().catch((e) => told.push(e.name))); await sleep(5); throw new Error("x") }) } catch (e) { return [e.message, told] }`,
      );
      expect(result).toEqual(["x", ["Cancelled"]]);
    });

    it("does not wait for what is no promise", async () => {
      const { result } = await run(
        "try { await group(async (g) => { await sleep('1h'); g.add('text') }) } catch (e) { return e.name }",
      );
      expect(result).toBe("TypeError");
    });

    it("tells steps in flight to stop", async () => {
      let aborted = false;
      const { result } = await run(
        `try { await group(async (g) => { g.add(call("slow")); await call("quick"); throw new Error("x") }) } catch (e) { return e.message }`,
        {
          slow: () => new Promise(() => {}),
          quick: () => {
            aborted = true;
          },
        },
      );
      expect([result, aborted]).toEqual(["x", true]);
    });
  });

  describe("a channel", () => {
    it("hands messages on in order, and holds back who is too quick", async () => {
      const { result } = await run(
        `const c = channel(undefined, { capacity: 2 });
         const log = [];
         const sender = (async () => { for (let i = 1; i <= 5; i++) { await c.send(i); log.push("sent " + i) } })();
         await sleep("1h"); log.push("look");
         const got = [];
         for await (const m of c) { got.push(m); await sleep("1m"); if (m === 5) break }
         await sender;
         return [got, log.slice(0, 4)]`,
      );
      expect(result).toEqual([
        [1, 2, 3, 4, 5],
        ["sent 1", "sent 2", "look", "sent 3"],
      ]);
    });

    it("leads from one run to another, also when the sender has ended", async () => {
      const sender = program(
        "const c = channel('work', { capacity: 3 }); for (const m of args) await c.send(m)",
      );
      const receiver = program(
        "const c = channel('work', { capacity: 3 }); return [await c.receive(), await c.receive(), await c.receive()]",
      );
      const engine = await stage.engine({ cache });
      await stage.until((await engine.start(sender, ["a"])).result());
      await stage.until((await engine.start(sender, ["b", "c"])).result());
      const held = await engine.start(sender, ["d"]);
      await stage.when(async () => (await held.status())!.worker === null);
      expect((await held.status())!.waits).toMatchObject([{ kind: "lock", name: "channel work" }]);
      expect(await stage.until((await engine.start(receiver, [])).result())).toEqual(["a", "b", "c"]);
      await stage.until(held.result());
    });
  });

  it("a rate limit spreads what goes", async () => {
    const begun = stage.clock.now();
    const times: number[] = [];
    await run(
      "await Promise.all([1, 2, 3, 4].map(async () => { await rateLimit('api', { limit: 2, per: '2h' }); await call('go') }))",
      { go: () => times.push(Math.round((stage.clock.now() - begun) / 3_600_000)) },
    );
    expect(times).toEqual([0, 0, 1, 2]);
  });

  it("a rate limit is asked for again when the database fails", async () => {
    const main = program("await rateLimit('api', { limit: 2, per: '2h' }); return 'passed'");
    const store = stage.data.connect();
    let failures = 3;
    const { reserve } = store;
    store.reserve = (...args) =>
      failures-- > 0 ? Promise.reject(new Error("busy")) : Reflect.apply(reserve, store, args);
    const engine = await stage.engine({ cache, store });
    const handle = await engine.start(main, []);
    expect([await stage.until(handle.result()), failures]).toEqual(["passed", -1]);
  });

  it("methods may be waiting for their arguments when the run parks", async () => {
    const { result } = await run(
      `const box = channel(undefined, { capacity: 9 });
       await box.send(await call("a"));
       const p = pool(1);
       const done = p.run(await (await sleep("1h"), () => call("b")));
       const mapped = await p.map(await (await sleep("1h"), ["c"]), call);
       const both = await group(async (g) => [await g.add((await sleep("1h"), sleep(1))), await g.add((await call("d"), sleep(1)))]);
       const lock = await mutex("m");
       lock.release(await sleep("1h"));
       lock[Symbol.dispose](await sleep("1h"));
       box.next(await sleep("1h"));
       return [await done, mapped, both, box.capacity]`,
    );
    expect(result).toEqual(["b", ["c"], [undefined, undefined], 9]);
  });

  it("waitUntil keeps a run open, and does not change its result", async () => {
    const { result, calls } = await run(
      "waitUntil((async () => { await sleep('1d'); await call('late'); throw new Error('whatever') })()); waitUntil(sleep('2d')); return 3",
    );
    expect([result, calls]).toEqual([3, [["late"]]]);
  });

  it("waitUntil after the first await, in a run that fails", async () => {
    const main = program(
      "await sleep('1h'); waitUntil(sleep('1d').then(() => call('late'))); throw new RangeError('no')",
    );
    const engine = await stage.engine({ cache });
    const handle = await engine.start(main, []);
    await expect(stage.until(handle.result())).rejects.toThrow(RangeError);
    expect(main.calls).toEqual([["late"]]);
  });
});

describe("outside a run", () => {
  it("pools, groups and channels do the same in memory", async () => {
    const main = program(
      `const p = pool(2);
       const squares = await p.map([1, 2, 3], async (n) => n * n);
       const c = channel(undefined, { capacity: 1 });
       const sending = (async () => { await c.send("a"); await c.send("b") })();
       const got = [await c.receive(), await c.receive()];
       await sending;
       const failed = await group(async (g) => { g.add(Promise.reject(new Error("x"))); return 1 }).catch((e) => e.message);
       waitUntil(Promise.resolve());
       return [squares, got, failed]`,
    );
    expect(await main()).toEqual([[1, 4, 9], ["a", "b"], "x"]);
  });
});
