/** Decorators as TypeScript compiles them: both kinds, the same program through both compilers. */
import ts from "typescript";
import { expect, test } from "vitest";
import { compile, type Decorators, eraseTypes } from "../../compiler/index.ts";

const run = async (code: string): Promise<unknown> => {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  return ((await import(/* @vite-ignore */ url)) as { result: unknown }).result;
};

const parsed = (text: unknown): unknown =>
  typeof text === "string" && text.startsWith("[") ? JSON.parse(text) : text;

const libraries = new Map<string, ts.SourceFile | undefined>();

/** What TypeScript makes of a file, with its library at hand; what it says of types does not matter. */
function emitted(source: string, options: ts.CompilerOptions): string {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => {
    if (name === "flows.ts") return ts.createSourceFile(name, source, rest[0]);
    if (!libraries.has(name)) libraries.set(name, getSourceFile(name, ...rest));
    return libraries.get(name);
  };
  let text = "";
  host.writeFile = (_, written) => {
    text = written;
  };
  ts.createProgram(["flows.ts"], options, host).emit();
  return text;
}

async function compare(
  decorators: Decorators,
  source: string,
  decoratorMetadata?: { readonly strictNullChecks: boolean },
): Promise<unknown> {
  const outputText = emitted(source, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
    lib: ["lib.es2022.d.ts"],
    isolatedModules: true,
    experimentalDecorators: decorators === "legacy",
    emitDecoratorMetadata: decoratorMetadata !== undefined,
    strictNullChecks: decoratorMetadata?.strictNullChecks ?? true,
  });
  const expected = await run(outputText);
  expect(expected).toBeDefined();
  const options = decoratorMetadata === undefined ? { decorators } : { decorators, decoratorMetadata };
  expect(parsed(await run(eraseTypes(source, "flows.ts", options).code))).toEqual(parsed(expected));
  return expected;
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

/** `Reflect.metadata` as `reflect-metadata` has it: a decorator. */
const reflected = `
const seen: unknown[] = [];
const shown = (value: any): unknown => Array.isArray(value) ? value.map(shown) : typeof value === "function" ? value.name : String(value);
(Reflect as any).metadata = (key: string, value: unknown) => (target: any, name?: string) => {
  seen.push([typeof target === "function" ? target.name : target.constructor.name, String(name), key, shown(value)]);
};
const d: any = () => {};
`;

/** Types as they are written, and names of types whose meaning stands in the file. */
const types = [
  ...[
    "string",
    "number",
    "boolean",
    "bigint",
    "symbol",
    "object",
    "any",
    "unknown",
    "void",
    "undefined",
    "null",
  ],
  ...[
    "never",
    "this",
    "'a'",
    "1",
    "-1",
    "1n",
    "true",
    "`a`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a type
    "`${string}-x`",
    "string[]",
    "readonly string[]",
  ],
  ...["[string, number]", "() => void", "new () => Foo", "{ a: 1 }", "keyof Foo", "typeof d", "Foo['x']"],
  ...["(string)", "(() => void)", "asserts x is string", "x is string", "import('./x').Y", "unique symbol"],
  ...["string | number", "'a' | 'b'", "'a' | 1", "string | null", "string | undefined", "null | undefined"],
  ...[
    "Foo | Foo",
    "Foo | null",
    "string & { brand: 1 }",
    "string & unknown",
    "string | any",
    "string & never",
  ],
  ...["string | never", "(string | null)", "Later | Later", "Map<string, 1> | Map<string, 2>", "1 | 2n"],
  ...["string extends 'a' ? number : 1", "Foo extends string ? Missing : string"],
  ...[
    "Foo",
    "Foo<string>",
    "Later",
    "Numbers",
    "Strings",
    "Mixed",
    "Numbers.A",
    "Strings.A",
    "Mixed.A",
    "Mixed.B",
  ],
  ...[
    "Empty",
    "Computed",
    "Alias",
    "AliasOfUnion",
    "AliasOfFoo",
    "AliasOfArray",
    "AliasOfFunction",
    "AliasOfNull",
  ],
  ...[
    "AliasOfEnum",
    "AliasOfAlias",
    "AliasOfBrand",
    "AliasOfCallable",
    "AliasOfMember",
    "AliasOfConstructor",
    ...[
      "AliasOfArray2",
      "AliasOfPromise",
      "AliasOfTuple",
      "ReadonlyArray<1>",
      "Error",
      "Function",
      "Partial<Foo>",
      "PromiseLike<1>",
    ],
  ],
  ...[
    "Recursive",
    "Shape",
    "Callable",
    "Both",
    "T",
    "Date",
    "Map<string, Foo>",
    "Promise<string>",
    "Array<string>",
  ],
  ...[
    "Record<string, string>",
    "Missing",
    "Missing.Deeper",
    "Missing.Deeper.Still",
    "Space.Inner",
    "Space.Shape",
  ],
  ...[
    "Space.Deep.Inner",
    "Space.None.Inner",
    "Intl.Collator",
    "ofTypes",
    "Imported",
    "URL",
    "named.Stats",
    "Only",
  ],
];
const declarations = `
import { URL, type Blob as Only } from "node:url";
import type { Stats as Imported } from "node:fs";
import * as named from "node:fs";
class Foo<_T = 1> { x = 1; }
enum Numbers { A, B = 5 } enum Strings { A = "a", B = \`b\` } enum Mixed { A = "a", B = 1 } enum Empty {} enum Computed { A = 1 << 2, B = "x".length }
type Alias = string; type AliasOfUnion = "a" | "b"; type AliasOfFoo = Foo; type AliasOfArray = readonly Foo[]; type AliasOfFunction = () => void;
type AliasOfNull = string | null; type AliasOfEnum = Numbers; type AliasOfAlias = Alias; type AliasOfBrand = string & { brand: 1 };
type AliasOfCallable = { (): void }; type AliasOfMember = Strings.A; type AliasOfConstructor = new () => Foo; type AliasOfArray2 = Array<Foo>; type AliasOfPromise = Promise<1>; type AliasOfTuple = [1, 2]; type Recursive = string | Recursive[];
interface Shape { a: 1 } interface Callable { (): void } interface Both { a: 1 } class Both {}
namespace Space { export class Inner {} export interface Shape {} export namespace Deep { export class Inner {} } }
type ofTypes = 1;
`;

