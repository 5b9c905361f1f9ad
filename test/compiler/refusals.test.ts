/** What the compiler cannot keep it refuses: with a code, the line, and what to write instead. */
import { describe, expect, test } from "vitest";
import { compile, diagnosticTitles, formatDiagnostic } from "../../compiler/index.ts";

/** The diagnostics of a workflow with this body. */
function refused(body: string, sourceType: "module" | "commonjs" = "module"): string[] {
  const source = `async function main(x) {\n  "use workflow";\n  ${body}\n}\n`;
  const { code, diagnostics } = compile(source, { filename: "flows.ts", sourceType });
  expect(code).toBeNull();
  for (const one of diagnostics) expect(one.message.startsWith(`${diagnosticTitles[one.code]}: `)).toBe(true);
  return diagnostics.map(formatDiagnostic);
}

describe("refused", () => {
  test("CF1001: text that is no JavaScript, at the place where it stops being that", () => {
    expect(refused("const = 1;")).toEqual([
      "CF1001 the source cannot be parsed: Unexpected token\n  flows.ts:3:9    const = 1;",
    ]);
  });

  test("CF1005: each variable of which a nested step would change a copy, and of which there is none", () => {
    const namesIn = (body: string) =>
      refused(`let y = 1, o = { x }; const s = async () => { "use step"; ${body} }; await s();`).map(
        (line) => line.match(/^CF1005 .*: "([\w.]+)" belongs to/)?.[1],
      );
    expect(namesIn("x = 2; y++; return o;")).toEqual(["x", "y"]);
    expect(namesIn("[o.y, { x }] = [1, o];")).toEqual(["x"]);
    expect(namesIn("for (y of []) for (const x of []) x();")).toEqual(["y"]);
    expect(namesIn("return [1].map(() => (y ??= x));")).toEqual(["y"]);
    expect(namesIn("return this.x + arguments.length;")).toEqual(["this", "arguments"]);
    const held = "const f = () => y; class C {} function g() {} let h = () => 1; h = 2;";
    const steps =
      'const plain = async () => { "use step"; }; const uses = async () => { "use step"; return o; };';
    expect(
      refused(
        `${held} ${steps} let o = {}; const s = async () => { "use step"; return [f(), new C(), g, h, plain, s, uses]; }; await s();`,
      ).map((line) => line.match(/^CF1005 .*: "([\w.]+)" belongs .* no copy of a function/)?.[1]),
    ).toEqual(["f", "C", "g", "uses"]);
  });

  test("CF1010: with", () => {
    const [line, ...others] = refused("with (x) { a(); }", "commonjs");
    expect(line).toMatch(/^CF1010 with statements cannot be compiled: name the object/);
    expect(others).toEqual([]);
  });

  test("CF1011: direct eval, but no indirect one and no function that is called so", () => {
    expect(refused('return eval("x");')).toEqual([expect.stringMatching(/^CF1011 .*\(0, eval\)\(text\)/)]);
    const fine = 'export async function main() { "use workflow"; return (0, eval)("1"); }';
    expect(compile(fine, { filename: "flows.ts" }).diagnostics).toEqual([]);
    const own = 'const eval2 = (x) => x; export async function main() { "use workflow"; return eval2("1"); }';
    expect(compile(own, { filename: "flows.ts" }).diagnostics).toEqual([]);
  });

  test("a file that no directive marks is left as it is, and warned of", () => {
    const source = "export function peek(x) { return eval(x); }\nexport async function f() { await 1; }";
    const whole = compile(source, { filename: "package.js", mark: "all" });
    expect(whole.code).toBeNull();
    expect(whole.diagnostics.map(({ code, severity, line }) => [code, severity, line])).toEqual([
      ["CF1011", "warning", 1],
    ]);
    const script = compile("with (x) f();", { filename: "a.js", mark: "all", sourceType: "script" });
    expect(script.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["CF1010", "warning"]]);
    const marked = compile(`"use workflow";\n${source}`, { filename: "package.js", mark: "all" });
    expect(marked.diagnostics[0]).toMatchObject({ code: "CF1011", severity: "error" });
  });

  test("CF1012: a method that nothing has a name for as a step", () => {
    for (const source of [
      'export class Bank { async #charge() { "use step"; } }',
      'export class Bank { static async #charge() { "use step"; } }',
      'export const make = () => class { static async charge() { "use step"; } };',
      'export const key = "x"; export class Bank { static async [key]() { "use step"; } }',
    ])
      for (const mark of ["directives", "all"] as const) {
        const { code, diagnostics } = compile(source, { filename: "flows.ts", mark });
        expect(code).toBeNull();
        expect(diagnostics).toMatchObject([{ code: "CF1012", line: 1 }]);
      }
    for (const [method, path] of [
      ["static async charge", "Bank.charge"],
      ["async charge", "Bank.prototype.charge"],
    ]) {
      const fine = `export class Bank { ${method}() { "use step"; } }`;
      expect(compile(fine, { filename: "flows.ts" })).toMatchObject({
        diagnostics: [],
        manifest: { steps: [`flows.ts#${path}`] },
      });
    }
  });
});

test("files without a directive are left alone, whatever stands in them", () => {
  for (const source of ["with (x) y();", "return eval('1')", "const = 1"]) {
    expect(compile(source, { filename: "plain.js", sourceType: "commonjs" })).toMatchObject({
      code: null,
      diagnostics: [],
    });
  }
});
