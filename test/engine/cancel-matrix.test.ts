/**
 * Trap 12: cancel, at every kind of await and at every place where one may stand (cancel.ts has the rule). Each cell with
 * runs that stay decoded, and with runs that are decoded anew for each turn.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cancelled, type Engine } from "../../runtime/index.ts";
import { load, type Program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

interface Kind {
  /** An expression that waits until `end`. */
  readonly wait: string;
  /** Lets the wait end by itself, with the value "end". */
  readonly end: (cell: Cell) => Promise<unknown>;
}

const send = ({ engine }: Cell) => engine.send("end", "end", { id: "end" });

/** What can be awaited. */
const kinds: Record<string, Kind> = {
  step: { wait: "call('hang')", end: async ({ world }) => world.land() },
  "step between two attempts": { wait: "flaky()", end: async ({ world }) => world.land() },
  "step that is held": { wait: "held()", end: async ({ engine }) => engine.resolve("main", "end") },
  sleep: { wait: "sleep('1d').then(() => 'end')", end: () => stage.clock.advance(2 * 86_400_000) },
  event: { wait: "event('end')", end: send },
  "event with a deadline": { wait: "event({ key: 'end', timeout: '30d' })", end: send },
  "event stream": { wait: "first('end')", end: send },
  all: { wait: "Promise.all([event('end'), sleep(1)]).then(([one]) => one)", end: send },
  "all settled": { wait: "both(event('end'), sleep(1))", end: send },
  race: { wait: "Promise.race([event('end'), sleep('30d')])", end: send },
  "task begun before": { wait: "callee()", end: send },
  "promise that a timer settles": { wait: "timer()", end: () => stage.clock.advance(2 * 86_400_000) },
  "promise that an interval settles": { wait: "interval()", end: () => stage.clock.advance(2 * 86_400_000) },
  "promise that a callback settles": {
    wait: "new Promise((resolve) => void event('end').then(resolve))",
    end: send,
  },
  child: { wait: "start(child, [], { id: 'child' })", end: send },
  lock: { wait: "taken()", end: async ({ engine }) => engine.send("let go") },
  channel: {
    wait: "channel('box').receive()",
    end: ({ engine }) => engine.start(load(SENDER)["sender"]!, []),
  },
  group: { wait: "group((g) => g.add(event('end')))", end: send },
  pool: { wait: "pool(1).run(() => event('end'))", end: send },
};

const SENDER = `import { channel } from "coldframe";
export async function sender() { "use workflow"; await channel("box").send("end"); }`;

const SOURCE = `
import { sleep, event, shield, step, start, mutex, pool, group, channel } from "coldframe";
import { log, world } from "world";
export async function call(name) { "use step"; log(name); return name === "hang" ? world.hang() : name; }
export const flaky = step(async function flaky() { log("hang"); return world.attempt(); }, { retry: { attempts: 999, interval: "1h", maxInterval: "1h" } });
export const held = step(async function held() { log("hang"); throw new Error("no"); }, { retry: 1, onFailure: "hold" });
async function first(key) { for await (const one of event(key)) return one; }
async function callee() { await sleep(1); const got = await event("end"); await sleep(1); return got; }
async function both(...waits) {
  const settled = await Promise.allSettled(waits);
  for (const { reason } of settled) if (reason) throw reason;
  return settled[0].value;
}
const timer = () => new Promise((resolve) => { setTimeout(resolve, 86_400_000, "end"); });
function interval() {
  let n = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => { if (++n === 2) { clearInterval(timer); resolve("end"); } }, 40_000_000);
  });
}
async function taken() { await using lock = await mutex("m"); return "end"; }
export async function holder() { "use workflow"; await using lock = await mutex("m"); await event("let go"); }
export async function child() { "use workflow"; try { return await event("end"); } finally { log("child ended"); } }
`;

/** One program under cancel. */
class Cell {
  readonly calls: unknown[] = [];
  engine!: Engine;
  readonly world: { land: () => void; hang: () => Promise<unknown>; attempt: () => Promise<unknown> };
  readonly #main: Program;
  readonly #holder: Program;

  constructor(body: string) {
    const flights: ((value: string) => void)[] = [];
    let landed = false;
    this.world = {
      land: () => {
        landed = true;
        for (const land of flights.splice(0)) land("end");
      },
      hang: () => (landed ? Promise.resolve("end") : new Promise((resolve) => flights.push(resolve))),
      attempt: () => (landed ? Promise.resolve("end") : Promise.reject(new Error("not yet"))),
    };
    const log = (...args: unknown[]) => void this.calls.push(...args);
    const source = `${SOURCE}export async function main() { "use workflow"; ${body} }`;
    const { main, holder } = load(source, { log, world: this.world });
    this.#main = main!;
    this.#holder = holder!;
  }

