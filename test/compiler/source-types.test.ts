/** Files as ES modules, as CommonJS and as classic scripts, every function compiled: they mean what they mean uncompiled. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { afterAll, expect, test } from "vitest";
import { ABI_VERSION } from "../../abi/index.ts";
import { compile } from "../../compiler/index.ts";
import { helperNames, reserved } from "../../compiler/reserved-names.ts";
import { install, registry } from "../../runtime/machine/index.ts";

const folder = mkdtempSync(join(import.meta.dirname, "../../node_modules/.cache-source-types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compiled(
  source: string,
  sourceType: "module" | "commonjs" | "script",
  filename = "file.js",
): string {
  const { code, diagnostics } = compile(source, { filename, sourceType, mark: "all" });
  expect(diagnostics).toEqual([]);
  return code!;
}

/** The value of `expression` after `script` was evaluated in a realm of its own, as it is and compiled. */
async function both(script: string, expression: string): Promise<void> {
  const plain = vm.createContext({ log: [] });
  const ours = vm.createContext({ log: [] });
  install(vm.runInContext("globalThis", ours));
  const results = [];
  for (const [context, text] of [
    [plain, script],
    [ours, compiled(script, "script")],
  ] as const) {
    let completion: unknown;
    try {
      completion = vm.runInContext(text, context);
    } catch (error) {
      completion = `${(error as Error).name}: ${(error as Error).message}`;
    }
    const value: unknown = await vm.runInContext(expression, context);
    results.push(
      JSON.stringify([/^(object|function)$/.test(typeof completion) || String(completion), value]),
    );
  }
  expect(results[1]).toBe(results[0]);
}

test("the registry has every helper", () => {
  expect(Object.keys(registry.helpers!).sort()).toEqual([...helperNames].sort());
  // A helper must not hide behind a name that step functions have for something else.
  expect(helperNames.filter((one) => (reserved as readonly string[]).includes(one))).toEqual([]);
});

