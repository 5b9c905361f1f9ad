/**
 * Functions of one name in one function: `undo.push(() => …)` twice. They are told apart by their text, and those of equal text by their
 * order while they are as many as they were. What goes on goes on as itself, or the run is blocked; never as its namesake.
 */
import { afterEach, describe, expect, test } from "vitest";
import { ChangingWorld } from "./changing-world.ts";
import { hashOf, load } from "./load.ts";

const world = new ChangingWorld();
afterEach(() => world.close());

const header = `"use workflow";\nimport { event, migrate } from "coldframe";\n`;
const go = "await gate;";
const blockedBy = /ambiguous/;

/** A flow that collects in `all`, waits, and then returns what is made of it. */
const collecting =
  (use: string) =>
  (...made: readonly string[]) =>
    `${header}export async function flow(n) {\nconst gate = event({ key: "go" });\nconst all = [];\n${made.join("\n")}\n${go}\nreturn ${use};\n}\n`;

/** What can be saved of a function of `text`, twice in one function. Called, it gives `text` and 3, the argument of the flow. */
const sorts: Readonly<
  Record<string, { readonly of: (text: string) => string; readonly use: string; readonly extra?: string }>
> = {
  "arrow functions": { of: (text) => `all.push(() => ${text} + n);`, use: "all.map((f) => f())" },
  "function expressions": {
    of: (text) => `all.push(function () { return ${text} + n; });`,
    use: "all.map((f) => f())",
  },
  "functions in blocks": {
    of: (text) => `{ function made() { return ${text} + n; } all.push(made); }`,
    use: "all.map((f) => f())",
  },
  "methods of object literals": {
    of: (text) => `all.push({ tell() { return ${text} + n; } });`,
    use: "all.map((one) => one.tell())",
  },
  "accessors of object literals": {
    of: (text) => `all.push({ get told() { return ${text} + n; } });`,
    use: "all.map((one) => one.told)",
  },
  classes: {
    of: (text) => `{ class Made { tell() { return ${text} + n; } } all.push(Made); }`,
    use: "all.map((One) => new One().tell())",
  },
  "instances of classes": {
    of: (text) => `{ class Made { tell() { return ${text} + n; } } all.push(new Made()); }`,
    use: "all.map((one) => one.tell())",
  },
  "functions in functions of one name": {
    of: (text) => `[0].forEach(() => { all.push(() => ${text} + n); });`,
    use: "all.map((f) => f())",
  },
  "generators that have begun": {
    of: (text) => `all.push((function* () { yield 1; return ${text} + n; })());\nall.at(-1).next();`,
    use: "all.map((one) => one.next().value)",
  },
  "generators that have not": {
    of: (text) => `all.push((function* () { return ${text} + n; })());`,
    use: "all.map((one) => one.next().value)",
  },
  "async generators": {
    of: (text) => `all.push((async function* () { yield ${text} + n; })());`,
    use: "(await Promise.all(all.map((one) => one.next()))).map(({ value }) => value)",
  },
  "suspended async functions": {
    of: (text) => `all.push((async () => { ${go} return ${text} + n; })());`,
    use: "Promise.all(all)",
  },
  "suspended methods": {
    of: (text) => `all.push({ async wait() { ${go} return ${text} + n; } }.wait());`,
    use: "Promise.all(all)",
  },
};

describe.each(Object.entries(sorts))("%s", (_name, { of, use }) => {
  const flow = collecting(use);
  const [a, b, c] = [`"a"`, `"b"`, `"c"`].map(of) as [string, string, string];

  test("of equal text go on", async () => {
    expect(await world.carryOver(flow(a, a), flow(a, a))).toEqual({ result: ["a3", "a3"] });
    expect(await world.carryOver(flow(a, a), flow(a, "n;", a))).toEqual({ result: ["a3", "a3"] });
  });

  test.each([
    ["swapped", [a, b], [b, a], ["a3", "b3"]],
    ["with another one in front", [a, b], [c, a, b], ["a3", "b3"]],
    ["of which a part is equal, with another one in front", [a, b, a], [c, a, b, a], ["a3", "b3", "a3"]],
    ["of equal text, with others around", [a, a], [c, a, b, a], ["a3", "a3"]],
  ])("%s go on as themselves", async (_how, before, after, result) => {
    expect(await world.carryOver(flow(...before), flow(...after))).toEqual({ result });
  });

  test.each([
    ["of equal text, the first edited", [a, a], [b, a]],
    ["of equal text, the second edited", [a, a], [a, b]],
    ["of equal text, the first removed", [a, a], ["", a]],
    ["of equal text, the first removed, and one added in front", [a, a], [c, b, a]],
    ["of which two are equal and one of these was edited", [a, c, a], [a, c, b]],
    ["of which the first was removed", [a, b], [b]],
    ["of which the first was removed and the second edited", [a, b], [c]],
  ])("%s are blocked", async (_how, before, after) => {
    const { result, blocked } = await world.carryOver(flow(...before), flow(...after));
    expect(result).toBeUndefined();
    expect(blocked).toMatch(/ambiguous|no loaded code is called/);
  });
});