  /** Starts it and lets it come to its first wait. */
  async begin(cache: number): Promise<void> {
    this.engine = await stage.engine({ cache, grace: 0, poll: "1h" });
    await this.engine.start(this.#holder, [], { id: "holder" });
    await stage.when(async () => (await this.engine.get("holder"))?.waits[0]?.kind === "event");
    await this.engine.start(this.#main, [], { id: "main" });
    await this.arrives();
  }

  /** Nothing happens any more but that time passes. */
  async arrives(): Promise<void> {
    await stage.clock.advance(100);
  }

  async cancel(): Promise<void> {
    expect(await this.engine.cancel("main")).toBe(true);
    await this.arrives();
  }

  /** How it ends: what it returned, or the name of what it threw. */
  async result(): Promise<unknown> {
    return stage
      .until(this.engine.run("main").result())
      .catch((error: Error) => (error instanceof Cancelled ? "cancelled" : error));
  }

  /** Nothing of the run is left over: no run under it, no place that it has or waits for. */
  async leavesNothing(): Promise<void> {
    expect((await this.engine.get("child"))?.status ?? "cancelled").toBe("cancelled");
    await this.engine.send("let go");
    await stage.until(this.engine.run("holder").result());
    const next = await this.engine.start(this.#holder, [], { id: "next" });
    await this.engine.send("let go");
    await stage.until(next.result());
  }
}

const cells = Object.entries(kinds).flatMap(([name, kind]) =>
  [0, 1000].map((cache) => [`${name}${cache === 0 ? ", decoded anew" : ""}`, kind, cache] as const),
);

describe.each(cells)("cancel at: %s", (_, { wait, end }, cache) => {
  const begun = async (body: string) => {
    const cell = new Cell(body.replaceAll("WAIT", wait));
    await cell.begin(cache);
    return cell;
  };
  const calls = (cell: Cell) => cell.calls.filter((call) => call !== "hang" && call !== "child ended");

  it("is thrown there, and handlers entered by it may wait", async () => {
    const cell = await begun(
      "try { await (WAIT); log('went on') } catch (e) { log(e.name); await call('undo'); await sleep('1h'); throw e } finally { await call('close') }",
    );
    await cell.cancel();
    expect(await cell.result()).toBe("cancelled");
    expect(calls(cell)).toEqual(["Cancelled", "undo", "close"]);
    await cell.leavesNothing();
  });

  it("is thrown in a catch and in a finally that were entered before", async () => {
    for (const handler of [
      "try { throw 1 } catch { H }",
      "try {} finally { H }",
      "try { throw 1 } finally { H }",
    ]) {
      const cell = await begun(
        `try { ${handler.replace("H", "await (WAIT); log('went on')")} } finally { await call('close') }`,
      );
      await cell.cancel();
      expect(await cell.result()).toBe("cancelled");
      expect(calls(cell)).toEqual(["close"]);
      await cell.leavesNothing();
      await stage.close();
      stage = new Stage();
    }
  });

  it("is not thrown under a shield, but at the next await", async () => {
    const cell = await begun(
      "log(await shield(async () => await (WAIT))); await sleep('30d'); log('went on')",
    );
    await cell.cancel();
    await end(cell);
    expect(await cell.result()).toBe("cancelled");
    expect(calls(cell)).toEqual(["end"]);
  });

  it("is not thrown at one that a handler makes later, nor at one that is shielded later", async () => {
    for (const later of [
      "catch { log(await (WAIT)) }",
      "finally { log(await (WAIT)) }",
      "catch {} log(await shield(async () => await (WAIT)))",
    ]) {
      const cell = await begun(`try { await sleep('30d') } ${later}`);
      await cell.cancel();
      await end(cell);
      await cell.result();
      expect(calls(cell)).toEqual(["end"]);
      await stage.close();
      stage = new Stage();
    }
  });

  it("is thrown at one made later elsewhere, which is never begun", async () => {
    const cell = await begun(
      "try { await sleep('30d') } catch {} try { await (WAIT); log('went on') } catch (e) { log(e.name) } return 'ended'",
    );
    await cell.cancel();
    expect(await cell.result()).toBe("ended");
    expect(cell.calls).toEqual(["Cancelled"]);
    expect(await cell.engine.get("child")).toBeNull();
    await cell.leavesNothing();
  });

  it("ends a loop that swallows it, also one with a pause in its handler", async () => {
    for (const pause of ["", "await sleep('1h')", "await sleep('1h'); await call('notify')"]) {
      const cell = await begun(`for (;;) try { return await (WAIT) } catch { ${pause} }`);
      const before = cell.calls.length;
      await cell.cancel();
      expect(await cell.result()).toBe("cancelled");
      expect(cell.calls.slice(before).filter((call) => call !== "child ended")).toEqual(
        pause.includes("notify") ? ["notify"] : [],
      );
      await cell.leavesNothing();
      await stage.close();
      stage = new Stage();
    }
  });
});

describe("cancel", () => {
  it("reaches each branch of an all once, and each branch unwinds", async () => {
    const cell = new Cell(`
      const branch = async (name) => { try { await sleep('30d') } finally { await call('undo ' + name) } };
      await Promise.allSettled([branch('a'), branch('b')]); await sleep('30d')`);
    await cell.begin(0);
    await cell.cancel();
    expect(await cell.result()).toBe("cancelled");
    expect(cell.calls).toEqual(["undo a", "undo b"]);
  });

  it("in a task that nobody awaits does not end the run before its handlers have", async () => {
    const cell = new Cell(
      "void (async () => { await call('hang') })(); try { await sleep('30d') } finally { await call('undo'); await sleep('1h'); await call('close') }",
    );
    await cell.begin(0);
    await cell.cancel();
    expect(await cell.result()).toBe("cancelled");
    expect(cell.calls).toEqual(["hang", "undo", "close"]);
  });

  it("lets the end of an await using wait", async () => {
    const cell = new Cell(
      "await using server = { [Symbol.asyncDispose]: async () => { await call('release'); await sleep('1h'); log('released') } }; await sleep('30d')",
    );
    await cell.begin(0);
    await cell.cancel();
    expect(await cell.result()).toBe("cancelled");
    expect(cell.calls).toEqual(["release", "released"]);
  });
});
