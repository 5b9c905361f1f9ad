/** Decorators as TypeScript compiles them: both kinds, the same program through both compilers. */
import ts from "typescript";
import { expect, test } from "vitest";
import { compile, type Decorators, eraseTypes } from "../../compiler/index.ts";

const run = async (code: string): Promise<unknown> => {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  return ((await import(/* @vite-ignore */ url)) as { result: unknown }).result;
};

async function compare(decorators: Decorators, source: string): Promise<void> {
  const { outputText } = ts.transpileModule(source, {
    fileName: "flows.ts",
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: decorators === "legacy",
    },
  });
  const expected = await run(outputText);
  expect(expected).toBeDefined();
  expect(await run(eraseTypes(source, "flows.ts", { decorators }).code)).toEqual(expected);
}

test("legacy: order, what each gets, what it may replace", () =>
  compare(
    "legacy",
    `
const log: unknown[] = [];
const note = (name: string) => (log.push("evaluate " + name), (target: any, key?: any, own?: any) => {
  log.push([name, typeof target === "function" ? "class " + target.name : target.constructor.name, String(key), typeof own === "number" ? own : own && Object.keys(own)]);
});
const replace = (_t: object, _k: string, own: PropertyDescriptor) => ({ ...own, value: () => "replaced" });
const sealed = (C: any) => class Sealed extends C { sealed = true; };
@note("class") @sealed
class C {
  static made = log.push("static");
  static again: unknown = C;
  @note("field") x = 1;
  @note("method") @replace m(@note("parameter") _a: number) { return "own"; }
  @note("static method") static s() { return C.name; }
  @note("getter") get g() { return 1; }
  @note("static field") static f = 2;
  constructor(@note("first") readonly p: number, @note("second") q = 2) { log.push(q); }
  self() { return C; }
}
@note("exported") export class D { @note("in d") y = 1; }
@note("default") export default class E { @note("in default") z() {} }
const c: any = new C(3);
export const result = JSON.stringify([log, c.m(), c.x, c.p, c.sealed, C.s(), c.self() === C, C.name, D.name, Object.keys(c).sort()]);
`.replace('export default @note("default") class { @note("in default") z() {} }', ""),
  ));

test("standard: order, what each gets, what it may replace", () =>
  compare(
    "standard",
    `
const log: unknown[] = [];
const note = (name: string) => (log.push("evaluate " + name), (value: unknown, context: any) => {
  log.push([name, typeof value, context.kind, String(context.name), context.static, context.private]);
  context.addInitializer(function (this: unknown) { log.push("initialise " + name); });
});
@note("class")
class C {
  @note("field") x = 1;
  @note("method") m() { return "own"; }
  @note("private") #p() { return 1; }
  @note("static") static s = 2;
  @note("accessor") accessor a = 3;
  @note("getter") get g() { return this.#p() + this.a; }
}
const c = new C();
export const result = JSON.stringify([log, c.g, c.m(), C.s, Object.keys(c), C.name]);
`,
  ));

test("legacy: a computed key that would be evaluated twice is refused", () => {
  const source = `"use workflow"; const d = () => {}; export class C { @d [String(1)]() {} }`;
  const { diagnostics } = compile(source, { filename: "flows.ts", decorators: "legacy" });
  expect(diagnostics.map((one) => one.code)).toEqual(["CF1001"]);
});

test("a marked module with legacy decorators", () => {
  const source = `"use workflow"; const d = (C: any): any => C;
@d export class C { #x = 1; @((): void => {}) async m() { await 0; return this.#x; } }`;
  const { code, diagnostics } = compile(source, { filename: "flows.ts", decorators: "legacy" });
  expect(diagnostics).toEqual([]);
  expect(code).not.toContain("@");
});
