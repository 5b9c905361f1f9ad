/** Iterators of marked code beside those of the platform, in what programs rarely do but could tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { $callee, $iterate, $method, invoke } from "../../runtime/machine/index.ts";

const ours = (object: unknown, name: PropertyKey, ...args: unknown[]) =>
  $method(object, name, args, `o.${String(name)}`) as IterableIterator<unknown>;
const native = (object: unknown, name: PropertyKey, ...args: unknown[]) =>
  (object as Record<PropertyKey, (...args: unknown[]) => IterableIterator<unknown>>)[name]!(...args);

/** What `use` sees of our iterator and of the platform's, errors included. */
function beside(
  make: () => unknown,
  name: PropertyKey,
  args: unknown[],
  use: (it: IterableIterator<unknown>, source: never) => unknown,
): [unknown, unknown] {
  const attempt = (call: typeof ours) => {
    try {
      const source = make();
      return use(call(source, name, ...args), source as never);
    } catch (error) {
      return error instanceof TypeError ? "TypeError" : String(error);
    }
  };
  return [attempt(ours), attempt(native)];
}

const throwingAt1 = () => {
  const read: string[] = [];
  const list = Object.assign([1, 2, 3], { read });
  return Object.defineProperty(list, 1, {
    get() {
      read.push("1");
      throw new Error("getter");
    },
  });
};
const steps = (it: Iterator<unknown>, n: number) =>
  Array.from({ length: n }, () => {
    try {
      return it.next();
    } catch (error) {
      return String(error);
    }
  });

test.each<[string, () => unknown, PropertyKey, unknown[]]>([
  ["Symbol.iterator of an array", () => [1, 2], Symbol.iterator, []],
  ["Symbol.iterator of a text", () => "a😀\ud800b", Symbol.iterator, []],
  ["Symbol.iterator of a String", () => Object("ab"), Symbol.iterator, []],
  ["Symbol.iterator of a map", () => new Map([[1, 2]]), Symbol.iterator, []],
  ["Symbol.iterator of a set", () => new Set([1, 2]), Symbol.iterator, []],
  ["Symbol.iterator of a typed array", () => new Float64Array([1, Number.NaN]), Symbol.iterator, []],
  [
    "a map whose class has an iterator of its own",
    () =>
      new (class extends Map<number, number> {
        override [Symbol.iterator](): never {
          throw new Error("not this");
        }
      })([[1, 2]]),
    "keys",
    [],
  ],
  ["something like an array", () => ({ length: 2, 0: "a", values: Array.prototype.values }), "values", []],
  ["something that only inherits from Map", () => Object.create(Map.prototype), "keys", []],
  ["something that only inherits from Set", () => Object.create(Set.prototype), "entries", []],
  ["something that only inherits from a typed array", () => Object.create(Uint8Array.prototype), "keys", []],
  ["a detached typed array", () => detached(), "entries", []],
  ["matches of a number", () => "a1b1", "matchAll", [1]],
  ["matches of nothing", () => "ab", "matchAll", []],
  ["matches of null", () => "null", "matchAll", [null]],
  ["matches of a pattern that is not global", () => "ab", "matchAll", [/a/]],
  ["matches of a sticky pattern", () => "aab", "matchAll", [/a/gy]],
  ["matches of named groups with indices", () => "a1b2", "matchAll", [/(?<letter>[a-z])(?<digit>\d)/dg]],
  [
    "empty matches of wide characters, v",
    () => "a😀b",
    "matchAll",
    [new RegExp("(?:)", ["g", "v"].join(""))],
  ],
  ["empty matches of wide characters by units", () => "a😀b", "matchAll", [/(?:)/g]],
  ["matches from lastIndex on", () => "aaa", "matchAll", [Object.assign(/a/g, { lastIndex: 1 })]],
  [
    "matches of a pattern with matchAll of its own",
    () => "a",
    "matchAll",
    [Object.assign(/a/g, { [Symbol.matchAll]: () => [7].values() })],
  ],
  [
    "matches of a subclass",
    () => "ab",
    "matchAll",
    [
      new (class extends RegExp {
        override exec(text: string) {
          const match = super.exec(text);
          if (match !== null) match[0] += "!";
          return match;
        }
      })(".", "g"),
    ],
  ],
  [
    "matches of what exec makes up",
    () => "ab",
    "matchAll",
    [
      new (class extends RegExp {
        override exec(): never {
          return 5 as never;
        }
      })(".", "g"),
    ],
  ],
  ["pattern[Symbol.matchAll](text)", () => /./g, Symbol.matchAll, ["ab"]],
  ["pattern[Symbol.matchAll](text), not global", () => /./, Symbol.matchAll, ["ab"]],
  ["text that is a String", () => Object("aa"), "matchAll", ["a"]],
])("%s", (_name, make, name, args) => {
  const [a, b] = beside(make, name, args, (it) => [
    steps(it, 6),
    Object.prototype.toString.call(it),
    Reflect.ownKeys(it),
    it.constructor === [].values().constructor,
    it[Symbol.iterator]() === it,
  ]);
  expect(a).toEqual(b);
});

function detached(): Uint8Array {
  const xs = new Uint8Array(2);
  structuredClone(xs.buffer, { transfer: [xs.buffer] });
  return xs;
}

