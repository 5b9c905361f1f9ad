/** One maker for each kind of value that a snapshot holds (contract §4). */
import superjson from "superjson";
import { $class, $module, registerCode } from "../../runtime/machine/index.ts";
import { resource } from "../../runtime/snapshot/index.ts";
import {
  builtinKinds,
  type KindOfValue,
  mutated,
  oddBytes,
  oddErrors,
  oddObjects,
  platformKinds,
} from "./odd-kinds.ts";

export class Order {
  id = 7;
  lines: unknown[] = [{ sku: "a" }];
  total(): number {
    return this.lines.length;
  }
}
export class Failure extends TypeError {
  override name = "Failure";
  detail = { n: 1 };
}
export class Registry extends Map<string, number> {
  label = "r";
}
export class Stack extends Array<number> {}
export class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
export class Decimal {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}
export class Box {
  readonly content: unknown;
  constructor(content: unknown) {
    this.content = content;
  }
}
export const saveKey: unique symbol = Symbol.for("coldframe.save") as never;

/** Of unmarked code, with state that nobody can see. */
export class Vault {
  readonly #pin: number;
  readonly content: unknown;
  constructor(pin: number, content: unknown) {
    this.#pin = pin;
    this.content = content;
  }
  get pin(): number {
    return this.#pin;
  }
  static readonly [saveKey] = {
    save: (vault: Vault) => [vault.#pin, vault.content],
    load: ([pin, content]: [number, unknown]) => {
      // What it is made of is complete.
      if (
        !Object.isFrozen(content) &&
        typeof content === "object" &&
        Object.keys(content as object).length === 0
      )
        throw new Error("not complete");
      return new Vault(pin, content);
    },
  };
}
export const client = { base: "https://example.com", pool: new Map([[1, "one"]]) };
export const pool = resource(
  "db",
  new (class Pool {
    open = true;
  })(),
);
export const exported = (): string => "exported";
/** What the compiler writes into classes at the top of a marked module. */
for (const Class of [Order, Failure, Registry, Stack]) {
  const { name } = Class;
  const code = {
    id: `kinds.ts#${name}`,
    hash: "k1",
    kind: "class" as const,
    file: "kinds.ts",
    line: 1,
    step: null,
    points: [],
    make: null,
    captures: [],
  };
  $class(Class as never, registerCode(code), [], [], [], Class !== Order);
}
$module("kinds.ts", "k1", {
  Order: () => Order,
  Failure: () => Failure,
  Registry: () => Registry,
  Stack: () => Stack,
  Vault: () => Vault,
  client: () => client,
  exported: () => exported,
});
superjson.registerClass(Money);
superjson.registerCustom<Box, never>(
  {
    isApplicable: (v): v is Box => v instanceof Box,
    serialize: (v) => ({ content: v.content }) as never,
    deserialize: (v) => new Box((v as { content: unknown }).content),
  },
  "test.box",
);
superjson.registerCustom<Decimal, string>(
  {
    isApplicable: (v): v is Decimal => v instanceof Decimal,
    serialize: (v) => v.digits,
    deserialize: (v) => new Decimal(v),
  },
  "test.decimal",
);

export const kinds: readonly KindOfValue[] = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2n ** 70n,
    -3n,
    "",
    'é\u0000\ud800\u2028"\\',
    "x".repeat(500),
  ].map((value) => ({
    name: `primitive ${Object.is(value, -0) ? "-0" : String(value).slice(0, 20)}`,
    make: () => value,
  })),
  { name: "registered symbol", make: () => Symbol.for("coldframe.test") },
  { name: "well-known symbol", make: () => Symbol.asyncIterator },
  { name: "local symbol", make: () => Symbol("local") },
  { name: "symbol without description", make: () => Symbol() },
  { name: "plain object", make: () => ({ b: 1, a: [undefined, -0], 2: "two", 1: "one" }) },
  {
    name: "null prototype",
    make: () => mutated(Object.create(null), (o) => Object.assign(o, { z: 1, a: { n: 2 } })),
  },
  {
    name: "an object made from another",
    make: () =>
      mutated(Object.create(Object.create({ inherited: 1, both: 1 }, { hidden: { value: 2 } })), (o) => {
        o.both = 2;
        o.self = o;
      }),
  },
  { name: "own __proto__", make: () => JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":3}') },
  { name: "symbol keys", make: () => ({ a: 1, [Symbol.iterator]: 2, [Symbol("k")]: 3 }) },
  {
    name: "not enumerable, not writable",
    make: () =>
      Object.defineProperties(
        { first: 1 },
        { hidden: { value: [1], enumerable: false }, fixed: { value: 2, enumerable: true } },
      ),
  },
  { name: "array", make: () => [1, "two", [3], undefined, null] },
  // biome-ignore lint/suspicious/noSparseArray: it is the case
  { name: "array with holes", make: () => [1, , 3, , ,] },
  {
    name: "array with extra properties",
    make: () => Object.assign([1, 2], { extra: "x", groups: { a: 1 } }),
  },
  { name: "very sparse array", make: () => mutated([] as number[], (a) => (a[4_000_000_000] = 1)) },
  { name: "array of fixed length", make: () => Object.defineProperty([1, 2], "length", { writable: false }) },
  { name: "array of equal shapes", make: () => [1, 2, 3].map((n) => ({ id: n, name: `n${n}` })) },
  {
    name: "map",
    make: () =>
      new Map<unknown, unknown>([
        ["a", 1],
        [Number.NaN, { deep: [] }],
        [{}, null],
      ]),
  },
  { name: "set", make: () => new Set([1, "1", undefined, {}]) },
  { name: "date", make: () => new Date(1_700_000_000_123) },
  { name: "invalid date", make: () => new Date(Number.NaN) },
  { name: "regexp", make: () => mutated(/a(?<n>b+)\/"/giu, (r) => (r.lastIndex = 3)) },
  { name: "url", make: () => new URL("https://u:p@example.com:8080/a%20b?q=1&q=2#h") },
  {
    name: "params",
    make: () =>
      new URLSearchParams([
        ["a", "1"],
        ["a", "ü &"],
      ]),
  },
  {
    name: "params of a url",
    make: () =>
      mutated({ url: new URL("https://a.b/?x=1"), p: null as unknown }, (o) => (o.p = o.url.searchParams)),
  },
  {
    name: "headers",
    make: () =>
      new Headers([
        ["content-type", "text/plain"],
        ["x-a", "1"],
      ]),
  },
  { name: "array buffer", make: () => new Uint8Array([0, 1, 254, 255]).buffer },
  ...[
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ].map((C) => ({ name: C.name, make: () => new C([1, 2, 250]) })),
  { name: "BigInt64Array", make: () => new BigInt64Array([1n, -2n]) },
  { name: "DataView", make: () => new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2) },
  {
    name: "views that share a buffer",
    make: () => {
      const buffer = new ArrayBuffer(16);
      return { bytes: new Uint8Array(buffer, 2, 5), words: new Uint16Array(buffer, 4), whole: buffer };
    },
  },
  { name: "boxed string", make: () => Object("boxed") },
  { name: "boxed number", make: () => Object(-0) },
  { name: "boxed symbol", make: () => Object(Symbol.for("b")) },
  { name: "boxed bigint", make: () => Object(5n) },
  { name: "error", make: () => new Error("broken", { cause: { why: [1] } }) },
  { name: "error without message or stack", make: () => mutated(new RangeError(), (e) => delete e.stack) },
  {
    name: "error with own properties",
    make: () => Object.assign(new SyntaxError("x"), { code: "E1", at: new Date(3) }),
  },
  { name: "aggregate error", make: () => new AggregateError([new Error("a"), "b"], "both") },
  { name: "dom exception", make: () => new DOMException("no", "AbortError") },
  { name: "abort controller", make: () => new AbortController() },
  { name: "aborted signal", make: () => AbortSignal.abort({ why: 1 }) },
  {
    name: "weak ref",
    make: () => mutated({ ref: null as unknown, target: { t: 1 } }, (o) => (o.ref = new WeakRef(o.target))),
  },
  { name: "instance of a marked class", make: () => new Order() },
  { name: "subclass of an error", make: () => new Failure("f") },
  { name: "subclass of Map", make: () => new Registry([["a", 1]]) },
  { name: "subclass of Array", make: () => Stack.from([1, 2]) },
  { name: "superjson class", make: () => new Money(12) },
  { name: "superjson custom", make: () => new Decimal("1.10") },
  { name: "superjson custom of an object", make: () => new Box({ n: [1] }) },
  { name: "a class that says how it is saved", make: () => new Vault(1, { n: [1] }) },
  {
    name: "saved classes in each other, and what they share",
    make: () => {
      const shared = { s: 1 };
      const inner = new Vault(1, shared);
      return { shared, outer: new Vault(2, { inner, box: new Box([inner, shared]) }), inner };
    },
  },
  { name: "binding of a marked module", make: () => client, byName: true },
  { name: "function of a marked module", make: () => exported, byName: true },
  { name: "class of a marked module", make: () => Order, byName: true },
  { name: "built-in function", make: () => Math.max, byName: true },
  { name: "built-in method", make: () => Array.prototype.map, byName: true },
  { name: "built-in object", make: () => Math, byName: true },
  { name: "resource", make: () => pool, byName: true },
  ...oddObjects,
  ...oddBytes,
  ...oddErrors,
  ...platformKinds,
  ...builtinKinds,
];
