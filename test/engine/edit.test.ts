/** Edits of the locals of runs that stand still. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { misfit } from "../../runtime/engine/type-text.ts";
import type { Engine } from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

async function suspended(body: string, world: Record<string, unknown> = {}): Promise<Engine> {
  const engine = await stage.engine();
  const run = await engine.start(program(body, world), [], { id: "r" });
  await stage.when(async () => {
    const { waits, worker } = (await run.status())!;
    return waits.length > 0 && worker === null;
  });
  await engine.suspend("r");
  return engine;
}

const ended = async (engine: Engine) => {
  await engine.resume("r");
  await engine.send("go");
  return stage.until(engine.run("r").result());
};

describe("an edit", () => {
  it("gives locals other values, and leaves the run as it stands until it is resumed", async () => {
    const engine = await suspended(
      "let n = 1; let text = 'a'; const box = { deep: [1] }; const same = box; await event('go'); return [n, text, box, same]",
    );
    const { turn } = (await engine.get("r"))!;
    const values = { n: -2.5, text: 'b "c" \u2028', box: { deep: [], more: { x: null } } };
    expect(await engine.edit("r", values, { by: "ann" })).toBe(turn + 1);
    expect(await engine.get("r")).toMatchObject({ status: "suspended", turn: turn + 1 });
    const [frame] = (await engine.locals("r"))!;
    expect(frame!.locals).toEqual({ ...values, same: { deep: [1] } });
    expect((await engine.history("r"))!.journal).toMatchObject([
      { what: "edit", by: "ann", turn: turn + 1, detail: { locals: ["n", "text", "box"] } },
    ]);
    expect(await ended(engine)).toEqual([-2.5, 'b "c" \u2028', values.box, { deep: [1] }]);
  });

  it("is seen by closures that share the variable, and by later parks", async () => {
    const engine = await suspended(
      "let n = 1; const add = () => ++n; const undo = [() => n]; await event('go'); add(); await sleep('1h'); return [n, add(), undo[0]()]",
    );
    await engine.edit("r", { n: 10 });
    expect(await ended(engine)).toEqual([11, 12, 12]);
  });

  it("is possible while a step is held, which stays held", async () => {
    let failing = true;
    const world = {
      risky: (n: number) => {
        if (failing) throw new Error("no");
        return n;
      },
    };
    const { main } = load(
      `import { step } from "coldframe"; import { world } from "world";
       export const risky = step(async function risky(n) { return world.risky(n) }, { retry: 1, onFailure: "hold" });
       export async function main() { "use workflow"; let n = 1; const got = await risky(5); return [n, got] }`,
      { world },
    );
    const engine = await stage.engine();
    const run = await engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await run.status())!.held === 1);
    await engine.edit("r", { n: 2 });
    await stage.when(async () => (await run.status())!.worker === null);
    expect(await run.status()).toMatchObject({ held: 1, status: "active" });
    failing = false;
    await engine.retry("r");
    expect(await stage.until(run.result())).toEqual([2, 5]);
  });

  it("is made again when a worker looked at a run whose step is held meanwhile", async () => {
    const { main } = load(
      `import { step } from "coldframe";
       export const risky = step(async function risky() { throw new Error("no") }, { retry: 1, onFailure: "hold" });
       export async function main() { "use workflow"; let n = 1; await risky(); return n }`,
      {},
    );
    const first = await stage.engine();
    await first.start(main!, [], { id: "r" });
    await stage.when(async () => (await first.get("r"))!.held === 1);
    await first.close();
    const data = stage.data.connect();
    let meanwhile = async () => {
      meanwhile = async () => {};
      const { epoch } = (await engine.get("r"))!;
      await stage.engine();
      await stage.when(async () => (await engine.get("r"))!.epoch > epoch);
    };
    const store = new Proxy(data, {
      get(target, name) {
        if (name === "overrule")
          return async (change: Parameters<typeof data.overrule>[0]) => {
            await meanwhile();
            return data.overrule(change);
          };
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const engine = await stage.engine({ worker: false });
    await engine.edit("r", { n: 2 });
    const { turn } = (await engine.get("r"))!;
    const editor = await stage.engine({ store, worker: false });
    expect(await editor.edit("r", { n: 3 })).toBe(turn + 1);
    await engine.resolve("r", 1);
    expect(await stage.until(engine.run("r").result())).toBe(3);
  });

  it("is possible while the run is blocked, whose code is not there", async () => {
    const first = await stage.mortal();
    const id = "test/gone.ts";
    const { main } = load(
      `import { event } from "coldframe"; export async function main() { "use workflow"; let n = 1; await event("go"); return n }`,
      {},
      id,
    );
    await first.engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await first.engine.get("r"))!.worker === null);
    first.kill();
    for (const map of [registry.codes, registry.modules])
      for (const key of [...map.keys()]) if (key.startsWith(id)) map.delete(key);
    const engine = await stage.engine();
    await engine.send("go");
    await stage.when(async () => (await engine.get("r"))!.status === "blocked");
    await engine.edit("r", { n: 2 });
    const { status, waits } = (await engine.get("r"))!;
    expect(status).toBe("blocked");
    expect(waits[0]!.stack[0]!.locals).toEqual([{ name: "n", text: "2" }]);
  });

  it("is refused, and changes nothing, while the run may go on, and once it has ended", async () => {
    const engine = await suspended("let n = 1; await event('go'); return n");
    const edit = (locals: Record<string, unknown>, options = {}) => engine.edit("r", locals, options);
    const before = await engine.get("r");
    await expect(edit({ m: 1 })).rejects.toMatchObject({ code: "CF3123", message: /"n"/ });
    await expect(edit({ n: 1 }, { of: "other" })).rejects.toMatchObject({ code: "CF3123" });
    for (const value of [undefined, Number.NaN, 1n, new Date(0), () => 1, { deep: [new Map()] }])
      await expect(edit({ n: value })).rejects.toMatchObject({ code: "CF3124" });
    expect(await engine.get("r")).toEqual(before);
    await engine.resume("r");
    await expect(edit({ n: 2 })).rejects.toMatchObject({ code: "CF3122" });
    await engine.send("go");
    expect(await stage.until(engine.run("r").result())).toBe(1);
    await expect(edit({ n: 2 })).rejects.toMatchObject({ code: "CF3122" });
    await expect(engine.edit("nobody", {})).rejects.toMatchObject({ code: "CF3101" });
  });

  it("asks which function is meant when several have such a local", async () => {
    const { main } = load(
      `import { event } from "coldframe";
       export async function main() { "use workflow"; let n = 1; const got = await inner(); return [n, got] }
       async function inner() { let n = 5; await event("go"); return n }`,
    );
    const engine = await stage.engine();
    const run = await engine.start(main!, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await engine.suspend("r");
    await expect(engine.edit("r", { n: 2 })).rejects.toMatchObject({
      code: "CF3123",
      message: /inner and main|main and inner/,
    });
    await engine.edit("r", { n: 7 }, { of: "inner" });
    expect(await ended(engine)).toEqual([1, 7]);
  });

  it("is checked against the types of the release that the run was saved by", async () => {
    const engine = await suspended("let n = 1; await event('go'); return n");
    const { code, hash } = (await engine.get("r"))!.waits[0]!.stack[0]!;
    const lock = (key: string) => ({ codes: { [key]: { types: { n: "number | null" } } } }) as never;
    const locked = { lock: lock(`${code}@${hash}`) };
    await expect(engine.edit("r", { n: "2" }, locked)).rejects.toMatchObject({
      code: "CF3124",
      message: /number \| null.*n is "2"/,
    });
    await engine.edit("r", { n: 2 }, locked);
    await engine.edit("r", { n: "of another version" }, { lock: lock(`${code}@0`) });
    expect(await ended(engine)).toBe("of another version");
  });
});

describe("a type of a manifest", () => {
  it.each([
    ["string", "a", null],
    ["string", 5, " is 5"],
    ["boolean | number", "x", ' is "x"'],
    ['"eu" | "us"', "us", null],
    ['"eu" | "us"', "de", ' is "de"'],
    ["null | string", null, null],
    ["1 | -2", -2, null],
    ["string[]", ["a", 1], "[1] is 1"],
    ["(number | string)[]", ["a", 1], null],
    ["Array<Array<number>>", [[1], ["b"]], '[1][0] is "b"'],
    ["readonly number[][]", [[1]], null],
    ["[string, number]", ["a"], " has 1 elements"],
    ["{ id: string; tags?: string[] }", { id: "a" }, null],
    ["{ id: string; tags?: string[] }", { id: "a", tags: [null] }, ".tags[0] is null"],
    ["{ id: string; tags?: string[] }", { tags: [] }, ' has no "id"'],
    ["{ a: { b: number } }", { a: { b: "c" } }, '.a.b is "c"'],
    ['{ content-type: string; "x y": 1 }', { "content-type": "a", "x y": 2 }, ".x y is 2"],
    ["null | { kind: 1; n: number }", { kind: 1, n: "a" }, '.n is "a"'],
    ["Record<string, number>", { a: "b" }, '.a is "b"'],
    ["Date", "2026-01-01", ' is "2026-01-01"'],
    ["undefined | Map<string, number>", {}, " is {}"],
    ["{}", { any: 1 }, null],
    ["unknown", 1, null],
    ["any", null, null],
    ["Library.Alias<string>", 1, null],
    ["(a: string) => void", 1, null],
    ["T extends string ? 1 : 2", 3, null],
    ["`a`", 3, null],
    ["", 3, null],
  ])("%s: %j", (type, value, expected) => {
    expect(misfit(value, type)).toBe(expected);
  });
});
