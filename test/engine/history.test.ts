/** Parks that are kept, and what can be done with them: forks and rewinds. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, stepContext } from "../../runtime/index.ts";
import { load as loadVersion, unload } from "../changes/load.ts";
import { load, type Program, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const parked = (engine: Engine, id: string) =>
  stage.when(async () => {
    const { worker, waits } = (await engine.get(id))!;
    return worker === null && waits.length > 0;
  });

/** A workflow whose step `call` notes its arguments and its key. */
function keyed(body: string): Program & { readonly calls: (readonly [string, string])[] } {
  const calls: [string, string][] = [];
  const note = (name: string) => void calls.push([name, stepContext().key]);
  const { main } = load(
    `import { sleep, event, start, mutex } from "coldframe"; import { note, world } from "world";
    export async function call(name) { "use step"; note(name); return world(name); }
    export async function child(name) { "use workflow"; return event("child " + name); }
    export async function main() { "use workflow"; ${body} }`,
    { note, world: (name: string) => worlds.get(name)?.() ?? name },
  );
  return Object.assign(main!, { calls });
}
const worlds = new Map<string, () => unknown>();
afterEach(() => worlds.clear());

const LOOP = "let sum = 0; for (let i = 1; i <= 5; i++) { sum += await event('n'); } return sum";

async function looped(times: number, options: { history?: number | "all" } = { history: "all" }) {
  const main = program(LOOP);
  const engine = await stage.engine();
  await engine.start(main, [], { id: "r", ...options });
  await parked(engine, "r");
  for (let i = 1; i <= times; i++) await answered(engine, "r", 10 ** i);
  return engine;
}

/** Sends an event, and waits until the run has taken it and is parked again. */
async function answered(engine: Engine, id: string, value: unknown): Promise<void> {
  const before = (await engine.get(id))!.turn;
  await engine.send("n", value);
  await stage.when(async () => {
    const { turn, worker } = (await engine.get(id))!;
    return turn > before && worker === null;
  });
}

const sums = async (engine: Engine, id = "r") =>
  (await engine.history(id))!.parks.map(
    ({ waits }) => waits[0]!.stack[0]!.locals.find(({ name }) => name === "sum")!.text,
  );

describe("history", () => {
  it("is not kept unless it is asked for", async () => {
    const engine = await looped(2, {});
    expect(await sums(engine)).toEqual(["110"]);
    expect(await engine.history("r")).toMatchObject({ keeps: 0, parks: [{ isPresent: true }], journal: [] });
    expect(await engine.history("nobody")).toBeNull();
    await expect(engine.rewind("r", { at: -1 })).rejects.toMatchObject({ code: "CF3120" });
  });

  it("has the parks with their locals, oldest first, the present one last", async () => {
    const engine = await looped(3);
    expect(await sums(engine)).toEqual(["0", "10", "110", "1110"]);
    const { keeps, parks } = (await engine.history("r"))!;
    expect(keeps).toBe(Number.POSITIVE_INFINITY);
    expect(parks.map(({ isPresent }) => isPresent)).toEqual([false, false, false, true]);
    expect((await engine.history("r", { limit: 2 }))!.parks).toEqual(parks.slice(-2));
  });

  it("keeps the last so many beside the present one", async () => {
    expect(await sums(await looped(4, { history: 2 }))).toEqual(["110", "1110", "11110"]);
  });

  it("is what the engine says, for children what their parent has, for restarts and forks what the run had", async () => {
    const { main, child } = load(`import { event, start } from "coldframe";
      export async function main() { "use workflow"; await start(child, [], { id: "c" }); }
      export async function child() { "use workflow"; await event("a"); await event("b"); }`);
    const engine = await stage.engine({ history: 7 });
    await engine.start(main!, [], { id: "r", history: 3 });
    await engine.start(child!, [], { id: "s" });
    await engine.restart("r", { id: "again" });
    await parked(engine, "s");
    const others = await stage.engine({ worker: false });
    await others.fork("s", { id: "fork" });
    await others.fork("s", { id: "less", history: 2 });
    const keeps = async (id: string) => (await engine.history(id))?.keeps;
    await stage.when(async () => (await engine.get("c")) !== null);
    expect([await keeps("r"), await keeps("c"), await keeps("s"), await keeps("again")]).toEqual([
      3, 3, 7, 3,
    ]);
    expect([await keeps("fork"), await keeps("less")]).toEqual([7, 2]);
  });

  it("refuses what is no number of parks", async () => {
    await expect(stage.engine({ history: -1 })).rejects.toMatchObject({ code: "CF2301" });
    const engine = await stage.engine();
    for (const history of [1.5, "some", -3])
      await expect(engine.start(program("1"), [], { history: history as never })).rejects.toMatchObject({
        code: "CF2301",
      });
  });
});