describe("suspended functions of one name", () => {
  const flow = collecting("Promise.all(all)");
  const task = (wait: string, rest: string) => `all.push((async () => { ${wait} ${rest} })());`;
  const again = `const x = await event({ key: "again" });`;

  test("go on in edited code when their awaits are told apart", async () => {
    expect(
      await world.carryOver(
        flow(task(go, `return "a";`), task(again, `return "b" + x;`)),
        flow(task(go, `return "new a";`), task(again, `return "new b" + x;`)),
      ),
    ).toEqual({ result: ["new a", "new b1000"] });
  });

  test("and so when one was added in front", async () => {
    expect(
      await world.carryOver(
        flow(task(go, `return "a";`), task(again, `return "b" + x;`)),
        flow(`all.push((async () => 0)());`, task(go, `return "new a";`), task(again, `return "new b" + x;`)),
      ),
    ).toEqual({ result: ["new a", "new b1000"] });
  });

  test("are blocked when there is a second await like theirs now", async () => {
    const { blocked } = await world.carryOver(
      flow(task(go, `return "a";`), task(again, `return "b" + x;`)),
      flow(task(go, `return "new";`), task(go, `return "new a";`), task(again, `return "b" + x;`)),
    );
    expect(blocked).toMatch(blockedBy);
  });
});

test("equal functions that went on under a later version are told apart by what they were then", async () => {
  const flow = collecting("all.map((f) => f())");
  const twice = (body: string) => body.replace(go, `await event({ key: "tick" });\n${go}`);
  const push = (text: string) => `all.push(() => ${text});`;
  const { blocked } = await world.carryOver(
    twice(flow(push("n"), push("n"))),
    twice(flow(push("0"), push("n"), push("n"))),
    twice(flow(push("0"), push("n"), push("n + 1"))),
  );
  expect(blocked).toMatch(blockedBy);
  expect(
    await world.carryOver(
      twice(flow(push("n"), push("n"))),
      twice(flow(push("0"), push("n"), push("n"))),
      twice(flow(push("n"), push("1"), push("n"))),
    ),
  ).toEqual({ result: [3, 3] });
});

test("a migration says what becomes of one of several functions", async () => {
  const flow = collecting("all.map((f) => f())");
  const push = (text: string) => `all.push(() => ${text});`;
  const before = flow(push("n"), push("n"));
  load(before);
  const [one, two] = [hashOf("flow.all.push"), hashOf("flow.all.push#2")];
  expect(one).toBe(two);
  const map = (name: string) =>
    `migrate("shop/flow.ts#${name}", { from: { build: "${one}" }, closure: ({ n }) => ({ n }) });\n`;
  const after = flow(push("n + 1"), push("n + 2"));
  expect((await world.carryOver(before, after)).blocked).toMatch(blockedBy);
  expect((await world.carryOver(before, after + map("flow.all.push"))).blocked).toMatch(blockedBy);
  expect(await world.carryOver(before, after + map("flow.all.push") + map("flow.all.push#2"))).toEqual({
    result: [4, 5],
  });
});

describe("a variable that a function of unchanged text uses", () => {
  const flow = collecting("all.map((f) => f())");

  test("is never lost when it moved to another scope", async () => {
    const outcome = await world.carryOver(
      flow("let k = n, z = 1;", "all.push(() => k, () => z);"),
      flow("let z = 1;", "{ let k = n; all.push(() => k); }", "all.push(() => z);"),
    );
    expect(outcome.result ?? [3, 1]).toEqual([3, 1]);
  });

  test("is never lost when its function is now that of another number", async () => {
    const one = `[0].forEach(() => { let k = n; all.push(() => k); });`;
    const two = `[0].forEach(() => { let z = n + 1; all.push(() => z); });`;
    const outcome = await world.carryOver(flow(one, two), flow(two, one));
    expect(outcome.result ?? [3, 4]).toEqual([3, 4]);
  });
});
