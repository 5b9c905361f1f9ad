/**
 * Code that changes under a parked run: the table of the contract. Each row parks the old version at the event `go`, loads the
 * new one in its place, and lets a fresh engine carry on.
 */
import { afterEach, describe, expect, test } from "vitest";
import { ChangingWorld } from "./changing-world.ts";
import { load } from "./load.ts";

const world = new ChangingWorld();
afterEach(() => world.close());

const header = `"use workflow";\nimport { event } from "coldframe";\n`;
const flow = (body: string, rest = "") => `${header}${rest}export async function flow(n) {\n${body}\n}\n`;
const carryOver = (before: string, after: string) => world.carryOver(before, after);

describe("a run goes on under", () => {
  const go = `const a = await event({ key: "go" });`;
  const base = flow(`const k = n * 2;\n${go}\nreturn [a, k];`);

  test.each([
    [
      "comments and formatting",
      flow(`const k = n * 2; // twice\n\n  ${go}\n  /* both */ return [a, k];`),
      [100, 6],
    ],
    [
      "a statement added before",
      flow(`const k = n * 2;\nconst unused = 1;\n${go}\nreturn [a, k];`),
      [100, 6],
    ],
    [
      "a statement added behind",
      flow(`const k = n * 2;\n${go}\nconst more = k + 1;\nreturn [a, k, more];`),
      [100, 6, 7],
    ],
    [
      "an await added behind",
      flow(`const k = n * 2;\n${go}\nconst b = await event({ key: "again" });\nreturn [a, k, b];`),
      [100, 6, 1000],
    ],
    [
      "another function changed",
      flow(`const k = n * 2;\n${go}\nreturn [a, k];`, "function other() { return 1; }\n"),
      [100, 6],
    ],
    ["a local that is no longer needed", flow(`const k = n * 2;\n${go}\nreturn [a];`), [100]],
    [
      "a local that moved to a scope record, because a closure uses it now",
      flow(`const k = n * 2;\n${go}\nconst read = () => k;\nreturn [a, read()];`),
      [100, 6],
    ],
  ])("%s", async (_name, after, result) => {
    expect(await carryOver(base, after)).toEqual({ result });
  });

  test("a local that moved back to the frame, because no closure uses it any more", async () => {
    const before = flow(`const k = n * 2;\n${go}\nconst read = () => k;\nreturn [a, read()];`);
    expect(await carryOver(before, base)).toEqual({ result: [100, 6] });
  });

  test("a local that moved back to the frame, from a record in which others stay", async () => {
    const before = flow(
      `let k = n * 2, m = 5;\n${go}\nconst read = () => k, set = () => { m++; };\nset();\nreturn [a, read(), m];`,
    );
    const after = flow(
      `let k = n * 2, m = 5;\n${go}\nconst set = () => { m++; };\nset();\nreturn [a, k, m];`,
    );
    expect(await carryOver(before, after)).toEqual({ result: [100, 6, 6] });
  });

  test("a local that moved to the record of a closure which was there already", async () => {
    const before = flow(`let k = n * 2, m = 5;\nconst set = () => m++;\n${go}\nset();\nreturn [a, k, m];`);
    const after = flow(
      `let k = n * 2, m = 5;\nconst set = () => { m++; k++; };\n${go}\nset();\nreturn [a, k, m];`,
    );
    expect(await carryOver(before, after)).toEqual({ result: [100, 7, 6] });
  });

  test("a callee with another body", async () => {
    const caller = flow(
      `const x = await inner(n);\nreturn [x];`,
      `async function inner(n) { ${go} return a + n; }\n`,
    );
    const changed = flow(
      `const x = await inner(n);\nreturn [x, "new"];`,
      `async function inner(n) { ${go} return a + n + 1; }\n`,
    );
    expect(await carryOver(caller, changed)).toEqual({ result: [104, "new"] });
  });
});