describe("a fork", () => {
  it("has channels of its own, where the run made them without a key", async () => {
    const { main } = load(`import { channel, sleep } from "coldframe";
      export async function main() { "use workflow";
        const box = channel();
        const talk = async () => { for (let i = 0; i < 3; i++) { await sleep("1h"); await box.send(i); } };
        const got = [];
        const hear = async () => { while (got.length < 3) got.push(await box.receive()); };
        await Promise.all([talk(), hear()]);
        return got;
      }`);
    const engine = await stage.engine();
    const run = await engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))?.waits.length === 2);
    const fork = await engine.fork("r", { id: "f" });
    expect(await stage.until(Promise.all([run.result(), fork.result()]))).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it("begins at an earlier park, and leaves the run as it is", async () => {
    const engine = await looped(3);
    const before = await engine.get("r");
    const [first, second] = (await engine.history("r"))!.parks;
    await engine.fork("r", { at: second!.turn, id: "f", by: "ann" });
    await engine.fork("r", { at: -3, id: "g" });
    await engine.fork("r", { id: "h" });
    for (const id of ["f", "g", "h"]) await parked(engine, id);
    expect(await sums(engine, "f")).toEqual(["10"]);
    expect(await sums(engine, "g")).toEqual(["0"]);
    expect(await sums(engine, "h")).toEqual(["1110"]);
    expect((await engine.history("f"))!.journal).toMatchObject([
      { what: "fork", by: "ann", turn: 1, detail: { run: "r", turn: second!.turn } },
    ]);
    expect(first!.turn).toBe((await engine.history("g"))!.journal[0]!.detail["turn"]);
    expect(await engine.get("r")).toEqual(before);
  });

  it("of a run that has failed begins at its last park", async () => {
    let broken = true;
    const main = program("const a = await event('a'); if (world.broken()) throw new Error('no'); return a", {
      broken: () => broken,
    });
    const engine = await stage.engine({ history: 1 });
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("a", 1);
    await expect(stage.until(run.result())).rejects.toThrow("no");
    broken = false;
    const fork = await engine.fork("r");
    await engine.send("a", 2);
    expect(await stage.until(fork.result())).toBe(2);
    await expect(engine.rewind("r", { at: -1 })).rejects.toMatchObject({ code: "CF3121" });
  });

  it("calls pending steps anew, with keys of its own", async () => {
    const main = keyed("await event('go'); const a = await call('pay'); await event('end'); return a");
    const engine = await stage.engine({ history: "all" });
    await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("go");
    await stage.when(async () => (await engine.get("r"))!.waits[0]?.name === "end");
    const paying = (await engine.history("r"))!.parks.find(({ waits }) => waits[0]!.kind === "step")!;
    await engine.fork("r", { at: paying.turn, id: "f" });
    await stage.when(async () => (await engine.get("f"))!.waits[0]?.name === "end");
    const [[, first], [, second]] = main.calls as [[string, string], [string, string]];
    expect(main.calls).toHaveLength(2);
    expect(second).toBe(first.replace(/^r/, "f"));
  });

  it("has event keys of its own, wherever they stand", async () => {
    const main = program(
      "const a = event(); const link = 'https://x/' + a.key + '?y'; call(link); const got = await a; return [got, link]",
    );
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "a [1]" });
    await parked(engine, "a [1]");
    const fork = await engine.fork("a [1]", { id: 'f "2"' });
    await parked(engine, 'f "2"');
    const [key, own] = await Promise.all(
      ["a [1]", 'f "2"'].map(async (id) => (await engine.get(id))!.waits[0]!.name),
    );
    expect(own).not.toBe(key);
    expect(await engine.isGenuine(own!)).toBe(true);
    await engine.send(own!, "for the fork");
    await engine.send(key!, "for the run");
    expect(await stage.until(fork.result())).toEqual(["for the fork", `https://x/${own}?y`]);
    expect(await stage.until(run.result())).toEqual(["for the run", `https://x/${key}?y`]);
  });

  it("gets its own copies of broadcast events", async () => {
    const main = program(
      "const all = []; for await (const n of event({ key: 'news', broadcast: true })) { all.push(n); if (all.length === 2) return all }",
    );
    const engine = await stage.engine({ history: "all" });
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("news", 1);
    await stage.when(async () => (await engine.history("r"))!.parks.length > 1);
    const fork = await engine.fork("r", { id: "f", at: -1 });
    await parked(engine, "f");
    await engine.send("news", 2);
    await engine.send("news", 3);
    expect(await stage.until(run.result())).toEqual([1, 2]);
    expect(await stage.until(fork.result())).toEqual([2, 3]);
  });

  it("waits for the children of the run, which do not end with it", async () => {
    const main = keyed("const c = start(child, ['c'], { id: 'c' }); return await c");
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    const [f, g] = [await engine.fork("r", { id: "f" }), await engine.fork("r", { id: "g" })];
    await parked(engine, "f");
    await g.cancel();
    await expect(stage.until(g.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect((await engine.get("c"))!.status).toBe("active");
    await engine.send("child c", 5);
    expect(await stage.until(Promise.all([run.result(), f.result()]))).toEqual([5, 5]);
  });

  it("is refused inside of a lock, for an unknown park, and for an id that is taken", async () => {
    const main = keyed(
      "await event('a'); const l = await mutex('door'); await event('b'); l.release(); await event('c')",
    );
    const engine = await stage.engine({ history: "all" });
    await engine.start(main, [], { id: "r" });
    for (const key of ["a", "b"]) {
      await stage.when(async () => (await engine.get("r"))!.waits[0]?.name === key);
      await expect(engine.fork("r", { id: "r" })).rejects.toMatchObject({
        code: key === "a" ? "CF3106" : "CF3121",
      });
      await engine.send(key);
    }
    await stage.when(async () => (await engine.get("r"))!.waits[0]?.name === "c");
    await expect(engine.fork("r", { at: 99 })).rejects.toMatchObject({ code: "CF3120" });
    await expect(engine.fork("r", { at: 0 })).rejects.toMatchObject({ code: "CF2301" });
    await expect(engine.fork("nobody")).rejects.toMatchObject({ code: "CF3101" });
    await engine.fork("r", { id: "f", at: 1 });
  });
});