test.each([true, false])("legacy, with metadata: types, strictNullChecks %s", async (strictNullChecks) => {
  const members = types.flatMap((type, i) => {
    const isReturn = / is |^this$/.test(type);
    if (isReturn) return [`@d m${i}(x: any): ${type} { return x; }`];
    return [`@d f${i}!: ${type};`, `@d m${i}(_a: ${type}, ..._rest: (${type})[]): ${type} { return null!; }`];
  });
  const source = `${declarations}${reflected}
    function local<T>() { class C<T> { ${members.join("\n")} } return C<T>; }
    class Later {}
    local();
    export const result = JSON.stringify(seen);`;
  const seen = await compare("legacy", source, { strictNullChecks });
  expect(JSON.parse(seen as string).length).toBeGreaterThan(types.length * 3);
});

test("legacy, with metadata: declarations", async () => {
  const source = `${reflected}
    class Service {} interface Options {}
    @d class Plain {}
    @d class Made { constructor(readonly service: Service, private options: Options, count = 1, name: string = "", ...rest: Service[]) {} }
    class Injected { constructor(@d service: Service, untyped, { a }: { a: 1 }, [b]: string[] = []) {} }
    class Neither { constructor(service: Service) {} }
    @d class Generic<T, U extends string> { constructor(t: T, u: U, o?: Service) {} @d m<V>(t: T, v: V): V { return v; } }
    @d class Overloaded { constructor(a: string); constructor(a: string, b: number); constructor(a: any, b?: any) {} }
    class Members {
      @d untyped; @d made = 1; @d typed: string = ""; @d optional?: number; @d static shared: Service;
      @d declared!: Members;
      @d method() {} @d typedMethod(this: Members, a: string, b?: Service): string { return a; }
      @d async later() {} @d async typedLater(): Promise<string> { return ""; } @d *each() {}
      parameter(@d a: Service, b: number) {}
      @d get getter(): string { return ""; } @d get untypedGetter() { return ""; }
      @d set setter(v: number) {} @d set untypedSetter(v) {}
      @d get both(): string { return ""; } set both(v: Service | string) {}
      @d set other(v: number) {} get other(): number { return 1; }
      @d get written() { return 1 } set written(v: Service) {}
      @d static get shared2(): Service { return null!; } @d static make(a: Members): Members { return a; }
    }
    new Made(null!, null!);
    export const result = JSON.stringify(seen);`;
  await compare("legacy", source, { strictNullChecks: true });
});

test("legacy, with metadata: without Reflect.metadata nothing happens", async () => {
  const source = `const log: string[] = []; const d = (target: any, key: string) => { log.push(key); };
    class C { @d a: string; @d m(a: number) {} } export const result = log.join();`;
  expect(await compare("legacy", source.replace("a: string", "a!: string"), { strictNullChecks: true })).toBe(
    "a,m",
  );
});

test("a marked module with metadata: the types of imports stay imported", () => {
  const source = `"use workflow"; import { inject } from "./di.ts"; import { Service } from "./service.ts"; import { Shape } from "./shape.ts";
    export class Flow { constructor(@inject private service: Service) {} async run(shape: Shape) { await this.service; } }`;
  const metadata = { decorators: "legacy", decoratorMetadata: { strictNullChecks: true } } as const;
  const { code, diagnostics } = compile(source, { filename: "flows.ts", ...metadata });
  expect(diagnostics).toEqual([]);
  expect(code).toMatch(/import \{ Service \} from "\.\/service\.ts"/);
  expect(code).not.toContain("shape.ts");
  expect(compile(source, { filename: "flows.ts", decorators: "legacy" }).code).not.toContain("service.ts");
});

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
