/** Which functions can be started: those that another process finds by a name. */
import { afterEach, beforeEach, expect, test } from "vitest";
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

test.each<[string, (world: Record<string, unknown>) => unknown]>([
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
])("a function %s is started, and carried on elsewhere", async (_, find) => {
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
