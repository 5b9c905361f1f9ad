/** Iterators and bound functions that marked code gets, beside those of the platform. */
import { describe, expect, test } from "vitest";
import { $method } from "../../runtime/machine/index.ts";

const call = (object: unknown, name: string, ...args: unknown[]) =>
  $method(object, name, args, `o.${name}`) as never;

const holed = Object.assign(new Array<string>(3), { 0: "a", 2: "c" });

describe("iterators are those of the platform, in what they yield and say", () => {
  const sources: [string, object | string, string, unknown[]][] = [
    ["an array's entries", holed, "entries", []],
    ["an array's keys, holes too", holed, "keys", []],
    ["an array's values", holed, "values", []],
    ["a typed array's entries", new Uint8Array([3, 4]), "entries", []],
    [
      "a map's entries",
      new Map([
        [1, "x"],
        [2, "y"],
      ]),
      "entries",
      [],
    ],
    ["a map's keys", new Map([[1, "x"]]), "keys", []],
    ["a map's values", new Map([[1, "x"]]), "values", []],
    ["a set's values", new Set([1, 2]), "values", []],
    ["a set's keys", new Set([1, 2]), "keys", []],
    ["a set's entries", new Set([1, 2]), "entries", []],
    ["matches", "a1b22", "matchAll", [/\d+/g]],
    ["empty matches of wide characters", "a😀", "matchAll", [/(?:)/gu]],
    ["matches of a text", "abcabc", "matchAll", ["b"]],
  ];

  test.each(sources)("%s", (_name, source, name, args) => {
    const native = (source as never as Record<string, (...args: unknown[]) => IterableIterator<unknown>>)[
      name
    ]!(...args);
    const ours: IterableIterator<unknown> = call(source, name, ...args);
    expect(Object.prototype.toString.call(ours)).toBe(Object.prototype.toString.call(native));
    expect(ours[Symbol.iterator]()).toBe(ours);
    expect([...ours]).toEqual([...native]);
    expect(ours.next()).toEqual({ value: undefined, done: true });
  });

  test("growth and deletion meanwhile are seen", () => {
    const list = [1, 2];
    const values: Iterator<number> = call(list, "values");
    values.next();
    list.push(3);
    expect([values.next().value, values.next().value, values.next().done]).toEqual([2, 3, true]);
    const map = new Map([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const keys: Iterator<number> = call(map, "keys");
    keys.next();
    map.delete(2);
    expect([keys.next().value, keys.next().done]).toEqual([3, true]);
  });
});

test("bound functions keep receiver, arguments, name and length, and construct their target", () => {
  function Point(this: { x: number; y: number }, x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  const bound: typeof Point & (new (y: number) => { x: number; y: number }) = call(Point, "bind", null, 1);
  expect([bound.name, bound.length]).toEqual(["bound Point", 1]);
  const made = new bound(2);
  expect(made).toBeInstanceOf(Point);
  expect(made).toEqual({ x: 1, y: 2 });
  const add = function (this: number, ...rest: number[]) {
    return rest.reduce((a, b) => a + b, this);
  };
  expect((call(add, "bind", 1, 2) as (n: number) => number)(3)).toBe(6);
});

test("a method of the author's is called as it is; what is none is an error", () => {
  const own = { keys: (n: number) => n + 1 };
  expect(call(own, "keys", 1)).toBe(2);
  expect(() => call({}, "entries")).toThrow(new TypeError("o.entries is not a function"));
  expect(() => call(undefined, "entries")).toThrow("Cannot read properties of undefined (reading 'entries')");
});
