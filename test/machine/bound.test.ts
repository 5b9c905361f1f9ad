/** Bound functions of marked code beside those of the platform. */
import { expect, test } from "vitest";
import { $method, isStamped } from "../../runtime/machine/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type Any = any;
const bind = (f: unknown, ...args: unknown[]): Any => $method(f, "bind", args, "f.bind");

const symbol = Symbol("named");
const kinds: readonly (readonly [string, Any])[] = [
  [
    "a function",
    function f(this: unknown, ...args: unknown[]) {
      return [this, args];
    },
  ],
  ["an arrow", (a: number, b: number) => a + b],
  [
    "a method",
    {
      m(this: unknown, _a: number) {
        return this;
      },
    }.m,
  ],
  [
    "a class",
    class Point {
      x: number;
      constructor(x: number) {
        this.x = x;
      }
      static y = 1;
    },
  ],
  ["a derived class", class Failure extends Error {}],
  ["an async function", async function later() {}],
  ["a built-in", Math.max],
  ["a bound function", ((a: number, b: number, c: number) => [a, b, c]).bind(null, 1)],
  ["a function named by a symbol", { [symbol]() {} }[symbol]],
  [
    "a function without a name",
    (
      () => () =>
        0
    )(),
  ],
  ["a function whose length was redefined", Object.defineProperty(() => 0, "length", { value: 3.7 })],
  ["a function whose name was redefined", Object.defineProperty(() => 0, "name", { value: 5 })],
];

test.each(kinds)("%s", (_name, f) => {
  for (const args of [[], [{ receiver: true }], [null, 1], [1, 2, 3, 4, 5]]) {
    const [ours, native]: [Any, Any] = [bind(f, ...args), f.bind(...args)];
    expect(Object.getOwnPropertyDescriptors(ours)).toEqual(Object.getOwnPropertyDescriptors(native));
    expect(Reflect.ownKeys(ours)).toEqual(Reflect.ownKeys(native));
    expect(Object.getPrototypeOf(ours)).toBe(Object.getPrototypeOf(native));
    const attempt = (use: () => unknown) => {
      try {
        return use();
      } catch (error) {
        return (error as Error).constructor;
      }
    };
    expect(attempt(() => ours(7))).toEqual(attempt(() => native(7)));
    expect(attempt(() => new ours(7))).toEqual(attempt(() => new native(7)));
  }
});

test("new.target, instanceof and subclasses are those of the target", () => {
  const targets: unknown[] = [];
  class Shape {
    constructor() {
      targets.push(new.target);
    }
  }
  const Bound = bind(Shape, null);
  Object.defineProperty(Bound, "prototype", { value: Shape.prototype });
  class Square extends (Bound as typeof Shape) {}
  const made = new Bound();
  expect([made instanceof Shape, made instanceof Bound]).toEqual([true, true]);
  new Square();
  expect(targets).toEqual([Shape, Square]);
});

test("the stamp is there, and nobody else can see it", () => {
  const f = bind(() => 0, null);
  expect([isStamped(f), Object.isExtensible(f)]).toEqual([true, true]);
});

test("what is no function cannot be bound", () => {
  const borrowed = { bind: Function.prototype.bind };
  expect(() => bind(borrowed)).toThrow(TypeError);
  expect(() => bind({})).toThrow(new TypeError("f.bind is not a function"));
  expect(() => bind(null)).toThrow("Cannot read properties of null (reading 'bind')");
  expect(bind({ bind: (n: number) => n + 1 }, 1)).toBe(2);
});
