import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cronTimes, lastFires } from "../../runtime/engine/cron.ts";
import type { Engine, ScheduleOptions } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const hourly = (workflow: ScheduleOptions["workflow"], options: Partial<ScheduleOptions> = {}) => ({
  cron: "0 * * * *",
  workflow,
  ...options,
});

/** Times of the runs of a schedule, in hours. */
async function fired(engine: Engine, id: string): Promise<number[]> {
  const runs = await engine.list({ tags: { schedule: id }, limit: 1000 });
  return runs.map((run) => Date.parse(run.id.slice(id.length + 1)) / HOUR).reverse();
}

describe("a schedule", () => {
  it("starts a run at each time, with its arguments, tags and the time", async () => {
    const main = program("return await call(...args)");
    const engine = await stage.engine();
    const state = await engine.schedule(
      "s",
      hourly(main, { args: ["x", 1], tags: { kind: "report" }, priority: 3 }),
    );
    expect(state).toMatchObject({ id: "s", cron: "0 * * * *", timeZone: "UTC", overlap: "skip", next: HOUR });
    await stage.clock.advance(3 * HOUR);
    expect(await fired(engine, "s")).toEqual([1, 2, 3]);
    expect(main.calls).toEqual([
      ["x", 1],
      ["x", 1],
      ["x", 1],
    ]);
    expect(await engine.get("s@1970-01-01T02:00:00.000Z")).toMatchObject({
      status: "done",
      tags: { kind: "report", schedule: "s", scheduled: "1970-01-01T02:00:00.000Z" },
      priority: 3,
    });
  });

  it("is set by the name of its workflow where that is not loaded, and tells when it will fire", async () => {
    const main = program("await call(...args)");
    const named = await stage.engine({ worker: false });
    const byFunction = await named.schedule("s", hourly(main));
    const byName = await named.schedule("s", hourly(byFunction.entry as never));
    expect(byName).toEqual(byFunction);
    expect(await named.schedules.fires("s", 3)).toEqual([HOUR, 2 * HOUR, 3 * HOUR]);
    expect(await named.schedules.fires("nobody")).toEqual([]);
    await expect(named.schedules.fires("s", 0)).rejects.toThrow("CF2301");
    await expect(named.schedule("t", hourly("main" as never))).rejects.toThrow("CF2301");
    await stage.engine();
    await stage.clock.advance(HOUR);
    expect(main.calls).toHaveLength(1);
  });

  it("fires once over many workers", async () => {
    const main = program("await call()");
    const engines = [await stage.engine(), await stage.engine(), await stage.engine({ worker: false })];
    await engines[2]!.schedule("s", hourly(main));
    await stage.clock.advance(4 * HOUR);
    expect(await fired(engines[0]!, "s")).toEqual([1, 2, 3, 4]);
    expect(main.calls).toHaveLength(4);
  });

  it.each(["schedule:before", "schedule:after"])("fires once when a worker dies at %s", async (at) => {
    const main = program("await call()");
    let dead = false;
    const { engine, kill } = await stage.mortal({
      failpoint: (name) => {
        if (name !== at || dead) return;
        dead = true;
        kill();
      },
    });
    await engine.schedule("s", hourly(main, { catchUp: "all", overlap: "allow" }));
    await stage.when(() => dead);
    await stage.clock.advance(MINUTE);
    const other = await stage.engine();
    await stage.clock.advance(HOUR);
    expect(await fired(other, "s")).toEqual([1, 2]);
    expect(main.calls).toHaveLength(2);
  });

  it("stays as it is when it is set up again, and is another one when that says so", async () => {
    const main = program("await call(...args)");
    const engine = await stage.engine();
    await engine.schedule("s", hourly(main, { args: [1] }));
    await stage.clock.advance(HOUR);
    const before = await engine.schedules.get("s");
    expect(await engine.schedule("s", hourly(main, { args: [1] }))).toEqual(before);
    await engine.schedule("s", hourly(main, { args: [2], cron: "30 * * * *" }));
    await stage.clock.advance(HOUR);
    expect(await fired(engine, "s")).toEqual([1, 1.5]);
    expect(main.calls).toEqual([[1], [2]]);
  });

  it("makes up for what it missed with what it is now, unless its times are others", async () => {
    const main = program("await call(...args)");
    const first = await stage.engine();
    for (const id of ["same", "other"]) await first.schedule(id, hourly(main, { args: ["old"] }));
    await first.close();
    await stage.clock.advance(1.5 * HOUR);
    const engine = await stage.engine({ worker: false });
    await engine.schedule("same", hourly(main, { args: ["new"], tags: { a: "b" } }));
    await engine.schedule("other", hourly(main, { cron: "30 * * * *" }));
    await stage.engine();
    await stage.clock.advance(MINUTE);
    expect(await fired(engine, "same")).toEqual([1]);
    expect(await fired(engine, "other")).toEqual([]);
    expect(main.calls).toEqual([["new"]]);
  });

  it("says how many parks of its runs are kept, else the engine that starts them", async () => {
    const main = program("await call(1); await event('x')");
    const engine = await stage.engine({ history: 3 });
    await engine.schedule("some", hourly(main, { history: 1 }));
    await engine.schedule("all", hourly(main, { history: "all" }));
    await engine.schedule("none", hourly(main, { history: 0 }));
    await engine.schedule("else", hourly(main));
    await stage.clock.advance(HOUR);
    const keeps = async (id: string) =>
      (await engine.history((await engine.schedules.get(id))!.last!))!.keeps;
    expect([await keeps("some"), await keeps("all"), await keeps("none"), await keeps("else")]).toEqual([
      1,
      Number.POSITIVE_INFINITY,
      0,
      3,
    ]);
    await expect(engine.schedule("s", hourly(main, { history: -1 }))).rejects.toThrow(/CF2301.*history/);
  });

  it("is paused, resumed, listed and removed", async () => {
    const main = program("await call()");
    const engine = await stage.engine();
    await engine.schedule("s", hourly(main, { catchUp: "all" }));
    await engine.schedule("a", hourly(main, { paused: true }));
    expect(await engine.schedules.pause("s")).toBe(true);
    expect(await engine.schedules.pause("s")).toBe(false);
    expect((await engine.schedules.list()).map(({ id, paused, next }) => [id, paused, next])).toEqual([
      ["a", true, null],
      ["s", true, null],
    ]);
    await stage.clock.advance(3 * HOUR);
    // A program that begins again does not end the pause.
    await engine.schedule("s", hourly(main, { catchUp: "all" }));
    expect(main.calls).toEqual([]);
    expect(await engine.schedules.resume("s")).toBe(true);
    expect(await engine.schedules.resume("s")).toBe(false);
    await stage.clock.advance(HOUR);
    expect(await fired(engine, "s")).toEqual([4]);
    expect(await engine.schedules.remove("s")).toBe(true);
    expect(await engine.schedules.remove("s")).toBe(false);
    expect(await engine.schedules.get("s")).toBe(null);
    expect(await engine.schedules.pause("none")).toBe(false);
    expect(await engine.schedules.resume("none")).toBe(false);
    await stage.clock.advance(2 * HOUR);
    expect(await fired(engine, "s")).toEqual([4]);
  });

  it.each([
    ["none", []],
    ["last", [6]],
    ["all", [1, 2, 3, 4, 5, 6]],
  ] as const)("that was missed is made up for: %s", async (catchUp, expected) => {
    const main = program("await call()");
    const setUp = await stage.engine({ worker: false });
    await setUp.schedule("s", hourly(main, { catchUp, overlap: "allow" }));
    await stage.clock.advance(6.5 * HOUR);
    const engine = await stage.engine();
    await stage.clock.advance(MINUTE);
    expect(await fired(engine, "s")).toEqual(expected);
    await stage.clock.advance(HOUR);
    expect(await fired(engine, "s")).toEqual([...expected, 7]);
  });

  it("that is a little late was not missed", async () => {
    const main = program("await call()");
    const setUp = await stage.engine({ worker: false });
    await setUp.schedule("s", hourly(main, { catchUp: "none" }));
    await stage.clock.advance(HOUR - stage.clock.now() + 30_000);
    const engine = await stage.engine();
    await stage.clock.advance(MINUTE);
    expect(await fired(engine, "s")).toEqual([1]);
  });

  it("makes up for a hundred at most", async () => {
    const main = program("await call()");
    const setUp = await stage.engine({ worker: false });
    await setUp.schedule("s", { cron: "* * * * * *", workflow: main, catchUp: "all", overlap: "allow" });
    await stage.clock.advance(5 * 24 * HOUR);
    const engine = await stage.engine();
    await stage.when(() => main.calls.length >= 100);
    const hours = await fired(engine, "s");
    expect(hours.length).toBeLessThan(110);
    expect(hours[0]!).toBeGreaterThan(5 * 24);
  });

  describe("whose last run has not ended", () => {
    const slow = () =>
      program(
        "await call('begin', args[0]); try { await sleep('150m') } catch (e) { await call(e.name); throw e } await call('end')",
      );
    const events = async (overlap: ScheduleOptions["overlap"], hours: number) => {
      const main = slow();
      const engine = await stage.engine();
      await engine.schedule("s", hourly(main, { overlap: overlap! }));
      await stage.clock.advance(hours * HOUR);
      return { engine, calls: main.calls.map(([name]) => name) };
    };

    it("skips", async () => {
      const { engine, calls } = await events("skip", 6);
      expect(await fired(engine, "s")).toEqual([1, 4]);
      expect(calls).toEqual(["begin", "end", "begin"]);
    });

    it("queues", async () => {
      const { engine, calls } = await events("queue", 5);
      expect(await fired(engine, "s")).toEqual([1, 2, 3, 4, 5]);
      expect(calls).toEqual(["begin", "end", "begin"]);
    });

    it("allows", async () => {
      const { engine, calls } = await events("allow", 4);
      expect(await fired(engine, "s")).toEqual([1, 2, 3, 4]);
      expect(calls).toEqual(["begin", "begin", "begin", "end", "begin"]);
    });

    it("cancels", async () => {
      const { engine, calls } = await events("cancel", 3);
      expect(await fired(engine, "s")).toEqual([1, 2, 3]);
      expect(calls).toEqual(["begin", "Cancelled", "begin", "Cancelled", "begin"]);
    });
  });

  it("refuses what it cannot be", async () => {
    const main = program("");
    const engine = await stage.engine();
    const refused = (options: object) =>
      expect(engine.schedule("s", { ...hourly(main), ...options } as never)).rejects;
    await refused({ cron: "61 * * * *" }).toMatchObject({
      code: "CF2301",
      message: expect.stringContaining('"cron" is'),
    });
    await refused({ cron: "bogus" }).toMatchObject({
      code: "CF2301",
      message: expect.stringContaining("bogus"),
    });
    await refused({ timeZone: "Mars/Olympus" }).toMatchObject({ code: "CF2301" });
    await refused({ overlap: "maybe" }).toMatchObject({ code: "CF2301" });
    await refused({ catchUp: 3 }).toMatchObject({ code: "CF2301" });
    await refused({ paused: "no" }).toMatchObject({ code: "CF2301" });
    await refused({ args: "x" }).toMatchObject({ code: "CF2301" });
    await refused({ tags: { a: 1 } }).toMatchObject({ code: "CF2301" });
    await refused({ timezone: "UTC" }).toMatchObject({ code: "CF2301" });
    await refused({ workflow: async () => {} }).toMatchObject({ code: "CF2001" });
    await expect(engine.schedule("", hourly(main))).rejects.toMatchObject({ code: "CF3103" });
    expect(await engine.schedules.list()).toEqual([]);
  });
});

