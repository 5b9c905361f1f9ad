/**
 * Sloppy code: environments of parameters and bodies, where functions in blocks have a say, and what is strict in it. Compiled and
 * uncompiled agree.
 */
import { expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import * as machine from "../../runtime/machine/index.ts";

const bodies = [
  "function f(a, b = () => a) { { function a() {} } return [typeof a, typeof b()]; } return f(1);",
  "function f(a, b = () => a) { function a() {} return [typeof a, typeof b()]; } return f(1);",
  "function f(a, b = a, c = () => b) { var a; var b = 5; a++; return [a, b, c()]; } return f(1);",
  "const f = (a, b = () => a) => { var a = 2; const c = () => a; return [a, b(), c()]; }; return f(1);",
  "function f(a = () => x) { var x = 2; return [x, (() => { try { return a(); } catch (e) { return e.name; } })()]; } return f();",
  "async function f(a, g = () => a) { var a; if (a) { function h() { return a; } } await null; a = 9; return [h(), g(), typeof h]; } return f(1);",
  "async function f(x = 1, get = () => x) { { function x() {} } await 0; return [typeof x, typeof get()]; } return f();",
  "function* f(a, b = () => a) { var a; yield b(); a = 3; yield [a, b()]; } return [...f(1)];",
  "var self = function me(a = () => me) { me = 1; var me = 2; return [me, a() === self]; }; return self();",
  "function f(a, a2 = arguments[0]) { a = 5; return [a, a2, arguments[0]]; } return f(1);",
  "let f; class C extends (f = function () { return this; }, Object) {} return f() === undefined;",
  "let f; (class { static [(f = function () { return (() => (function () { return this; })())(); }, 'k')]() {} }); return f() === undefined;",
  "let f; async function g() { return class extends (await 0, f = function () { return this; }, Object) {}; } await g(); return f() === undefined;",
  "const before = typeof f; try { throw 1; } catch (f) { { function f() { return 2; } } f++; } return [before, f()];",
  "async function g() { try { throw 1; } catch (f) { await 0; try { throw 3; } catch (f) { if (f) function f() { return 2; } await f; } f++; } return f(); } return await g();",
  "let seen; try { throw { f: 1 }; } catch ({ f }) { { function f() { return 2; } } seen = f; } return [seen, typeof f];",
  "let seen; for (const f of [1]) { switch (f) { case 1: function g() { return f; } } seen = () => f; } return [seen(), typeof f, g()];",
];

test.each(bodies)("%s", async (body) => {
  const text = `async function main() { ${body} }`;
  const filename = `sloppy${bodies.indexOf(body)}.js`;
  const { code, diagnostics } = compile(`${text}\nexports.main = main;`, {
    filename,
    sourceType: "commonjs",
    mark: "all",
  });
  expect(diagnostics).toEqual([]);
  const exports: { main?: () => Promise<unknown> } = {};
  new Function("exports", "require", code!)(exports, () => machine);
  expect(await exports.main!()).toEqual(await new Function(`${text}; return main();`)());
});
