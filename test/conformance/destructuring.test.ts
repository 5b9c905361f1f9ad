// biome-ignore-all lint/suspicious/noTemplateCurlyInString: programs are texts
/**
 * Destructuring, binding by binding: each pattern in each place that takes one (parameters of all kinds of functions, declarations,
 * heads of loops, `catch`, what a `yield` or an `await` gives), natively, compiled, and parked between any two jobs. After ECMA-262 §8.6.2
 * and §14.3.3; iterators and getters tell of every step.
 */
import vm from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import "../../runtime/machine/index.ts";
import { parkEverywhere } from "../../runtime/testing/index.ts";

const show = `log(typeof x === "object" && x ? JSON.stringify(x) : x)`;

/** A pattern, what it is matched with, and what is looked at afterwards. */
const patterns: readonly (readonly [pattern: string, value: string, look?: string])[] = [
  ["[x]", "[1]"],
  ["[x = 23]", "[,]"],
  ["[x = log('d')]", "[undefined]"],
  ["[x = log('d')]", "[null]"],
  [
    "[fn = function () {}, arrow = () => {}, cls = class {}, xCls = class X {}, gen = function* () {}, ag = async function* () {}, af = async () => {}]",
    "[]",
    "log(fn.name, arrow.name, cls.name, xCls.name, gen.name, ag.name, af.name)",
  ],
  ["[[x, y, z] = [4, 5, 6]]", "[]", "log(x,y,z)"],
  ["[[...x] = [1,2]]", "[[7]]"],
  ["[{ x, y = 2 } = { x: 1 }]", "[]", "log(x,y)"],
  ["[...x]", "it(3)"],
  ["[...[a, b, ...x]]", "it(5)", "log(a,b,x)"],
  ["[...{ length, 1: x }]", "it(4)", "log(length,x)"],
  ["[,]", "it(2)", "1"],
  ["[, x]", "it(3)"],
  ["[, , ...x]", "it(4)"],
  ["[]", "it(1)", "1"],
  ["[x, , y]", "it(9)", "log(x,y)"],
  ["[x]", "bad('next')"],
  ["[x]", "bad('done')"],
  ["[x]", "bad('value')"],
  ["[x]", "bad('return')"],
  ["[]", "bad('return')", "1"],
  ["[x = (() => { throw new Error('init') })()]", "it(0)"],
  ["[x = (() => { throw new Error('init') })()]", "[,]"],
  ["[x]", "null"],
  ["[x]", "{}"],
  ["[x]", "bad('object')"],
  ["{}", "null", "1"],
  ["{}", "undefined", "1"],
  ["{ x }", "{ get x() { return log('get') } }"],
  ["{ x = 5 }", "{ x: null }"],
  ["{ x: y = 3 }", "{}", "log(y)"],
  ["{ x: { z } = { z: 4 } }", "{}", "log(z)"],
  ["{ ...x }", "{ a: 1, [Symbol.for('s')]: 2 }", "log(Reflect.ownKeys(x))"],
  ["{ a, ...x }", "{ a: 1, get b() { return log('b') }, c: 3 }"],
  ["{ [log('key')]: x }", "{ key: 9 }"],
  ["{ [{ toString() { return log('k') } }]: x = 4 }", "{}"],
  ["{ x = log('a'), y = log('b') }", "{ get x() { log('gx') }, get y() { return log('gy') } }", "log(x,y)"],
  ["{ x: [y] }", "{ x: it(1) }", "log(y)"],
  ["{ f = function () {}, g = class { static name = 'own' } }", "{}", "log(f.name, g.name)"],
  ["{ x: [a = x2, b] = it(3) }", "{}", "log(a,b)"],
  ["{ __proto__: p, 'lit': q, 3: r }", "{ lit: 1, 3: 2 }", "log(p === Object.prototype, q, r)"],
];

const prelude = `const out = (globalThis.printed = []);
function log(...a) { out.push(a.map(String).join(',')); return a[0]; } var x2 = 8;
function it(n) { var i = 0; return { [Symbol.iterator]() { log('iter'); return this; }, next() { log('next'); return { done: i >= n, value: i++ }; }, return(v) { log('return', arguments.length); return {}; } }; }
function bad(k) { return { [Symbol.iterator]() { return { next() { if (k === 'next') throw new Error('next'); if (k === 'object') return 1; return { get done() { if (k === 'done') throw new Error('done'); return false; }, get value() { if (k === 'value') throw new Error('value'); return 1; } }; }, get return() { log('getreturn'); if (k === 'return') throw new Error('return'); } }; } }; }
`;

type Form = (pattern: string, value: string, look: string) => string;

