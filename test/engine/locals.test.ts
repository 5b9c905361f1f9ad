/** `engine.locals`: what a parked run has in its variables, as values, without waking it. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const parked = async (source: string) => {
  const { main } = load(`import { event, sleep } from "coldframe"; ${source}`);
  const engine = await stage.engine({ cache: 0 });
  const run = await engine.start(main!, [], { id: "r" });
  await stage.when(async () => (await run.status())!.waits[0]?.kind === "event");
  return engine;
};

it("gives the live locals of each call that waits, innermost first", async () => {
  const engine = await parked(`
    export async function main() { "use workflow";
      const seen = new Map([["a", 1n]]);
      const dead = "not needed any more";
      let count = 2;
      const more = () => count++;
      const answer = await ask({ to: "kim", at: new Date(5) }, dead.length);
      return [answer, seen, more()];
    }
    async function ask(who, n) { const reply = await event("reply"); return [reply, who, n]; }`);
  const before = await engine.get("r");
  const frames = (await engine.locals("r"))!;
  expect(frames.map(({ code, line }) => [code.slice(code.indexOf("#") + 1), line])).toEqual([
    ["ask", 10],
    ["main", 7],
  ]);
  expect(frames[0]!.locals).toEqual({ who: { to: "kim", at: new Date(5) }, n: 19 });
  const { seen, more, ...rest } = frames[1]!.locals as { seen: Map<string, bigint>; more: () => number };
  expect(seen).toEqual(new Map([["a", 1n]]));
  expect(typeof more).toBe("function");
  expect(Object.keys(rest)).not.toContain("dead");
  // It is a copy: nothing that is done with it comes to the run, which has not moved.
  seen.clear();
  expect(more()).toBe(2);
  expect(await engine.get("r")).toEqual(before);
  await engine.send("reply", "yes");
  expect(await stage.until(engine.run("r").result())).toEqual([
    ["yes", { to: "kim", at: new Date(5) }, 19],
    new Map([["a", 1n]]),
    2,
  ]);
});

it("follows what waits through combinators, each call once", async () => {
  const engine = await parked(`
    export async function main() { "use workflow"; const all = "both"; await Promise.all([one(1), one(2)]); return all; }
    async function one(n) { await event("reply"); return n; }`);
  const locals = (await engine.locals<Record<string, unknown>>("r"))!.map((frame) => frame.locals);
  expect(locals).toEqual([{ n: 1 }, { all: "both" }, { n: 2 }]);
});

it("has none for a run that has not begun or has ended, and null for one that there is not", async () => {
  const main = program("return 1");
  const engine = await stage.engine();
  await stage.until((await engine.start(main, [], { id: "done" })).result());
  expect(await engine.locals("done")).toEqual([]);
  expect(await engine.locals("nobody")).toBeNull();
});
