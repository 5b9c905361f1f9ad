// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates in programs, not in strings
/**
 * Whatever is printed is read as it was: syntax where a missing parenthesis or blank would make another program, and every source
 * file of this repository that is plain JavaScript.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ParserOptions, parse } from "@babel/parser";
import { describe, expect, test } from "vitest";
import { print } from "../../compiler/print/index.ts";

const options: ParserOptions = {
  sourceType: "module",
  plugins: ["jsx", "decoratorAutoAccessors", "explicitResourceManagement", "decorators"],
};

const incidental = new Set(["start", "end", "loc", "extra", "shorthand", "comments", "errors"]);
const shape = (program: unknown) =>
  JSON.parse(
    JSON.stringify(program, (key, value) =>
      incidental.has(key) || key.endsWith("Comments") || value === null ? undefined : value,
    ),
  );

function roundTrip(source: string, of = options): string {
  const { program } = parse(source, of);
  const { code } = print(program);
  expect(shape(parse(code, of).program)).toEqual(shape(program));
  return code;
}

const programs = [
  // how tightly things bind
  "x = (a, b), c; f((a, b), c); [(a, b)]; `${(a, b)}`;",
  "a = b ? (c, d) : (e = f); (a ? b : c) ? d : e; a ? b : c ? d : e; (a = b) ? c : d;",
  "(a ?? b) || c; a ?? (b || c); (a && b) ?? c; a ?? b ?? c; a ?? (b ?? c); a || b && c; (a || b) && c;",
  "(-a) ** b; (await a) ** b; (a ** b) ** c; a ** b ** c; a ** -b; (+a) ** (b++); (a++) ** b; -(a ** b);",
  "a - (b - c); a - b - c; (a + b) * c; a * (b + c); a % (b * c); a < b === c; a << (b + c);",
  "- -a; + +a; -(+a); - --a; + ++a; -(-1); typeof (typeof a); void 0; !(!a); delete a.b; ~(~a); !(a in b); !a in b;",
  "(await a)(); await a(); (await a).b; await (a, b); await (a ? b : c); new (await a)(); -(await a); await -a;",
  "(a => b)(); (a => b).c; a || (b => c); (a => b) ? c : d; x = a => b ? c : d; async a => await a; async (a, b) => {};",
  "(function () {})(); (class {}).name; !function () {}(); (function () {}).call(a), b; (async function () {})();",
  "({}).x; ({ a } = b); ({}), a; x = {}; (() => ({}))(); () => ({}).x; () => ({ a } = b); () => [];",
  "(a.b)(); new (a())(); new (a.b().c)(); new a.b.c(); new (a?.b)(); new (import('a'))(); new new A()(); new (new A().b)(); new (a`b`)(); new (a().b`c`)();",
  "(a?.b).c; a?.b.c; (a?.b)(); a?.b(); a?.(); a?.[b]?.c; (a?.b)`c`; a.b?.(c).d; (a?.b.c).d?.e; delete a?.b; (a ?? b)?.c;",
  "1..x; (1).x; 1.5.x; 1[x]; 0xff.x; 1n.x; 'a'.b; /a/g.b; (-1).x; 1e3.x;",
  "a++ + ++b; a-- - --b; a + +b; a - -b; (a++).b; i++ < --j; a < !--b;",
  "f(...a, ...(b, c)); [...a, , b]; [, ]; [, a]; [a, , ]; [[]]; [a, ...b];",
  "x = a = b; x += (a, b); x ||= y ??= z; [a, b] = c; [a = (1, 2), ...b] = c; ({ a: { b }, ...c } = d);",
  // what a statement must not begin with
  "('use strict'); 'a' + b; ('a').b; (let_); (function f() {}); (class A {}).b; (function () {})`a`;",
  "(async () => {})(); (async function () {}); async = 1; async(); (a, function () {}); ({}).a = b;",
  "export default (function () {}).a; ",
  "export default (class {}).a;",
  "export default (function () {})();",
  "export default (a, b);",
  "export default class {}",
  "export default function* () {}",
  "export default async () => {};",
  // `in` and `of`
  "for (const a = (b in c); ; ) ; for (a = (b in c) ? d : e; ; ) ; for (let f = () => { a in b; }; ; ) ; for (let a = [(b in c)]; ; ) ;",
  "for (const a in (b, c)) ; for (const a of (b, [c])) ; for (a.b of c) ; for ([a, b] of c) ; for ({ a } of b) ; for (const { a = 1 } of b) ;",
  "for ((async) of a) ; for (async.x of a) ; for await (const a of b) ; for (;;) { break; }",
  // statements in statements
  "if (a) { if (b) c; } else d; if (a) { for (;;) if (b) c; } else d; if (a) if (b) c; else d; if (a) b; else if (c) d; else e;",
  "if (a) ; else b; while (a) ; do a; while (b); do { a; } while (b); a: for (;;) { continue a; } a: { break a; } b: if (a) c;",
  "switch (a) { case (b, c): default: d; case e: { f; } } switch (a) {} switch (a) { case 1: }",
  "try { a; } catch { b; } try { a; } catch ({ b = 1 }) { c; } finally { d; } throw (a, b); debugger; ;",
  "var a, b = 1, { c, d: [e] } = f; let { [g]: h = i, 'j': k, 1: l } = m; using n = o; await using p = q;",
  "function f(a = (1, 2), { b } = {}, [c], ...d) {} function g(a) { 'use strict'; } ",
  "function* g() { const a = yield; yield* (yield b); (yield c) + d; yield (e, f); [yield]; yield a ? b : c; (yield) ? 1 : 2; yield* a; }",
  // literals
  '"\\u2028\\n\\ud800"; a = "\\u{1f600}"; b = \'it\\\'s\'; c = 0b11; d = 1_000; e = 12n; f = 0x1Fn; g = /[/]\\/(?<a>b)/dgimsuy;',
  "`a${b}c${`d${e}`}\n  f\\`$\\{`; a`b\\u`; a.b`c${(d, e)}`; `${{}}`; `${a}${b}`;",
  "x = { a, b: c, 'd': e, 1: f, [g]: h, i() {}, get j() { return 1; }, set j(k) {}, async l() {}, *m() {}, async *[n]() {}, __proto__: o, ...p };",
  "x = { async: 1, get: 2, set: 3, async() {}, get() {}, static() {}, async get() {}, get get() { return 1; } };",
  // classes
  "class A extends (a, b) { a; static b = 1; #c = (1, 2); static #d; [e] = f; 'g'; 1; static { this.h = 1; } constructor() { super(); } }",
  "class A extends B { get a() { return super.a; } set #b(c) {} static async *d() {} static get e() { return #b in this; } #f() { return this?.#f; } }",
  "class A { static static; get; set; async; static async; accessor a = 1; static accessor #b; accessor; 'constructor'() {} static() {} get get() { return 1; } }",
  "@a @b.c @d.e(1) @(f[0]) @(g ? h : i) @(j()()) class A { @k l; @m n() {} @o accessor p; }",
  "class A extends f() {} class B extends a?.b {} class C extends (() => {}) {} class D extends class {} {} class E extends (a ? b : c) {} class F extends {} {}",
  // modules
  "import a from 'b'; import * as c from 'd'; import e, { f, g as h, 'i' as j, default as k } from 'l'; import {} from 'm'; import 'n'; import o, * as p from 'q';",
  "import a from 'b' with { type: 'json' }; export * from 'c'; export * as d from 'e'; export * as 'f' from 'g'; const h = 1, i = 2; export { h, i as j, h as 'k', i as default }; export { l } from 'm'; export {};",
  "export const a = 1; export function b() {} export class C {} export let { d } = e; import.meta.url; import('f'); import('g', { with: {} }); new.target_;".replace(
    "new.target_",
    "1",
  ),
  "function f() { return new.target; } await import('a');",
  // JSX
  "x = <a b='&quot;c&amp;' d={e} {...f} g:h='i\n j'>k &lt; {l} {/* m */} {...n}<o.p.q /><></>\n  r\n</a>;",
  "x = a ? <b /> : <c>{(d, e)}</c>; f(<a>{b => <c />}</a>, <a b=<c /> />); <a />;",
];

