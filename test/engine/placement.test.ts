import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settled } from "../../runtime/testing/virtual-clock.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** Who executes the steps of a run: by the worker that owns the run then. */
const owner = async (id = "r") => (await stage.data.read.run(id))!.worker;

describe("groups", () => {
  it("a run goes to a worker of its group, wherever it was started", async () => {
    const main = program("return call('a')");
    const usual = await stage.engine({ poll: "1s" });
    const run = await usual.start(main, [], { id: "r", group: "gpu" });
    await stage.clock.advance(10_000);
    expect(await usual.get("r")).toMatchObject({ status: "active", group: "gpu", worker: null, turn: 0 });
    await stage.engine({ poll: "1s", group: ["x", "gpu"] });
    expect(await stage.until(run.result())).toBe("a");
  });

  it('"*" stands for all of them', async () => {
    const main = program("return call('a')");
    const client = await stage.engine({ worker: false });
    const runs = [await client.start(main, [], { group: "gpu" }), await client.start(main, [])];
    await stage.engine({ group: "*" });
    await stage.until(Promise.all(runs.map((run) => run.result())));
  });

  it("a child belongs to the group of its parent, unless told otherwise; so does a run that is started again", async () => {
    const { parent, child } = load(`import { start } from "coldframe";
      export async function child() { "use workflow"; return 1; }
      export async function parent() { "use workflow"; void start(child, [], { id: "same", detached: true });
        void start(child, [], { id: "other", group: "cpu", detached: true }); return 1; }`);
    expect(child).toBeTypeOf("function");
    const engine = await stage.engine({ group: "gpu" });
    await stage.until((await engine.start(parent!, [], { id: "r", group: "gpu" })).result());
    expect(await engine.get("same")).toMatchObject({ group: "gpu" });
    expect(await engine.get("other")).toMatchObject({ group: "cpu" });
    await engine.restart("other", { id: "again" });
    expect(await engine.get("again")).toMatchObject({ group: "cpu" });
  });

  it("runs of a schedule belong to its group", async () => {
    const workflow = program("return 1");
    const engine = await stage.engine({ poll: "1s" });
    await engine.schedule("s", { cron: "* * * * *", workflow, group: "gpu" });
    await stage.when(async () => (await engine.list({ group: "gpu" })).length > 0);
  });

  it("blocked runs of other groups are left to their workers", async () => {
    const source = (name: string) => `export async function ${name}() { "use workflow"; return 1; }`;
    const known = load(source("known"), {}, "test/known.ts");
    const client = await stage.engine({ worker: false });
    const run = await client.start(known["known"]!, [], { id: "r", group: "gpu" });
    const claimed = await stage.data.connect().read.run("r");
    expect(claimed).not.toBeNull();
    const store = stage.data.connect();
    await store.renew({ id: "w", lease: 1e6, about: "", builds: [], groups: null, only: null }, true);
    const [mine] = await store.claim("w", 1, { groups: ["gpu"], only: null, except: [], builds: null });
    const blocked = { reason: "its code is not here", needs: claimed!.entry };
    const note = { kind: "note", run: "r", worker: "w", epoch: mine!.epoch, news: 0, arrivals: [] } as const;
    await store.commit([{ ...note, attempts: [], release: { due: 0, blocked, bound: null } }]);
    await stage.engine({ poll: "1s" });
    await stage.clock.advance(60_000);
    expect(await client.get("r")).toMatchObject({ status: "blocked", epoch: mine!.epoch });
    await stage.engine({ poll: "1s", group: "gpu" });
    expect(await stage.until(run.result())).toBe(1);
  });
});

describe("only", () => {
  it("takes runs of these workflows only: functions, names, or names with their module", async () => {
    const { one, two, three } = load(`export async function one() { "use workflow"; return 1; }
      export async function two() { "use workflow"; return 2; }
      export async function three() { "use workflow"; return 3; }`);
    const client = await stage.engine({ worker: false });
    const runs = [await client.start(one!, []), await client.start(two!, []), await client.start(three!, [])];
    const first = await stage.engine({ only: [one!, "two"] });
    expect(await stage.until(Promise.all([runs[0]!.result(), runs[1]!.result()]))).toEqual([1, 2]);
    const own = await first.start(three!, [], { id: "own" });
    await settled();
    expect(await client.get("own")).toMatchObject({ worker: null, turn: 0 });
    const { entry } = (await client.get("own"))!;
    await stage.engine({ only: [entry] });
    expect(await stage.until(Promise.all([runs[2]!.result(), own.result()]))).toEqual([3, 3]);
  });

  it("refuses names that no loaded workflow has, and groups that cannot be", async () => {
    const refused = { code: "CF2301", message: expect.stringContaining('"only" is "absent"') };
    await expect(stage.engine({ only: ["absent"] })).rejects.toMatchObject(refused);
    await expect(stage.engine({ only: [] })).rejects.toMatchObject({ code: "CF2301" });
    await expect(stage.engine({ group: [] })).rejects.toMatchObject({ code: "CF2301" });
    await expect(stage.engine({ group: ["*"] })).rejects.toMatchObject({ code: "CF2301" });
    await expect(stage.engine({ group: "" })).rejects.toMatchObject({ code: "CF3103" });
    const engine = await stage.engine();
    await expect(engine.start(program("return 1"), [], { group: "*" })).rejects.toMatchObject({
      code: "CF2301",
    });
  });
});

