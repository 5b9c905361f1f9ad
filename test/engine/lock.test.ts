import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const GUARDED = `
  const lock = await mutex("door");
  try { await call("in", ...args); await sleep("1h"); await call("out", ...args) } finally { lock.release() }
  return lock.released`;

describe("a mutex", () => {
  it("lets one run in at a time, in order", async () => {
    const main = program(GUARDED);
    const engine = await stage.engine();
    const runs = [];
    for (const n of [1, 2, 3]) runs.push(await engine.start(main, [n]));
    expect(await stage.until(Promise.all(runs.map((run) => run.result())))).toEqual([true, true, true]);
    expect(main.calls.map((call) => call.join())).toEqual([
      "in,1",
      "out,1",
      "in,2",
      "out,2",
      "in,3",
      "out,3",
    ]);
  });

  it("is held across the death of the process, and freed when its run ends", async () => {
    const main = program(
      "await mutex('door'); await call('in', ...args); await event('go ' + args[0]); return 1",
    );
    const first = await stage.mortal({ lease: "1m", poll: "10s" });
    await first.engine.start(main, [1], { id: "a" });
    await stage.when(() => main.calls.length === 1);
    first.kill();
    const second = await stage.engine({ lease: "1m", poll: "10s" });
    await second.start(main, [2], { id: "b" });
    await stage.clock.advance(3_600_000);
    expect(main.calls).toEqual([["in", 1]]);
    await second.send("go 1");
    await second.send("go 2");
    expect(await stage.until(Promise.all([second.run("a").result(), second.run("b").result()]))).toEqual([
      1, 1,
    ]);
  });

  it("works with await using", async () => {
    const main = program(
      "{ await using lock = await mutex('door'); await call('in', lock.key) } await event('x')",
    );
    const engine = await stage.engine();
    await engine.start(main, []);
    await engine.start(main, []);
    await stage.when(() => main.calls.length === 2);
  });

  it("that nobody waits for any more is not taken", async () => {
    const main = program(
      "const got = await Promise.race([mutex('door'), sleep('1h')]); await event('on ' + args[0]); return got?.key ?? 'late'",
    );
    const engine = await stage.engine();
    const a = await engine.start(main, ["a"]);
    const b = await engine.start(main, ["b"]);
    await stage.when(async () => (await b.status())!.waits[0]?.name === "on b");
    await engine.send("on a");
    await engine.send("on b");
    expect(await stage.until(Promise.all([a.result(), b.result()]))).toEqual(["door", "late"]);
    expect(await stage.until((await engine.start(program(GUARDED), [])).result())).toBe(true);
  });

  it("outside a run is one of this process", async () => {
    const main = program(
      "const a = await mutex('m'); call('a'); const b = mutex('m').then((l) => { call('b'); l.release() }); await null; call('x'); a.release(); await b",
    );
    await main();
    expect(main.calls).toEqual([["a"], ["x"], ["b"]]);
  });
});

describe("a semaphore", () => {
  it("lets so many in", async () => {
    let most = 0;
    let now = 0;
    const main = program(
      "await using place = await semaphore('pool', 3); await call('in'); await sleep('1h'); await call('out')",
      { in: () => (most = Math.max(most, ++now)), out: () => now-- },
    );
    const engine = await stage.engine();
    const runs = [];
    for (let n = 0; n < 10; n++) runs.push(await engine.start(main, []));
    await stage.until(Promise.all(runs.map((run) => run.result())));
    expect([most, now]).toEqual([3, 0]);
  });

  it("refuses a wrong number", async () => {
    const engine = await stage.engine();
    const run = await engine.start(program("await semaphore('pool', 0)"), []);
    await expect(stage.until(run.result())).rejects.toMatchObject({ code: "CF2301" });
  });
});

describe("a limit at the start", () => {
  it("lets so many runs of a key begin", async () => {
    const main = program("await call('in', ...args); await event('go ' + args[0])");
    const engine = await stage.engine();
    for (const n of [1, 2, 3])
      await engine.start(main, [n], { id: `r${n}`, limit: { key: "tenant", max: 2 } });
    await engine.start(main, [4], { limit: { key: "other", max: 1 } });
    await stage.when(() => main.calls.length === 3);
    await stage.clock.advance(86_400_000);
    expect(main.calls.map(([, n]) => n).sort()).toEqual([1, 2, 4]);
    await engine.send("go 2");
    await stage.when(() => main.calls.length === 4);
    expect(main.calls[3]).toEqual(["in", 3]);
  });
});