test.each(programs)("%s", (source) => {
  roundTrip(source);
});

test("scripts may call a variable let, and have directives", () => {
  const script: ParserOptions = { sourceType: "script", allowReturnOutsideFunction: true };
  roundTrip(
    "(let)[0] = 1; (let[0]).a; let.b; for ((let) of a) ; for ((let).a in b) ; for (let in a) ; var let;",
    script,
  );
  roundTrip(
    "#!/usr/bin/env node\n'use\\x20strict'; \"it's\"; a; with (b) c; for (var d = 1 in e) ; return;",
    script,
  );
  roundTrip("if (a) function f() {} else function g() {} var yield_, await = 1; <!-- b\n await\n", script);
});

test("types are refused", () => {
  const { program } = parse("let a: string", { ...options, plugins: ["typescript"] });
  expect(() => print(parse("interface A {}", { plugins: ["typescript"] }).program)).toThrow(
    "TSInterfaceDeclaration",
  );
  expect(print(program).code).toBe("let a;\n");
});

describe("every script of the repository", () => {
  const root = join(import.meta.dirname, "../..");
  const files = ["bench", "examples", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((one) => one.endsWith(".mjs") && !one.includes("node_modules"))
      .map((one) => join(folder, one)),
  );
  test.each(files)("%s", (file) => {
    roundTrip(readFileSync(join(root, file), "utf8"));
  });
});

test("what stood on one line does, what did not does not", () => {
  const source = "f({ a, b }, [c]);\nx = {\n\ta,\n\tb: 1\n};\nif (a) { b(); }\nif (a) {\n\tb();\n\tc();\n}\n";
  expect(roundTrip(source)).toBe(source);
});

test("mappings lead to the author's lines and columns", () => {
  const { mappings } = print(parse("a;\n\n  b(c);\n").program);
  // Lines 1 and 2 of the output: a at 1:0; b at 3:2, c at 3:4.
  expect(mappings).toBe("AAAA;AAEE,EAAE");
});