test.each([
  [
    "functions and variables are properties of the global object",
    "var a = 1; async function f() {} function g() { return async () => a; } let l = async () => 2; class C { async m() { return 1; } }",
    `(async () => [Object.getOwnPropertyDescriptor(globalThis, "f").configurable, "a" in globalThis, "g" in globalThis, "l" in globalThis, "C" in globalThis, await g()(), await l(), await new C().m(), typeof f, f.name])()`,
  ],
  [
    "functions are there before the first statement",
    "var early = [typeof f, typeof g]; async function f() {} function g() { return async () => 1; }",
    "early",
  ],
  [
    "no other names",
    "async function f() { await 0; } let x = [async () => 1];",
    `Object.getOwnPropertyNames(globalThis).filter((name) => name.startsWith("$") || name === "f")`,
  ],
  [
    "this of a function",
    "async function f() { await 0; return this === globalThis; } function g() { 'use strict'; return (async () => this === undefined)(); } const top = async () => { await 0; return this === globalThis; };",
    "Promise.all([f(), g(), top(), (async function () { 'use strict'; return this; })().then(String)])",
  ],
  [
    "an undeclared variable",
    "async function f() { await 0; undeclared = 7; return undeclared; } class C { async m() { await 0; other = 1; } }",
    `(async () => [await f(), globalThis.undeclared, await new C().m().catch((e) => e.name)])()`,
  ],
  [
    "functions in blocks",
    "var before = typeof blk; if (true) { blk(); function blk() { return async () => 1; } } { function two() {} two = 5; } async function f() { const seen = [typeof inner]; await 0; { function inner() {} } seen.push(typeof inner); return seen; } function p(q) { { function q() {} } return typeof q; }",
    "(async () => [before, typeof blk, typeof two, await f(), p(1)])()",
  ],
  [
    "a function in a branch",
    "async function f(x) { await 0; if (x) function g() { return 1; } return typeof g; }",
    "Promise.all([f(true), f(false)])",
  ],
  [
    "a block function beside a let",
    "async function f() { await 0; let g = 1; { function g() {} } return g; }",
    "f()",
  ],
  [
    "the name of a function expression is not written",
    "var f = async function me() { await 0; me = 1; me += 1; return typeof me; };",
    "f()",
  ],
  [
    "delete of a variable",
    "async function f() { var x = 1; const g = () => x; await 0; return [delete x, g()]; }",
    "f()",
  ],
  ["duplicate parameters", "async function f(a, a) { await 0; return a; }", "f(1, 2)"],
  [
    "arguments of sloppy functions",
    "async function f(a) { await 0; return [arguments.length, a, arguments[0]]; }",
    "f(1, 2)",
  ],
  [
    "mapped arguments of a plain function",
    "function f(a) { arguments[0] = 2; return a; } function g(a) { a = 3; return arguments[0]; }",
    "[f(1), g(1)]",
  ],
  ["completion of an expression", "var f = async () => 1; f.name", "0"],
  [
    "completion of a block",
    "var n = 0; for (const f of [async () => 1, async () => 2]) { n += f.name.length; }",
    "n",
  ],
  ["completion of declarations", "async function f() {} let x = async () => 1;", "0"],
  ["a redeclared let", "let x = async () => 1; let y = x;", "0"],
  [
    "destructuring at the top",
    "const { a = async () => 3, ...rest } = { b: 1 }; let [c = class { async m() { return 4; } }] = [];",
    "(async () => [await a(), a.name, rest, await new c().m(), c.name])()",
  ],
  [
    "strict scripts",
    "'use strict'; async function f() { await 0; try { undeclared = 1; } catch (e) { return e.name; } }",
    "f()",
  ],
  ["assigned functions", "async function f() { return 1; } f = async function () { return 2; };", "f()"],
  [
    "brands",
    "async function f(a, b = 1) {} async function* g() {}",
    `[f, g].map((one) => [Object.prototype.toString.call(one), one.name, one.length, Reflect.ownKeys(one)])`,
  ],
])("script: %s", async (_, script, expression) => {
  await both(script, expression);
});

test("scripts of one realm", async () => {
  const context = vm.createContext({});
  install(vm.runInContext("globalThis", context));
  vm.runInContext(
    compiled("async function f() { await 0; return 1; } let one = async () => f();", "script", "one.js"),
    context,
  );
  vm.runInContext(
    compiled("async function f() { await 0; return 2; } let two = async () => f();", "script", "one.js"),
    context,
  );
  expect(await vm.runInContext("Promise.all([one(), two(), f()])", context)).toEqual([2, 2, 2]);
});

test("script: without the machine it says what to do", () => {
  const text = compiled("async function f() { await 0; }", "script");
  expect(() => vm.runInContext(text, vm.createContext({}))).toThrow(/import "coldframe\/machine" before/);
});

test("commonjs", async () => {
  const source = `
    const { join } = require("node:path");
    async function f(...parts) { await 0; return join(...parts); }
    exports.f = f;
    exports.early = typeof later;
    exports.self = async () => { await 0; return this === module.exports; };
    exports.sloppy = async function () { await 0; return this === globalThis; };
    exports.strict = async function () { "use strict"; await 0; return this; };
    function later() { return async () => exports.f("x", "y"); }
    exports.later = later;
    if (exports.f) return;
    exports.never = 1;`;
  const module = { exports: {} as Record<string, (...args: unknown[]) => unknown> };
  const require = createRequire(import.meta.url);
  const machine = await import("../../runtime/machine/index.ts");
  const load = (name: string) => (name === "coldframe/machine" ? machine : require(name));
  new Function("exports", "require", "module", compiled(source, "commonjs")).call(
    module.exports,
    module.exports,
    load,
    module,
  );
  const { exports } = module;
  expect(await exports["f"]!("a", "b")).toBe("a/b");
  expect(exports["early"]).toBe("function");
  expect(await exports["self"]!()).toBe(true);
  const { sloppy, strict } = exports;
  expect(await sloppy!()).toBe(true);
  expect(await strict!()).toBe(undefined);
  expect(await (exports["later"]!() as () => unknown)()).toBe("x/y");
  expect(exports).not.toHaveProperty("never");
});

