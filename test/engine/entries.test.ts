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
  ["made by another", ({ Shop }) => (Shop as Held)["main"], /"main" cannot be started: it has no name/],
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

test("a worker can be limited to one by its name", async () => {
  const { bank, arrow } = load(source) as Record<string, unknown>;
  await expect(stage.engine({ only: ["bank.transfer"] })).resolves.toBeDefined();
  await expect(stage.engine({ only: ["bank.nobody"] })).rejects.toMatchObject({ code: "CF2301" });
  expect([bank, arrow]).toBeDefined();
});
