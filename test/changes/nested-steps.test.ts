/**
 * Steps written in functions: under way, or held as values, while a process dies and the code changes. Several of one name are told
 * apart by their text. One that is only one of its name is what has that name, whatever it does now.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ChangingWorld } from "./changing-world.ts";
import { load } from "./load.ts";

const world = new ChangingWorld();
afterEach(() => {
  vi.unstubAllGlobals();
  return world.close();
});

const header = `"use workflow";\nimport { event } from "coldframe";\n`;
const flow = (made: readonly string[], use: string) =>
  `${header}export async function flow(n) {\nconst gate = event({ key: "go" });\nconst all = [];\n${made.join("\n")}\nawait gate;\nreturn ${use};\n}\n`;

/** Begins with the first version, where steps get no answer; carries on with the second, where they do. */
async function carryOver(before: string, after: string) {
  vi.stubGlobal("answer", () => new Promise(() => {}));
  const stage = world.stage();
  await world.park(stage, load(before));
  vi.stubGlobal("answer", (text: string, n: number) => `${text}${n}`);
  load(after);
  const engine = await stage.engine();
  await engine.send("go", 100, { id: "go" });
  return world.outcome(stage, engine);
}

const sorts = {
  declared: (text: string) =>
    `{ async function f(n) { "use step"; return answer("${text}", n); } all.push(USE); }`,
  "in a constant": (text: string) =>
    `{ const f = async (n) => { "use step"; return answer("${text}", n); }; all.push(USE); }`,
  "in an expression": (text: string) =>
    `{ const [f] = [async (n) => { "use step"; return answer("${text}", n); }]; all.push(USE); }`,
  "in another function": (text: string) =>
    `[0].forEach(() => { const f = async function (n) { "use step"; return answer("${text}", n); }; all.push(USE); });`,
  "in an object": (text: string) =>
    `{ const { f } = { async f(n) { "use step"; return answer("${text}", n); } }; all.push(USE); }`,
};

describe("steps that use variables around them", () => {
  const using = (uses: string, use: string, pushed: string) =>
    flow(
      [
        `const m = n * 2; const f = async () => { "use step"; return answer(${uses}); };`,
        `all.push(${pushed});`,
      ],
      use,
    );
  const underWay = (uses: string) => using(uses, "Promise.all(all)", "f()");

  test("go on with copies of them, whatever they do now", async () => {
    expect(await carryOver(underWay(`"a", n`), underWay(`"a", n`))).toEqual({ result: ["a3"] });
    expect(await carryOver(underWay(`"a", n + m`), underWay(`"b", m - n`))).toEqual({ result: ["b3"] });
  });

  test("call themselves as plain functions", async () => {
    const counting = `async function f(k) { "use step"; return k === 0 ? answer("a", n) : await f(k - 1) + k; }`;
    const source = flow([counting, "all.push(f(2));"], "[await all[0], await f(1)]");
    expect(await carryOver(source, source)).toEqual({ result: ["a312", "a31"] });
  });

  test("are not called with others than they need now", async () => {
    for (const [before, after] of [
      ["n", "m"],
      ["n", "n + m"],
      ["n + m", "n"],
    ] as const)
      expect(await carryOver(underWay(`"a", ${before}`), underWay(`"a", ${after}`))).toEqual({
        blocked: expect.stringContaining("#flow.f{"),
      });
  });

  test("held as values, they find theirs after a change", async () => {
    const held = (uses: string) => using(uses, "Promise.all(all.map((f) => f()))", "f");
    expect(await carryOver(held(`"a", n + m`), held(`"b", n`))).toEqual({ result: ["b3"] });
    expect(await carryOver(held(`"a", n`), held(`"a", n + m`))).toEqual({
      blocked: expect.stringContaining("m"),
    });
  });
});

describe.each(Object.entries(sorts))("steps %s", (name, of) => {
  const uses = [
    ["under way", "f(n)", "Promise.all(all)"],
    ["held as values", "f", "Promise.all(all.map((f) => f(n)))"],
  ] as const;

  describe.each(uses)("%s", (_name, pushed, use) => {
    const step = (text: string) => of(text).replace("USE", pushed);
    const idle = (text: string) => text.replace(`all.push(${pushed});`, "");
    const [a, b, c] = [step("a"), step("b"), step("c")];
    const made = (...texts: readonly string[]) => flow(texts.map(step), use);
    const isNamed = !name.includes("expression");

    test("go on in another process", async () => {
      expect(await carryOver(made("a"), made("a"))).toEqual({ result: ["a3"] });
      expect(await carryOver(made("a", "b", "a"), made("a", "b", "a"))).toEqual({
        result: ["a3", "b3", "a3"],
      });
    });

    test("are found by their text where there are several, wherever that is now", async () => {
      expect(await carryOver(flow([a, b], use), flow([idle(c), a, b], use))).toEqual({
        result: ["a3", "b3"],
      });
      expect(await carryOver(flow([a, b], use), flow([b, a], use))).toEqual({ result: ["a3", "b3"] });
      expect(await carryOver(flow([idle(a), b], use), flow([b], use))).toEqual({ result: ["b3"] });
    });

    test("are never taken for one another", async () => {
      for (const [before, after] of [
        [flow([a, b], use), flow([a, c], use)],
        [flow([a, b], use), flow([a], use)],
        [flow([a], use), flow([idle(c), b], use)],
      ] as const)
        expect(await carryOver(before, after)).toEqual({ blocked: expect.stringMatching(/~|#flow/) });
    });

    test("of equal text do the same: one that still has it carries out the calls of all", async () => {
      for (const after of [
        [a, idle(b)],
        [idle(b), a],
      ])
        expect(await carryOver(flow([idle(a), a], use), flow(after, use))).toEqual({ result: ["a3"] });
    });

    test.runIf(isNamed)("do what they do now, if there is one of the name", async () => {
      expect(await carryOver(made("a"), made("b"))).toEqual({ result: ["b3"] });
    });
  });
});