/** Writes modules as they are and compiled, and imports the first of each. */
async function modules(files: Record<string, string>): Promise<[plain: unknown, ours: unknown]> {
  const results: unknown[] = [];
  // Node loads these files, not the test runner: they find the machine of the test in the registry.
  const machine = pathToFileURL(join(folder, "machine.mjs")).href;
  const registryText = `globalThis[Symbol.for("coldframe.registry@${ABI_VERSION}")]`;
  writeFileSync(
    join(folder, "machine.mjs"),
    `export const { ${helperNames.join(", ")} } = ${registryText}.helpers;`,
  );
  for (const kind of ["plain", "ours"]) {
    const at = join(folder, `${kind}-${++count}`);
    mkdirSync(at);
    for (const [name, source] of Object.entries(files)) {
      const text = kind === "plain" ? source : compiled(source, "module", `${count}/${name}`);
      writeFileSync(join(at, name), text.replaceAll('"coldframe/machine"', JSON.stringify(machine)));
    }
    const [first] = Object.keys(files);
    const { result } = (await import(/* @vite-ignore */ pathToFileURL(join(at, first!)).href)) as {
      result: unknown;
    };
    results.push(await result);
  }
  return results as [unknown, unknown];
}
let count = 0;

test.each([
  [
    "a cycle: functions are called before their module is evaluated",
    {
      "a.mjs": `import { early } from "./b.mjs"; export async function f(n) { await 0; return n + 1; } export default async function () { return "d"; }
      export function* g() { yield 1; } export function sync() { return async () => 5; } async function hidden() { await 0; return 6; } export { hidden as shown };
      export const result = early.then((list) => [...list, f.name, f === same]); import { same } from "./b.mjs";`,
      "b.mjs": `import d, { f, g, sync, shown } from "./a.mjs"; export const same = f; export const early = Promise.all([f(1), d(), [...g()], sync()(), shown(), d.name]);`,
    },
  ],
  [
    "top-level await around marked code",
    {
      "a.mjs": `export async function f() { await 0; return 1; } const x = await f(); class C { async m() { return x; } } export const result = [x, await new C().m(), await (async () => 3)()];`,
    },
  ],
  [
    "defaults and re-exports",
    {
      "a.mjs": `import arrow, { named } from "./b.mjs"; import d, * as c from "./c.mjs"; export const result = [arrow.name, await arrow(), named.name, d.name, d.length, await d(1), Object.keys(c).join()];`,
      "b.mjs": `export default async () => 1; async function named() { await 0; } export { named };`,
      "c.mjs": `export * from "./b.mjs"; export { named as again } from "./b.mjs"; export default async function (a, b = 2) { await 0; return a + b; }`,
    },
  ],
  [
    "modules are evaluated in the order of what asks for them",
    {
      "a.mjs": `export * from "./b.mjs"; import { log } from "./log.mjs"; import "./c.mjs"; export async function f() { await 0; } export const result = log;`,
      "b.mjs": `import { log } from "./log.mjs"; log.push("b");`,
      "c.mjs": `import { log } from "./log.mjs"; log.push("c");`,
      "log.mjs": `export const log = [];`,
    },
  ],
  [
    "a default that is assigned later",
    {
      "a.mjs": `import f, { set } from "./b.mjs"; const before = await f(); set(); export const result = [before, await f()];`,
      "b.mjs": `export default async function f() { return 1; } export function set() { f = async () => 2; }`,
    },
  ],
])("module: %s", async (_, files) => {
  const [plain, ours] = await modules(files as unknown as Record<string, string>);
  expect(ours).toEqual(plain);
  expect(plain).toBeDefined();
});