const forms: { readonly [name: string]: Form } = {
  fn: (p, v, s) => `function f(${p}) { ${s}; log('args', arguments.length); } log(f.length); f(${v});`,
  fnDefault: (p, v, s) =>
    `function f(a0, ${p} = ${v}, ...r) { ${s}; log(r.length); } log(f.length); f(1); f(1, undefined, 2, 3);`,
  arrow: (p, v, s) => `var f = (${p}) => { ${s}; }; log(f.length); f(${v});`,
  arrowDefault: (p, v, s) => `var f = (${p} = ${v}) => { ${s}; }; log(f.length); f();`,
  strictFn: (p, v, s) => `(function () { 'use strict'; function f(${p}) { ${s}; } f(${v}); })();`,
  method: (p, v, s) => `({ m(${p}) { ${s}; } }).m(${v});`,
  setter: (p, v, s) => `({ set m(${p}) { ${s}; } }).m = ${v};`,
  clsMethod: (p, v, s) =>
    `class C { #p(${p}) { ${s}; } m(q) { this.#p(q); } static s(${p} = ${v}) { ${s}; } constructor(${p} = ${v}) { ${s}; } } var c = new C(); c.m(${v}); C.s();`,
  gen: (p, v, s) =>
    `function* f(${p}) { ${s}; yield 1; } var g = f(${v}); log('made'); log(JSON.stringify(g.next())); log(JSON.stringify(g.next()));`,
  genDefault: (p, v, s) => `var f = function* (${p} = ${v}) { ${s}; }; var g = f(); log('made'); g.next();`,
  genMethod: (p, v, s) =>
    `class C { *m(${p}) { ${s}; } static async *a(${p} = ${v}) { ${s}; } } C.prototype.m(${v}).next(); var a = C.a(); log('made'); globalThis.pending = a.next();`,
  async: (p, v, s) =>
    `async function f(${p}) { ${s}; await 0; ${s}; } globalThis.pending = f(${v}); log('sync');`,
  asyncDefault: (p, v, s) =>
    `var f = async (${p} = ${v}) => { ${s}; await 0; ${s}; }; log(f.length); globalThis.pending = f(); log('sync');`,
  asyncMethod: (p, v, s) =>
    `class C { async m(${p} = ${v}) { await 0; ${s}; } static async #q(${p}) { ${s}; } static r(z) { return C.#q(z); } } globalThis.pending = new C().m().then(() => C.r(${v}));`,
  asyncGen: (p, v, s) =>
    `async function* f(${p}) { ${s}; yield 1; ${s}; } var g = f(${v}); globalThis.pending = (async () => { log(JSON.stringify(await g.next())); log(JSON.stringify(await g.next())); })();`,
  asyncGenDefault: (p, v, s) =>
    `var f = async function* (a1, ${p} = ${v}) { await 0; ${s}; yield* [1]; }; globalThis.pending = (async () => { for await (const q of f()) log(q); })();`,
  let: (p, v, s) => `{ let ${p} = ${v}; ${s}; }`,
  const: (p, v, s) => `{ const ${p} = ${v}; ${s}; }`,
  var: (p, v, s) => `(function () { var ${p} = ${v}; ${s}; })();`,
  letAsync: (p, v, s) =>
    `globalThis.pending = (async () => { await 0; let ${p} = await ${v.startsWith("{") ? `(${v})` : v}; ${s}; await 0; ${s}; })();`,
  catch: (p, v, s) => `try { throw ${v}; } catch (${p}) { ${s}; }`,
  catchAsync: (p, v, s) =>
    `globalThis.pending = (async () => { try { await 0; throw ${v}; } catch (${p}) { await 0; ${s}; } })();`,
  forOf: (p, v, s) => `for (const ${p} of [${v}]) { ${s}; }`,
  forOfLet: (p, v, s) =>
    `globalThis.pending = (async () => { for (let ${p} of [${v}, ${v}]) { await 0; ${s}; } })();`,
  forAwait: (p, v, s) =>
    `globalThis.pending = (async () => { for await (const ${p} of [${v}]) { ${s}; await 0; ${s}; } })();`,
  forAwaitGen: (p, v, s) =>
    `async function* g() { for await (var ${p} of [${v}]) { ${s}; yield 1; ${s}; } } globalThis.pending = (async () => { for await (const q of g()) log('y'); })();`,
  forAwaitAsyncIt: (p, v, s) =>
    `async function* src() { yield ${v}; } globalThis.pending = (async () => { for await (let ${p} of src()) { await 0; ${s}; } })();`,
  closures: (p, v, s) => `function f(${p}, k = () => { ${s}; }) { k(); return () => { ${s}; }; } f(${v})();`,
  genClosures: (p, v, s) => `function* f(${p}) { yield () => { ${s}; }; } for (const k of f(${v})) k();`,
  yieldIn: (p, v, s) =>
    `function* f() { const ${p} = yield; ${s}; yield; ${s}; } var g = f(); g.next(); g.next(${v}); g.next();`,
};

const home = globalThis as unknown as { printed: string[]; pending: unknown };

async function run(code: string): Promise<readonly [string[], string]> {
  home.printed = [];
  home.pending = undefined;
  const end = (how: string, error: unknown) =>
    `${how} ${(error as Error).constructor.name} ${error instanceof Error && error.constructor === Error ? error.message : ""}`;
  try {
    vm.runInThisContext(code);
  } catch (error) {
    return [home.printed, end("threw", error)];
  }
  const { printed, pending } = home;
  try {
    await pending;
  } catch (error) {
    return [printed, end("rejected", error)];
  }
  return [printed, "done"];
}

/** Promises that a program drops reject unseen, natively as compiled. */
const ignore = () => {};
beforeAll(() => void process.on("unhandledRejection", ignore));
afterAll(() => void process.off("unhandledRejection", ignore));

test.each(Object.entries(forms))("%s", async (name, form) => {
  for (const [pattern, value, look = show] of patterns) {
    const source = `(function () { ${prelude} ${form(pattern, value, look)} })();`;
    const expected = await run(source);
    // What the language refuses in this place.
    if (expected[1].startsWith("threw SyntaxError")) continue;
    const { code, diagnostics } = compile(source, {
      filename: `${name}.js`,
      sourceType: "script",
      mark: "all",
    });
    expect(diagnostics, pattern).toEqual([]);
    expect(await run(code!), `${pattern} = ${value}`).toEqual(expected);
    const parking = parkEverywhere();
    try {
      expect(await run(code!), `${pattern} = ${value}, parked`).toEqual(expected);
    } finally {
      parking.stop();
    }
  }
});
