/** Where a directive may stand, and what the compiler says when it stands elsewhere. */
import { transformSync } from "@babel/core";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { compile, formatDiagnostic } from "../../compiler/index.ts";

/** `workflow main` and `step charge` for what a file means; `plain` when nothing is marked; else the codes. */
function meaning(source: string): string {
  const { code, manifest, diagnostics } = compile(source, { filename: "flows.ts" });
  if (diagnostics.length > 0) {
    expect(code, "refused code must not run").toBeNull();
    return diagnostics.map((one) => one.code).join(" ");
  }
  if (manifest === null) return "plain";
  const name = (id: string) => id.slice(id.indexOf("#") + 1);
  const steps = manifest.steps.map(name);
  // A step that uses variables has a closure which hands them on.
  const isStep = (id: string) => steps.some((one) => one.replace(/\{.*/, "") === id);
  const functions = manifest.codes.filter(({ id, kind }) => kind !== "class" && !isStep(name(id)));
  const workflows = functions.map((one) => `workflow ${name(one.id)}`);
  return [...workflows, ...steps.map((one) => `step ${one}`)].join(", ");
}

const MODULE = "export async function main() { await a(); }";

describe('"use workflow" marks the file', () => {
  test.each([
    ["a one-line body", 'export async function main() { "use workflow"; await a(); }', "workflow main"],
    ["single quotes", "export async function main() { 'use workflow'; await a(); }", "workflow main"],
    ["nothing behind it", 'export async function main() { "use workflow" }', "workflow main"],
    [
      "comments around it",
      'export async function main() { /* b */ "use workflow" /* c */; }',
      "workflow main",
    ],
    ["default arrow", 'export default async () => { "use workflow"; await a(); };', "workflow default"],
    ["default function", 'export default async function () { "use workflow"; }', "workflow default"],
    ["arrow", 'export const main = async () => { "use workflow"; };', "workflow main"],
    ["function expression", 'export const main = async function () { "use workflow"; };', "workflow main"],
    ["object method", 'export const o = { async main() { "use workflow"; } };', "workflow o.main"],
    ["arrow in an object", 'export const o = { main: async () => { "use workflow"; } };', "workflow o.main"],
    ["method", 'export class A { async main() { "use workflow"; } }', "workflow A.main"],
    ["static method", 'export class A { static async main() { "use workflow"; } }', "workflow A.main"],
    [
      "a parameter with a default",
      'export async function main(x = 1) { "use workflow"; return x; }',
      "workflow main",
    ],
    [
      "behind another directive",
      'export async function main() { "use strict"; "use workflow"; }',
      "workflow main",
    ],
    [
      "before another directive",
      'export async function main() { "use workflow"; "use strict"; }',
      "workflow main",
    ],
    ["top of the module", `"use workflow"; ${MODULE}`, "workflow main"],
    ["top of the module, second", `"use strict"; "use workflow"; ${MODULE}`, "workflow main"],
    ["below a hashbang", `#!/usr/bin/env node\n// notes\n"use workflow";\n${MODULE}`, "workflow main"],
    [
      "its other async functions as well",
      'async function a() {} export async function main() { "use workflow"; await a(); }',
      "workflow a, workflow main",
    ],
    [
      "functions of namespaces",
      '"use workflow"; namespace shop { export async function main() {} export namespace deep { export async function sub() {} } }',
      "workflow shop.main, workflow shop.deep.sub, workflow shop.deep, workflow shop",
    ],
    [
      "a nested function",
      'async function main() { const f = async () => { "use workflow"; }; await f(); }',
      "workflow main.f, workflow main",
    ],
  ])("%s", (_, source, expected) => {
    expect(meaning(source)).toBe(expected);
  });
});

describe('"use step" marks a function', () => {
  test.each([
    ["alone in its file", 'export async function a() { "use step"; return 1; }', "step a"],
    ["arrow", 'export const a = async () => { "use step"; };', "step a"],
    ["object method", 'export const o = { async a() { "use step"; } };', "step o.a"],
    ["said twice", 'export async function a() { "use step"; "use step"; }', "step a"],
    [
      "top of the module: exported ones only",
      '"use step"; export async function a() {} export const b = async () => {}; async function c() {}',
      "step a, step b",
    ],
    ["top of the module: exported below", '"use step"; async function a() {} export { a };', "step a"],
    [
      "top of the module, with a workflow in it",
      '"use step"; export async function a() {} export async function main() { "use workflow"; await a(); }',
      "workflow main, step a",
    ],
    [
      "in a marked module",
      '"use workflow"; async function a() { "use step"; } export async function main() { await a(); }',
      "workflow main, step a",
    ],
    [
      "nested, without variables of the outside",
      'export async function main(n) { "use workflow"; const a = async (n) => { "use step"; return n; }; await a(n); }',
      "workflow main, step main.a",
    ],
    [
      "nested, with one",
      'export async function main(n) { "use workflow"; const a = async () => { "use step"; return n; }; await a(); }',
      "workflow main, step main.a{n}",
    ],
    [
      "nested, of one name",
      'export async function main(n) { "use workflow"; { const a = async () => { "use step"; return 1; }; await a(); } { const a = async () => { "use step"; return 2; }; await a(); } }',
      "workflow main, step main.a~94pfxo0, step main.a~8362p80",
    ],
    [
      "nested, in a file without a workflow",
      'export function bank(n) { async function a() { "use step"; let n = 1; n++; } return [a, async () => { "use step"; return n; }]; }',
      "step bank.a, step bank.anonymous{n}~146hid1",
    ],
    [
      "nested, and it changes one: CF1005",
      'export async function main(n) { "use workflow"; const a = async () => { "use step"; return n++; }; await a(); }',
      "CF1005",
    ],
  ])("%s", (_, source, expected) => {
    expect(meaning(source)).toBe(expected);
  });
});

describe("no directive", () => {
  test.each([
    ["parenthesised", 'export async function main() { ("use workflow"); await a(); }'],
    ["a template", "export async function main() { `use workflow`; await a(); }"],
    ["a value", 'export async function main() { return "use workflow"; }'],
    ["a constant", 'export async function main() { const word = "use workflow"; return word; }'],
    ["a property", 'export const words = { "use workflow": 1 };'],
    ["a comment", `// "use workflow"\n${MODULE}`],
    ["an escape", 'export async function main() { "use\\x20workflow"; await a(); }'],
    ["of somebody else", 'export async function main() { "use client"; await a(); }'],
    ["of the language", `"use strict"; ${MODULE}`],
  ])("%s", (_, source) => {
    expect(meaning(source)).toBe("plain");
  });
});

describe("in the wrong place", () => {
  test.each([
    ["on a sync function", 'export function main() { "use workflow"; return a(); }', "CF1002"],
    ["on a sync arrow", 'export const main = () => { "use workflow"; };', "CF1002"],
    ["on a generator", 'export function* main() { "use workflow"; yield 1; }', "CF1002"],
    ["on a getter", 'export const o = { get x() { "use workflow"; return 1; } };', "CF1002"],
    ["on a constructor", 'export class A { constructor() { "use workflow"; } }', "CF1002"],
    ["a step that is sync", 'export function a() { "use step"; return 1; }', "CF1002"],
    ["after a statement", 'export async function main() { await a(); "use workflow"; }', "CF1003"],
    ["after an import", `import { a } from "a"; "use workflow"; ${MODULE}`, "CF1003"],
    ["in a block", 'export async function main() { if (x) { "use step"; } }', "CF1003"],
    ["both on one function", 'export async function main() { "use workflow"; "use step"; }', "CF1006"],
    ["both on one module", `"use workflow"; "use step"; ${MODULE}`, "CF1006"],
  ])("%s", (_, source, code) => {
    expect(meaning(source)).toBe(code);
  });
});

describe("misspelt within two letters", () => {
  test.each([
    "use workflows",
    "use workfow",
    "use wrokflow",
    "use-workflow",
    "use_workflow",
    "useworkflow",
    "Use Workflow",
    " use workflow",
    "use steps",
    "use stap",
    "use-step",
  ])("%j is CF1004 and names the right one", (word) => {
    const source = `export async function main() { "${word}"; await a(); }`;
    const [one, ...others] = compile(source, { filename: "flows.ts" }).diagnostics;
    expect(others).toEqual([]);
    expect(one).toMatchObject({ code: "CF1004", line: 1, column: 31, excerpt: source });
    expect(one!.message).toContain(
      `"${word}" is not a directive; write "${/st/.test(word) ? "use step" : "use workflow"}"`,
    );
  });
});

test("every mistake of a file is told at once, each at its line", () => {
  const source = [
    'export function one() { "use workflow"; }',
    'export async function two() { "use stepp"; }',
    'export async function three() { await a(); "use step"; }',
  ].join("\n");
  const { diagnostics } = compile(source, { filename: "flows.ts" });
  expect(diagnostics.map(({ code, line }) => [code, line])).toEqual([
    ["CF1002", 1],
    ["CF1004", 2],
    ["CF1003", 3],
  ]);
});

describe("an async function that another tool has compiled away", () => {
  const advice = /CF1002 .*made it of an async function.*ES2017/;
  const author = 'export async function main(n) { "use workflow"; await n; }';
  const failed = (code: string) =>
    compile(code, { filename: "main.js", sourceType: /^export/m.test(code) ? "module" : "commonjs" })
      .diagnostics.map(formatDiagnostic)
      .join("\n");

  test.each([
    ["tsc", ts.transpileModule(author, { compilerOptions: { target: ts.ScriptTarget.ES2015 } }).outputText],
    [
      "tsc with its helpers imported",
      ts.transpileModule(author, {
        compilerOptions: {
          target: ts.ScriptTarget.ES2015,
          importHelpers: true,
          module: ts.ModuleKind.CommonJS,
        },
      }).outputText,
    ],
    [
      "Babel",
      transformSync(author, { presets: [["@babel/preset-env", { targets: { node: 6 }, modules: false }]] })!
        .code!,
    ],
    [
      "Babel for older engines",
      transformSync(author, { presets: [["@babel/preset-env", { targets: "ie 11", modules: false }]] })!
        .code!,
    ],
    ["swc", '_async_to_generator(function*() { "use workflow"; })'],
  ])("%s", (_, code) => {
    expect(failed(code)).toMatch(advice);
  });
});
