/** What the fixtures of `using` cannot ask, because engines differ from each other or the oracle lacks it. */
import { expect, test } from "vitest";
import { compile, eraseTypes } from "../../compiler/index.ts";
import * as machine from "../../runtime/machine/index.ts";
import { $AsyncDisposableStack, $DisposableStack, $SuppressedError } from "../../runtime/machine/index.ts";
import { load } from "../engine/programs.ts";

const run = (body: string): unknown =>
  load(`"use workflow"; export async function main() { ${body} }`, {})["main"]!();

test("the head of a for loop is disposed of once, behind the loop", async () => {
  const open = 'const log = []; const open = { [Symbol.dispose]() { log.push("closed"); } };';
  expect(
    await run(`${open} { let n = 0; for (using x = open; n < 3; n++) log.push(await n); } return log;`),
  ).toEqual([0, 1, 2, "closed"]);
  expect(
    await run(`${open} (() => { let n = 0; for (using x = open; n < 3; n++) log.push(n); })(); return log;`),
  ).toEqual([0, 1, 2, "closed"]);
});

test("at the top of a module it belongs to the module: disposed of when that has been evaluated", async () => {
  const source = `
    const open = (name) => ({ name, [Symbol.dispose]() { log.push("closed " + this.name); } });
    using a = open("a");
    const limit = 2;
    class Box { #of = a; async of() { await null; return this.#of.name; } }
    using b = open("b");
    log.push("evaluated");
    exports.main = async (n) => [await new Box().of(), limit + n, helper()];
    function helper() { return b.name; }`;
  const options = { filename: "a.cjs", sourceType: "commonjs", mark: "all", lowerUsing: true } as const;
  const { code, diagnostics } = compile(source, options);
  expect(diagnostics).toEqual([]);
  const log: string[] = [];
  const exports: { main?: (n: number) => Promise<unknown> } = {};
  new Function("require", "exports", "log", code!)(() => machine, exports, log);
  expect(log).toEqual(["evaluated", "closed b", "closed a"]);
  expect(await exports.main!(1)).toEqual(["a", 3, "b"]);
});

test("the names of explicit resource management mean ours in marked code", async () => {
  expect(await run("return [DisposableStack, AsyncDisposableStack, SuppressedError];")).toEqual([
    $DisposableStack,
    $AsyncDisposableStack,
    $SuppressedError,
  ]);
  expect(await run("return typeof DisposableStack;")).toBe("function");
  expect(await run("const DisposableStack = 1; return DisposableStack;")).toBe(1);
});

test("instances belong to the classes of the engine where it has them", () => {
  const { DisposableStack, AsyncDisposableStack } = globalThis as {
    DisposableStack?: new () => object;
    AsyncDisposableStack?: new () => object;
  };
  expect(new $DisposableStack() instanceof $AsyncDisposableStack).toBe(false);
  class Mine extends $DisposableStack {}
  expect(new $DisposableStack() instanceof Mine).toBe(false);
  expect(new Mine() instanceof $DisposableStack).toBe(true);
  if (DisposableStack === undefined || AsyncDisposableStack === undefined) return;
  expect(new $DisposableStack()).toBeInstanceOf(DisposableStack);
  expect(new $AsyncDisposableStack()).toBeInstanceOf(AsyncDisposableStack);
  expect(new DisposableStack()).toBeInstanceOf($DisposableStack);
});

test("a disposer of a stack that is called on something else throws, or rejects", async () => {
  const { dispose } = $DisposableStack.prototype;
  expect(() => Reflect.apply(dispose, {}, [])).toThrow(TypeError);
  const { disposeAsync } = $AsyncDisposableStack.prototype;
  await expect(Reflect.apply(disposeAsync, {}, [])).rejects.toThrow(TypeError);
});

test("what is not compiled is rewritten for engines without it", async () => {
  const source = `
    export async function work(log) {
      "use step";
      await using a = { [Symbol.asyncDispose]: async () => void log.push("closed") };
      log.push("open");
    }
    export async function main(log) { "use workflow"; await work(log); return log }`;
  const { code } = compile(source, { filename: "a.ts", lowerUsing: true });
  expect(code).not.toMatch(/await using/);
  const erased = eraseTypes("using a = b as any; a.c();", "b.ts", { lowerUsing: true }).code;
  expect(erased).not.toMatch(/using a/);
  const closed: string[] = [];
  new Function("b", erased)({ c: () => closed.push("used"), [Symbol.dispose]: () => closed.push("closed") });
  expect(closed).toEqual(["used", "closed"]);
});

test("resources are found by the well-known symbols, whatever the global Symbol is by then", async () => {
  const log = await run(`
    const log = [], real = Symbol;
    const open = (name, key) => ({ [key]() { log.push(name); } });
    const one = open("sync", Symbol.dispose), two = open("async", Symbol.asyncDispose);
    const hidden = (body) => {
      globalThis.Symbol = {};
      try { return body(); } finally { globalThis.Symbol = real; }
    };
    await hidden(async () => { using a = one; await using b = two; await using c = one; await null; });
    hidden(() => { using a = one; });
    return log;`);
  expect(log).toEqual(["sync", "async", "sync", "sync"]);
});