describe("moveTo", () => {
  const BODY = `const a = await call("who"); await moveTo("gpu"); const b = await call("who");
    await moveTo("default"); return [a, b, await call("who")];`;

  it("carries the run on in a worker of that group, and back", async () => {
    const main = program(BODY, { who: () => owner() });
    const usual = await stage.engine();
    const gpu = await stage.engine({ group: "gpu" });
    const run = await usual.start(main, [], { id: "r" });
    const [a, b, c] = (await stage.until(run.result())) as string[];
    expect(a).toBe(c);
    expect(b).not.toBe(a);
    expect(await gpu.get("r")).toMatchObject({ group: "default", status: "done" });
    expect(main.calls).toHaveLength(3);
  });

  it("parks until there is one, and belongs to the group with the turn in which it parks", async () => {
    const main = program(BODY, { who: () => owner() });
    const usual = await stage.engine({ poll: "1s" });
    const run = await usual.start(main, [], { id: "r" });
    await stage.when(async () => (await usual.get("r"))!.group === "gpu");
    await stage.clock.advance(60_000);
    expect(await usual.get("r")).toMatchObject({
      worker: null,
      turn: 2,
      waits: [{ kind: "timer", name: 'moveTo("gpu")' }],
    });
    await stage.engine({ group: "gpu", poll: "1s" });
    await stage.until(run.result());
    expect(main.calls).toHaveLength(3);
  });

  it("does not leave a worker that serves both", async () => {
    const main = program(BODY, { who: () => owner() });
    const engine = await stage.engine({ group: ["default", "gpu"] });
    const result = (await stage.until((await engine.start(main, [], { id: "r" })).result())) as string[];
    expect(new Set(result).size).toBe(1);
    expect(await engine.get("r")).toMatchObject({ epoch: 1 });
  });

  it("lets steps in flight end where they are, begins none, and leaves with their outcome", async () => {
    let end: (value: string) => void = () => {};
    const slow = () => new Promise((resolve) => (end = resolve as never));
    const main = program(
      `const early = call("slow"); await sleep(10); const later = moveTo("gpu"); const next = call("who");
       await later; return [await early, await next];`,
      { slow, who: () => owner() },
    );
    const usual = await stage.engine({ poll: "1s" });
    await stage.engine({ group: "gpu", poll: "1s" });
    const run = await usual.start(main, [], { id: "r" });
    const first = await owner();
    await stage.when(async () => (await usual.get("r"))!.group === "gpu");
    await stage.clock.advance(3000);
    expect(await owner()).toBe(first);
    expect(main.calls).toEqual([["slow"]]);
    end("done");
    const [early, who] = (await stage.until(run.result())) as string[];
    expect([early, main.calls]).toEqual(["done", [["slow"], ["who"]]]);
    expect(who).not.toBe(first);
  });

  it("leaves promises of unmarked code behind: they reject with Interrupted there, and nothing goes on here", async () => {
    const forever = new Promise<string>(() => {});
    let late: (value: string) => void = () => {};
    const lost = new Promise<string>((resolve) => (late = resolve));
    const main = program(
      `const other = world.lost.then(() => call("never"));
       try { await Promise.all([world.forever, moveTo("gpu")]); } catch (e) { return [e.name, await call("who")]; }`,
      { forever, lost, who: () => owner() },
    );
    const usual = await stage.engine({ poll: "1s" });
    const run = await usual.start(main, [], { id: "r" });
    const first = await owner();
    await stage.when(async () => (await usual.get("r"))!.worker === null);
    late("too late");
    await settled();
    await stage.engine({ group: "gpu", poll: "1s" });
    const [name, who] = (await stage.until(run.result())) as string[];
    expect(name).toBe("Interrupted");
    expect(who).not.toBe(first);
    expect(main.calls).toEqual([["who"]]);
  });

  it("an event that comes in the same moment goes along", async () => {
    const main = program(
      `const e = event("k"); await Promise.all([moveTo("gpu"), e]); return [await e, await call("who")];`,
      { who: () => owner() },
    );
    const usual = await stage.engine({ poll: "1s" });
    const gpu = await stage.engine({ group: "gpu", poll: "1s" });
    await usual.send("k", "event");
    const run = await usual.start(main, [], { id: "r" });
    const [value] = (await stage.until(run.result())) as string[];
    expect(value).toBe("event");
    expect((await gpu.get("r"))!.group).toBe("gpu");
  });

  it("is cancelled like any other await", async () => {
    const main = program(`try { await moveTo("gpu"); } catch (e) { await call(e.name); throw e; }`);
    const usual = await stage.engine({ poll: "1s" });
    const run = await usual.start(main, [], { id: "r" });
    await stage.when(async () => (await usual.get("r"))!.group === "gpu");
    await usual.cancel("r");
    await stage.engine({ group: "gpu", poll: "1s" });
    await expect(stage.until(run.result())).rejects.toMatchObject({ name: "Cancelled" });
    expect(main.calls).toEqual([["Cancelled"]]);
  });

  it("does nothing outside a run", async () => {
    const { moveTo } = await import("../../runtime/index.ts");
    await moveTo("gpu");
    expect(() => moveTo("*")).toThrow(expect.objectContaining({ code: "CF2301" }));
  });
});
