/** Which functions can be started: those that another process finds by a name. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { registry } from "../../runtime/machine/index.ts";
import { load } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const source = `"use workflow";
  import { event, start } from "coldframe";
  async function twice(n) { "use step"; return n * 2; }
  const body = async (n) => twice(n + await event("go"));
  export const arrow = async (n) => body(n);
  export const bank = { async transfer(n) { return body(n); }, deep: { down: async (n) => body(n) }, ["in quotes"]: async (n) => body(n) };
  export class Bank { static async transfer(n) { return body(n); } async own(n) { return body(n); } static sync(n) { return body(n); } }
  export const Shop = (() => { async function main(n) { return body(n); } return { main }; })();
  const logged = (f) => async (...args) => await f(...args);
  const define = (options, f) => Object.assign(f, { options });
  export const wrapped = logged(async (n) => body(n));
  export const defined = define({ retry: 1 }, async (n) => body(n));
  export const task = { id: "task", run: logged(async (n) => body(n)) };
  const inner = { async run(n) { return body(n); } };
  export const alias = inner.run;
  const traced = () => (f) => logged(f);
  export class Traced { @traced() static async run(n) { return body(n); } }
  export const parent = async (n) => await start(bank.transfer, [n]);
  export const closures = [async (n) => body(n)];
  export const bound = arrow.bind(null, 1);
  export const pages = async function* () { yield 1; };`;

type Held = Record<string, (n: number) => Promise<number>>;

const startable: [string, (world: Record<string, unknown>) => unknown][] = [
  ["in a constant", ({ arrow }) => arrow],
  ["in an object", ({ bank }) => (bank as Held)["transfer"]],
  ["in an object in an object", ({ bank }) => (bank as unknown as { deep: Held }).deep["down"]],
  ["under another key than a name", ({ bank }) => (bank as Held)["in quotes"]],
  ["in a class", ({ Bank }) => (Bank as unknown as Held)["transfer"]],
  ["made by another", ({ Shop }) => (Shop as unknown as Held)["main"]],
  ["wrapped by another", ({ wrapped }) => wrapped],
  ["given to another, which returns it", ({ defined }) => defined],
  ["wrapped in an object", ({ task }) => (task as unknown as Held)["run"]],
  ["taken out of an object", ({ alias }) => alias],
  ["that a decorator replaced", ({ Traced }) => (Traced as unknown as Held)["run"]],
  ["that starts such one", ({ parent }) => parent],
];

test.each(startable)("a function %s is started, and carried on elsewhere", async (_, find) => {
  const world = load(source);
  const { engine, kill } = await stage.mortal();
  const entry = (await engine.start(find(world) as never, [3] as never, { id: "r" })).id;
  await stage.when(async () => (await engine.get(entry))!.waits.length > 0);
  kill();
  const other = await stage.engine();
  await stage.when(async () => (await other.send("go", 4)) !== undefined);
  expect(
    await stage.until((await other.start(find(world) as never, [3] as never, { id: "r" })).result()),
  ).toBe(14);
});

test.each(startable)("a function %s is started from any copy of its module", async (_, find) => {
  const copies = [1, 2, 3].map(() => load(source, {}, "test/copied.ts"));
  const engine = await stage.engine();
  for (const [i, copy] of copies.entries()) {
    const run = await engine.start(find(copy) as never, [i] as never);
    await engine.send("go", 4);
    expect(await stage.until(run.result())).toBe(2 * i + 8);
  }
});

test("a run whose module was compiled against another copy of coldframe is neither begun nor carried on", async () => {
  const { arrow } = load(source, {}, "test/elsewhere.ts");
  const { engine, kill } = await stage.mortal();
  await engine.start(arrow as never, [3] as never, { id: "r" });
  await stage.when(async () => (await engine.get("r"))!.waits.length > 0);
  kill();
  const module = registry.modules.get("test/elsewhere.ts")!;
  registry.modules.set(module.id, { ...module, runtime: {} });
  const other = await stage.engine();
  await expect(other.start(arrow as never, [3] as never)).rejects.toThrow(
    /^CF2006 .*"test\/elsewhere\.ts" was loaded with another copy of coldframe/,
  );
  await other.send("go", 4);
  await stage.when(async () => (await other.get("r"))!.status === "blocked");
  expect((await other.get("r"))!.blocked!.reason).toMatch(/CF2006/);
});

test("one that a copy of its module makes anew is refused, as that of the module itself is", async () => {
  const made = `"use workflow"; export const make = (n) => async () => n; export const one = make(1);`;
  const copies = [1, 2].map(() => load(made, {}, "test/copied-makers.ts"));
  const engine = await stage.engine();
  for (const { make, one } of copies) {
    await expect(engine.start((make as never as (n: number) => never)(2), [])).rejects.toThrow(/CF2001/);
    expect(await stage.until((await engine.start(one as never, [])).result())).toBe(1);
  }
});

test.each<[string, (world: Record<string, unknown>) => unknown, RegExp]>([
  ["in an array", ({ closures }) => (closures as unknown[])[0], /cannot be started: it has no name/],
  [
    "of an instance",
    ({ Bank }) => new (Bank as new () => Held)()["own"],
    /"own" cannot be started: it has no name/,
  ],
  ["that is not async", ({ Bank }) => (Bank as unknown as Held)["sync"], /or is not async/],
  ["that is a generator", ({ pages }) => pages, /"pages" cannot be started: it has no name.*or is not async/],
  ["that is bound", ({ bound }) => bound, /"bound arrow" cannot be started: /],
  ["that was not compiled", () => async () => 1, /cannot be started\. Put "use workflow"/],
])("a function %s is refused", async (_, find, message) => {
  const engine = await stage.engine();
  await expect(engine.start(find(load(source)) as never, [])).rejects.toThrow(message);
});

test.each([
  ["an arrow", "export default async (n) => body(n);", (it: unknown) => it],
  ["a call", "const define = (f) => f; export default define(async (n) => body(n));", (it: unknown) => it],
  ["an object", "export default { async go(n) { return body(n); } };", (it: unknown) => (it as Held)["go"]],
  [
    "a class",
    "export default class { static async go(n) { return body(n); } }",
    (it: unknown) => (it as Held)["go"],
  ],
  [
    "in parentheses",
    "export default (class { static async go(n) { return body(n); } });",
    (it: unknown) => (it as Held)["go"],
  ],
  ["a function", "export default async function (n) { return body(n); }", (it: unknown) => it],
])("a default export, %s, is started, and carried on elsewhere", async (_, text, find) => {
  const head = source.slice(0, source.indexOf("  export const arrow"));
  const exported = load(`${head}${text}`)["default"]!;
  expect(exported.name).toBe(
    text.includes("{ async go") ? undefined : text.includes("define") ? "" : "default",
  );
  const { engine, kill } = await stage.mortal();
  await engine.start(find(exported) as never, [3] as never, { id: "r" });
  await stage.when(async () => (await engine.get("r"))!.waits.length > 0);
  kill();
  const other = await stage.engine();
  await stage.when(async () => (await other.send("go", 4)) !== undefined);
  expect(
    await stage.until((await other.start(find(exported) as never, [3] as never, { id: "r" })).result()),
  ).toBe(14);
});

test("a worker can be limited to one by its name", async () => {
  const { bank, arrow } = load(source) as Record<string, unknown>;
  await expect(stage.engine({ only: ["bank.transfer"] })).resolves.toBeDefined();
  await expect(stage.engine({ only: ["wrapped"] })).resolves.toBeDefined();
  await expect(stage.engine({ only: ["bank.nobody"] })).rejects.toMatchObject({ code: "CF2301" });
  expect([bank, arrow]).toBeDefined();
});