describe("a rewind", () => {
  it("goes on from an earlier park, and may be taken back", async () => {
    const engine = await looped(3);
    const parks = (await engine.history("r"))!.parks;
    expect(await engine.rewind("r", { at: parks[1]!.turn, by: "ann" })).toBe(parks[3]!.turn + 1);
    expect(await sums(engine)).toEqual(["0", "10", "110", "1110", "10"]);
    await parked(engine, "r");
    await answered(engine, "r", 5);
    expect((await sums(engine)).at(-1)).toBe("15");
    await engine.rewind("r", { at: parks[3]!.turn });
    await parked(engine, "r");
    await answered(engine, "r", 1);
    await engine.send("n", 1);
    expect(await stage.until(engine.run("r").result())).toBe(1112);
    expect((await engine.history("r"))!.journal).toMatchObject([
      { what: "rewind", by: "ann", detail: { to: parks[1]!.turn } },
      { what: "rewind", by: "", detail: { to: parks[3]!.turn } },
    ]);
  });

  it("calls a pending step again with the same key, and later ones with new keys", async () => {
    const main = keyed(
      "await event('go'); await call('pay'); await call('ship'); await event('end'); return 1",
    );
    const engine = await stage.engine({ history: "all" });
    await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("go");
    const atEnd = async () =>
      (await engine.get("r"))!.waits[0]?.name === "end" && (await engine.get("r"))!.worker === null;
    await stage.when(atEnd);
    const paying = (await engine.history("r"))!.parks.find(({ waits }) => waits[0]!.name.endsWith("call"))!;
    await engine.rewind("r", { at: paying.turn });
    await stage.when(() => main.calls.length === 4);
    await stage.when(atEnd);
    const [pay, ship, again, later] = main.calls as [string, string][];
    expect(again).toEqual(pay);
    expect(later![0]).toBe("ship");
    expect(later![1]).not.toBe(ship![1]);
  });

  it("fences a worker that is in the middle of a turn", async () => {
    let finish: (value: unknown) => void = () => {};
    const slow = () => new Promise((resolve) => (finish = resolve));
    const main = program(
      "await event('a'); const got = await world.slow(); await call('after', got); await event('b'); return got",
      { slow },
    );
    const first = await stage.engine({ history: "all", hold: "1d" });
    await first.start(main, [], { id: "r" });
    await parked(first, "r");
    await first.send("a", 1);
    await stage.when(async () => (await first.get("r"))!.worker !== null);
    const other = await stage.engine({ worker: false });
    const turn = await other.rewind("r", { at: (await other.get("r"))!.turn });
    const finishFirst = finish;
    finishFirst("of the fenced turn");
    await parked(other, "r");
    expect(main.calls).toEqual([]);
    // What it had consumed in the turn that was never recorded is there again.
    await stage.when(async () => (await other.get("r"))!.turn > turn || finish !== finishFirst);
    expect((await other.get("r"))!.waits.map(({ name }) => name)).toEqual(["a"]);
  });

  it("cancels children that were started since, but not those of an id of their own", async () => {
    const main = keyed(
      "await event('a'); const [x, y] = [start(child, ['x']), start(child, ['y'], { id: 'named' })]; return [await x, await y]",
    );
    const engine = await stage.engine({ history: "all" });
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("a", 1, { id: "1" });
    await stage.when(async () => (await engine.get("r"))!.waits.length === 2);
    const children = async () => (await engine.get("r"))!.waits.map(({ name }) => name).sort();
    const [named, unnamed] = await children();
    await parked(engine, "r");
    await engine.rewind("r", { at: -1 });
    await expect(stage.until(engine.run(unnamed!).result())).rejects.toMatchObject({ name: "Cancelled" });
    expect((await engine.get("named"))!.status).toBe("active");
    // The event that it had consumed is gone; the same id again is a duplicate.
    expect((await engine.send("a", 1, { id: "1" })).status).toBe("duplicate");
    await engine.send("a", 1, { id: "2" });
    await stage.when(async () => (await engine.get("r"))!.waits.length === 2);
    const [same, other] = await children();
    expect([named, same]).toEqual(["named", "named"]);
    expect(other).not.toBe(unnamed);
    await engine.send("child x", 1);
    await engine.send("child y", 2);
    expect(await stage.until(run.result())).toEqual([1, 2]);
  });

  it("gives back locks taken since, keeps those it had, and stands in line again", async () => {
    const main = keyed(
      "await event('a'); const l = await mutex('door'); await event('b'); const m = await mutex('gate'); await event('c'); m.release(); l.release(); await event('d'); return 1",
    );
    const engine = await stage.engine({ history: "all" });
    const run = await engine.start(main, [], { id: "r" });
    const at = (id: string, name: string) =>
      stage.when(
        async () =>
          (await engine.get(id))!.waits[0]?.name === name && (await engine.get(id))!.worker === null,
      );
    const turns: number[] = [];
    for (const key of ["a", "b", "c"]) {
      await at("r", key);
      turns.push((await engine.get("r"))!.turn);
      if (key !== "c") await engine.send(key);
    }
    const places = async () => (await stage.data.read.holdings("r"))!.places.map(({ key }) => key);
    expect(await places()).toEqual(["door", "gate"]);
    await engine.rewind("r", { at: turns[1]! });
    expect(await places()).toEqual(["door"]);
    await at("r", "b");
    await engine.rewind("r", { at: turns[0]! });
    expect(await places()).toEqual([]);
    for (const key of ["a", "b", "c"]) {
      await at("r", key);
      await engine.send(key);
    }
    await at("r", "d");
    await expect(engine.rewind("r", { at: turns[1]! })).rejects.toMatchObject({ code: "CF3121" });
    await engine.send("d");
    expect(await stage.until(run.result())).toBe(1);
  });

  it("belongs to the group that it belonged to, as does a fork", async () => {
    const main = program("await event('a'); await moveTo('gpu'); await event('b'); return 1");
    const engine = await stage.engine({ history: "all" });
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await engine.send("a");
    await stage.when(async () => (await engine.get("r"))!.group === "gpu");
    const groupOf = async (id: string) => (await engine.get(id))!.group;
    expect((await engine.get("r", { at: 1 }))!.group).toBe("default");
    await engine.fork("r", { at: 1, id: "then" });
    await engine.fork("r", { id: "now" });
    expect([await groupOf("then"), await groupOf("now")]).toEqual(["default", "gpu"]);
    await engine.rewind("r", { at: 1 });
    expect(await groupOf("r")).toBe("default");
    await parked(engine, "r");
    await engine.suspend("r");
    await engine.rewind("r", { at: 2 });
    expect(await groupOf("r")).toBe("gpu");
    await engine.resume("r");
    await stage.engine({ group: "gpu" });
    await stage.when(async () => (await engine.get("r"))!.waits[0]?.name === "b");
    await engine.send("b");
    expect(await stage.until(run.result())).toBe(1);
  });

  it("finds again what has come and was not consumed", async () => {
    const engine = await looped(2);
    await engine.suspend("r");
    await engine.send("n", 7);
    await engine.rewind("r", { at: -1 });
    expect((await engine.get("r"))!.status).toBe("suspended");
    await engine.resume("r");
    await stage.when(async () => (await sums(engine)).at(-1) === "17");
  });

  it("takes back a cancel", async () => {
    const main = program("try { await event('a') } catch { await event('undone') } return 'end'");
    const engine = await stage.engine({ history: "all" });
    const run = await engine.start(main, [], { id: "r" });
    await parked(engine, "r");
    await run.cancel();
    await stage.when(async () => (await run.status())!.waits[0]?.name === "undone");
    await engine.rewind("r", { at: 1 });
    await parked(engine, "r");
    expect(await run.status()).toMatchObject({ cancel: "no", waits: [{ name: "a" }] });
    await engine.send("a");
    expect(await stage.until(run.result())).toBe("end");
  });
});