test("a typed array that is detached meanwhile", () => {
  const [a, b] = beside(
    () => new Uint8Array(2),
    "values",
    [],
    (it, xs: Uint8Array) => {
      it.next();
      structuredClone(xs.buffer, { transfer: [xs.buffer as ArrayBuffer] });
      return steps(it, 2).map((step) => typeof step);
    },
  );
  expect(a).toEqual(b);
});

test("keys() reads no element; entries() and values() go on behind a getter that throws", () => {
  for (const name of ["keys", "values", "entries"]) {
    const [a, b] = beside(throwingAt1, name, [], (it, { read }: { read: string[] }) => [steps(it, 4), read]);
    expect(a).toEqual(b);
  }
});

test("an iterator that was done stays done", () => {
  const list = [1];
  const it = ours(list, "values");
  expect(steps(it, 2)).toEqual([
    { value: 1, done: false },
    { value: undefined, done: true },
  ]);
  list.push(2);
  expect(it.next().done).toBe(true);
});

test("next is no property of the iterator, has its name, and refuses others", () => {
  for (const it of [ours([1], "values"), ours("a", "matchAll", "a")]) {
    const { next } = it;
    expect([next.name, next.length, Object.hasOwn(it, "next"), Object.keys(it)]).toEqual([
      "next",
      0,
      false,
      [],
    ]);
    expect(() => Reflect.apply(next, {}, [])).toThrow(TypeError);
    expect(() => Reflect.construct(next, [])).toThrow(TypeError);
    expect(Object.freeze(it).next().done).toBe(false);
    expect(it.next().done).toBe(true);
  }
});

test("whoever replaces next of the platform is called", () => {
  const prototype = Object.getPrototypeOf(new Set().values()) as { next: unknown };
  const { next } = prototype;
  try {
    prototype.next = () => ({ value: "replaced", done: false });
    expect(ours(new Set([1]), "values").next().value).toBe("replaced");
  } finally {
    prototype.next = next;
  }
});

test("they are iterables of the platform", () => {
  const map = new Map([[1, "x"]]);
  expect(new Map(ours(map, "entries") as Iterable<[number, string]>)).toEqual(map);
  expect(Array.from(ours(map, "values"), (x) => `${x}!`)).toEqual(["x!"]);
  const [[, first]] = ours(["a"], "entries") as never as [[number, string]];
  expect(first).toBe("a");
  const loop = $iterate(ours([1, 2], "values"));
  expect([loop.next(), loop.value, loop.next(), loop.value, loop.next()]).toEqual([true, 1, true, 2, false]);
});

test("maps, sets and arrays under random changes between steps", () => {
  const operation = fc.record({
    what: fc.constantFrom("next", "next", "add", "delete", "clear", "shrink"),
    key: fc.nat(6),
  });
  fc.assert(
    fc.property(
      fc.constantFrom("map", "set", "array"),
      fc.constantFrom("entries", "keys", "values"),
      fc.uniqueArray(fc.nat(6)),
      fc.array(operation, { maxLength: 30 }),
      (kind, name, keys, operations) => {
        const seenBy = (call: typeof ours) => {
          const source = make(kind, keys);
          const it = call(source, name);
          return operations.map((one) => (one.what === "next" ? it.next() : change(source, one)));
        };
        expect(seenBy(ours)).toEqual(seenBy(native));
      },
    ),
  );
});

function make(kind: string, keys: number[]): Map<number, number> | Set<number> | number[] {
  return kind === "map" ? new Map(keys.map((k) => [k, k * 10])) : kind === "set" ? new Set(keys) : [...keys];
}

function change(
  source: Map<number, number> | Set<number> | number[],
  { what, key }: { what: string; key: number },
) {
  if (Array.isArray(source)) {
    if (what === "add") source.push(key);
    if (what === "delete") source.splice(key, 1);
    if (what === "clear") source.length = 0;
    if (what === "shrink") source.length = Math.min(source.length, key);
    return;
  }
  if (what === "add") source instanceof Map ? source.set(key, key) : source.add(key);
  if (what === "delete") source.delete(key);
  if (what === "clear") source.clear();
}

test("a method that was read before its arguments were evaluated", () => {
  const list = [1, 2];
  expect([...(invoke(list.keys, list, [], "list.keys") as Iterable<number>)]).toEqual([0, 1]);
  expect(invoke(list.indexOf, list, [2], "list.indexOf")).toBe(1);
  expect(() => invoke(undefined, list, [], "list.kees")).toThrow(
    new TypeError("list.kees is not a function"),
  );
  for (const method of [list.values, "".matchAll, new Map().keys])
    expect(() => invoke(method, undefined, [], "f")).toThrow(TypeError);
});

test("a method is read before its arguments are evaluated, and called after", () => {
  const log: string[] = [];
  const noted = (text: string) => log.push(text);
  const o = {
    get bind() {
      noted("get");
      return (n: number) => noted(`called with ${n}`);
    },
  };
  $callee(o, "bind", "o.bind")([noted("argument")]);
  expect(() => $callee(null, "bind", "o.bind")([noted("never")])).toThrow("Cannot read properties of null");
  expect(() => $callee({}, "bind", "o.bind")([noted("argument")])).toThrow("o.bind is not a function");
  expect(log).toEqual(["get", "argument", "called with 2", "argument"]);
  expect([...($callee("ab", "matchAll", "t.matchAll")(["b"]) as Iterable<unknown>)]).toHaveLength(1);
});
