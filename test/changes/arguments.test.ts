/** Steps under way whose arguments are instances of classes that changed. */
import { afterEach, expect, test, vi } from "vitest";
import { rehearse } from "../../runtime/index.ts";
import { ChangingWorld } from "./changing-world.ts";
import { load } from "./load.ts";

const world = new ChangingWorld();
afterEach(() => {
  vi.unstubAllGlobals();
  return world.close();
});

const flow = (body: string, name = "Order") =>
  `"use workflow";
import { migrate } from "coldframe";
export class ${name} { ${body} }
async function send(one) { "use step"; return answer(one); }
export async function flow(n) {
  try { return await send(new ${name}()); } catch (error) { return "caught " + error.message; }
}`;

async function carryOver(before: string, after: string) {
  vi.stubGlobal("answer", () => new Promise(() => {}));
  const stage = world.stage();
  await world.park(stage, load(before));
  vi.stubGlobal("answer", (one: { tell(): unknown }) => one.tell());
  load(after);
  return world.outcome(stage, await stage.engine());
}

const before = flow("n = 7; tell() { return this.n; }");

test("are instances of the class as it is now", async () => {
  const after = flow("n = 0; tell() { return this.#t(); } #t() { return this.n; }");
  expect(await carryOver(before, after)).toEqual({ result: 7 });
});

test("stop the run where this code cannot make anything of them: the step has not failed", async () => {
  const after = flow("n = 0; #k = 1; tell() { return this.#k; }");
  const blocked = expect.stringContaining('has a private field "#k" now');
  expect(await carryOver(before, after)).toEqual({ blocked });
  const migrated = `${after}\nmigrate(Order, { fields: (old) => ({ ...old, "#k": 9 }) });`;
  expect(await carryOver(before, migrated)).toEqual({ result: 9 });
});

test("a blocked run goes on when code comes that can read them, and rehearsals know", async () => {
  vi.stubGlobal("answer", () => new Promise(() => {}));
  const stage = world.stage();
  await world.park(stage, load(before));
  vi.stubGlobal("answer", (one: { tell(): unknown }) => one.tell());
  load(flow("n = 0; #k = 1; tell() { return this.#k; }"));
  const outcomes = async () => {
    const found: string[] = [];
    for await (const { outcome } of rehearse(stage.data.connect())) found.push(outcome);
    return found;
  };
  expect(await outcomes()).toEqual(["blocked"]);
  const first = await stage.engine();
  expect(await world.outcome(stage, first)).toHaveProperty("blocked");
  await first.close();
  expect(await outcomes()).toEqual(["blocked"]);
  load(before);
  expect(await outcomes()).toEqual(["same"]);
  const engine = await stage.engine();
  expect(await stage.until(engine.run("run").result())).toBe(7);
});