describe("under another build", () => {
  afterEach(unload);
  const version = (rest: string) =>
    `"use workflow";\nimport { event } from "coldframe";\nexport async function flow() {\nconst a = await event({ key: "a" });\nconst b = await event({ key: "b" });\n${rest}\n}\n`;

  it("forks and rewinds are aligned as any run, or blocked", async () => {
    const first = await stage.mortal({ history: "all" });
    const { flow } = loadVersion(version("return [a, b];"));
    await first.engine.start(flow!, [], { id: "r" });
    await parked(first.engine, "r");
    await first.engine.send("a", 1);
    await stage.when(async () => (await first.engine.get("r"))!.waits[0]?.name === "b");
    await parked(first.engine, "r");
    first.kill();
    loadVersion(version("return [b, a, 'new'];"));
    const engine = await stage.engine();
    const fork = await engine.fork("r", { at: 1, id: "f" });
    await parked(engine, "f");
    await engine.send("a", 10);
    await stage.when(async () => (await engine.get("f"))!.waits[0]?.name === "b");
    await engine.rewind("r", { at: 1 });
    await engine.send("a", 20);
    await engine.send("b", 2);
    await engine.send("b", 3);
    const results = await stage.until(Promise.all([fork.result(), engine.run("r").result()]));
    expect(results).toEqual([expect.arrayContaining([10, "new"]), expect.arrayContaining([20, "new"])]);
    await engine.close();
    loadVersion(
      version("return [a];").replace(
        'const a = await event({ key: "a" })',
        'const a = [await event({ key: "a" })]',
      ),
    );
    const third = await stage.engine();
    await third.fork("r", { at: 1, id: "blocked" });
    await stage.when(async () => (await third.get("blocked"))!.status === "blocked");
  });
});