describe("times", () => {
  const times = async (cron: string, timeZone: string, from: string, count: number) => {
    const next = await cronTimes("schedule", cron, timeZone);
    const found: string[] = [];
    for (let time = next(Date.parse(from)); time !== null && found.length < count; time = next(time))
      found.push(new Date(time).toISOString().slice(5, 16));
    return found;
  };

  it("that a clock put forward leaves out are made up for; an hour that it shows twice counts once", async () => {
    const daily = "30 2 * * *";
    expect(await times(daily, "Europe/Berlin", "2026-03-27T12:00Z", 3)).toEqual([
      "03-28T01:30",
      "03-29T01:00",
      "03-30T00:30",
    ]);
    expect(await times(daily, "Europe/Berlin", "2026-10-23T12:00Z", 3)).toEqual([
      "10-24T00:30",
      "10-25T00:30",
      "10-26T01:30",
    ]);
    expect(await times(daily, "America/New_York", "2026-10-31T12:00Z", 2)).toEqual([
      "11-01T07:30",
      "11-02T07:30",
    ]);
  });

  it("of lists and ranges are times like those", async () => {
    const spring = (cron: string, count: number) => times(cron, "Europe/Berlin", "2026-03-28T12:00Z", count);
    expect(await spring("0,30 2 * * *", 3)).toEqual(["03-29T01:00", "03-30T00:00", "03-30T00:30"]);
    expect(await spring("15 1-3 * * *", 3)).toEqual(["03-29T00:15", "03-29T01:00", "03-29T01:15"]);
    const autumn = (cron: string, count: number) => times(cron, "Europe/Berlin", "2026-10-24T22:00Z", count);
    expect(await autumn("0,30 2 * * *", 3)).toEqual(["10-25T00:00", "10-25T00:30", "10-26T01:00"]);
    expect(await autumn("0 1-3 * * *", 4)).toEqual([
      "10-24T23:00",
      "10-25T00:00",
      "10-25T02:00",
      "10-26T00:00",
    ]);
  });

  it("at intervals go on through both", async () => {
    expect(await times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:10Z", 4)).toEqual([
      "10-25T00:30",
      "10-25T01:00",
      "10-25T01:30",
      "10-25T02:00",
    ]);
    expect(await times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10Z", 3)).toEqual([
      "03-29T00:30",
      "03-29T01:00",
      "03-29T01:30",
    ]);
  });

  it("may never come", async () => {
    expect(await times("0 0 31 2 *", "UTC", "2026-03-29T00:10Z", 3)).toEqual([]);
  });

  it("in the past are found from the end", () => {
    let asked = 0;
    const everySecond = (after: number) => {
      asked++;
      return Math.floor(after / 1000) * 1000 + 1000;
    };
    const now = 1e12;
    expect(lastFires(everySecond, 0, now, 3)).toEqual([now - 2000, now - 1000, now]);
    expect(asked).toBeLessThan(100);
    expect(lastFires(everySecond, now - 1000, now, 3)).toEqual([now - 1000, now]);
    expect(lastFires(() => null, 0, now, 3)).toEqual([]);
  });
});
