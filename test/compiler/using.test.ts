/** What the fixtures of `using` cannot ask, because engines differ from each other or the oracle lacks it. */
import { expect, test } from "vitest";
import { compile, eraseTypes } from "../../compiler/index.ts";
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