describe("a run is blocked, and untouched, by", () => {
  const base = flow(`const k = n * 2;\nconst a = await event({ key: "go" });\nreturn [a, k];`);

  test.each([
    [
      "the statement of its own await changed",
      flow(`const k = n * 2;\nconst a = 1 + (await event({ key: "go" }));\nreturn [a, k];`),
      /await|point/,
    ],
    ["its await removed", flow(`const k = n * 2;\nreturn [0, k];`), /await|point/],
    [
      "its await wrapped in a loop",
      flow(`let a, k = n * 2;\nfor (;;) {\na = await event({ key: "go" }); break; }\nreturn [a, k];`),
      /await|point/,
    ],
    [
      "a local newly needed",
      flow(`const k = n * 2;\nconst m = n + 1;\nconst a = await event({ key: "go" });\nreturn [a, k, m];`),
      /migration needed.*\bm\b/,
    ],
    [
      "a local renamed",
      flow(`const twice = n * 2;\nconst a = await event({ key: "go" });\nreturn [a, twice];`),
      /migration needed.*\btwice\b/,
    ],
    ["its function renamed", `${header}export async function other(n) {\nreturn n; }\n`, /flow/],
  ])("%s", async (_name, after, reason) => {
    const { blocked } = await carryOver(base, after);
    expect(blocked).toMatch(reason);
  });

  test.each([
    [
      "a function whose prototype is held, and which is none any more",
      [
        `const made = Made.prototype;\n`,
        `return typeof made;`,
        "const Made = (() => function Made() { this.n = 1; })();\n",
      ],
      [
        `const made = Made.prototype;\n`,
        `return typeof made;`,
        "const Made = (() => ({ prototype: 1 }))();\n",
      ],
      /prototype of shop\/flow.ts#Made, which is no such class/,
    ],
    [
      "a class that is extended, and is none any more",
      [
        `class Own extends Base { own = n; }\n`,
        `return new Own().own;`,
        "const Base = (() => class {})();\n",
      ],
      [
        `class Own extends (Base ?? Object) { own = n; }\n`,
        `return new Own().own;`,
        "const Base = (() => null)();\n",
      ],
      /a subclass of shop\/flow.ts#Base, which is no such class/,
    ],
    [
      "a closure in one of two functions without a name, of which one is gone",
      [
        `const fns = [];\nawait (async () => { fns.push(() => n * 2); })();\n`,
        `await (async () => { fns.push(() => n + 1); })();\nreturn fns.map((f) => f());`,
        "",
      ],
      [
        `const fns = [];\nfns.push(() => n * 2);\n`,
        `await (async () => { fns.push(() => n + 1); })();\nreturn fns.map((f) => f());`,
        "",
      ],
      /several closures of the function have this name/,
    ],
    [
      "a closure of equal text in which a name means something else",
      [`const fns = [];\nfor (const key in { p: 1 }) fns.push(() => key);\n`, `return fns.length;`, ""],
      [`const fns = [];\nfns.push(() => key);\n`, `return fns.length;`, ""],
      /#flow.fns.push .* changed .*: it uses other scopes/,
    ],
  ])("%s", async (_name, before, after, reason) => {
    const version = ([made, used, rest]: string[]) =>
      flow(`${made}await event({ key: "go" });\n${used}`, rest);
    expect((await carryOver(version(before), version(after))).blocked).toMatch(reason);
  });

  test("two awaits swapped: never the values swapped", async () => {
    const one = `const a = await event({ key: "go" });`;
    const two = `const b = await event({ key: "again" });`;
    const { blocked } = await carryOver(
      flow(`${one}\n${two}\nreturn { a, b };`),
      flow(`${two}\n${one}\nreturn { a, b };`),
    );
    expect(blocked).toMatch(/the await "event#2" have changed places/);
  });

  test("one of two equal awaits removed", async () => {
    const wait = `await event({ key: "go" });`;
    const { blocked } = await carryOver(
      flow(`${wait}\nn++;\n${wait}\nreturn n;`),
      flow(`n++;\n${wait}\nreturn n;`),
    );
    expect(blocked).toMatch(/ambiguous/);
  });
});

describe("a pinned await", () => {
  const pinned = (statement: string) =>
    flow(`const k = n * 2;\nlet a = 0;\n// @point approval\n${statement}\nreturn [a, k];`);
  const base = pinned(`a = await event({ key: "go" });`);

  test.each([
    ["goes on when its statement changed", pinned(`a = 1 + (await event({ key: "other" }));`), [101, 6]],
    [
      "goes on when it was moved into a handler, with a second like it behind",
      flow(
        `const k = n * 2;\ntry {\nreturn [(/* @point approval */ await event({ key: "go" })) + (await event({ key: "again" })), k];\n} finally {}`,
      ),
      [1100, 6],
    ],
  ])("%s", async (_name, after, result) => {
    expect(await carryOver(base, after)).toEqual({ result });
  });

  test("is blocked when its pin was taken away, and a pin was given later", async () => {
    const bare = base.replace("// @point approval", "");
    expect((await carryOver(base, bare)).blocked).toMatch(/"approval".*was changed or removed/);
    expect((await carryOver(bare, base)).blocked).toMatch(/"event".*was changed or removed/);
  });

  test.each([
    [
      "two awaits of one name",
      `/* @point a */ await event("x");\n/* @point a */ await event("y");`,
      /another await/,
    ],
    ["no name", `/* @point */ await event("x");`, /is no name/],
    ["no await behind it", `/* @point a */ n++;`, /no await behind it/],
  ])("CF1013: %s", (_name, body, message) => {
    expect(() => load(flow(body))).toThrow(message);
    expect(() => load(flow(body))).toThrow("CF1013");
  });

  test("comments that only mention the word are left alone", () => {
    expect(() => load(flow(`/* the @point of this */ n++;`))).not.toThrow();
  });
});

test("a step with another body: attempts that begin later are those of the new one, what was recorded stays", async () => {
  const version = (name: string, ends: string) => `"use workflow";
import { step } from "coldframe";
export const first = step(async (n) => \`first of ${name} \${n}\`);
export const second = step(async (n) => { ${ends} }, { retry: { attempts: 3, interval: "1h", maxInterval: "1h" } });
export async function flow(n) {
  const a = await first(n);
  const b = await second(n);
  return [a, b];
}
`;
  const stage = world.stage();
  const { flow } = load(version("old", `throw new Error("not yet");`));
  const { engine, kill } = await stage.mortal();
  await engine.start(flow!, [3], { id: "run" });
  await stage.when(async () => (await engine.get("run"))!.waits.some(({ retry }) => retry !== null));
  kill();
  load(version("new", `return "second of new " + n;`));
  const outcome = await world.outcome(stage, await stage.engine());
  expect(outcome).toEqual({ result: ["first of old 3", "second of new 3"] });
});
