/** Makers of values whose odd sides are easily lost: attributes, prototypes, brands, state that hides in the engine. */

export interface KindOfValue {
  readonly name: string;
  readonly make: () => unknown;
  /** Restored as the same object, so it is not to be changed. */
  readonly byName?: true;
}

export const mutated = <T extends object>(object: T, change: (object: T) => void): T => {
  change(object);
  return object;
};

/** With another prototype than it was made with. */
const under = <T extends object>(prototype: object | null, object: T): T =>
  Object.setPrototypeOf(object, prototype) as T;

const above = (): object => Object.assign(Object.create(null), { inherited: 1 });

export const oddObjects: readonly KindOfValue[] = [
  { name: "array of null prototype", make: () => under(null, [1, 2]) },
  { name: "array above a plain object", make: () => under(above(), [1, 2]) },
  { name: "map of null prototype", make: () => under(null, new Map([[1, 2]])) },
  { name: "map above a plain object", make: () => under({ size2: 1 }, new Map([[1, { a: 1 }]])) },
  { name: "date of null prototype", make: () => under(null, new Date(5)) },
  { name: "regexp above a plain object", make: () => under({ x: 1 }, /a/g) },
  { name: "null prototype, frozen", make: () => Object.freeze(under(null, { b: 1, a: 2 })) },
  { name: "object above an array", make: () => Object.create([1, 2]) },
  { name: "object above a map", make: () => Object.create(Object.assign(new Map([[1, 2]]), { x: 1 })) },
  { name: "a long chain of prototypes", make: () => Object.create(Object.create(Object.create(above()))) },
  { name: "integer keys out of order", make: () => ({ z: 1, 10: 1, 9: 2, "-1": 3, "01": 4, 4294967295: 5 }) },
  {
    name: "a key of each odd sort",
    make: () => ({ "": 1, " ": 2, "\u0000": 3, "\ud800": 4, "[1]": 5, ",": 6 }),
  },
  {
    name: "keys that join to the same text",
    make: () => [
      { "a,b": 1, c: 2 },
      { a: 1, "b,c": 2 },
      { "a,b": 3, c: 4 },
    ],
  },
  {
    name: "array that is not writable in part",
    make: () => Object.defineProperty([1, 2, 3], 1, { writable: false }),
  },
  {
    name: "sparse and of fixed length",
    make: () => Object.defineProperty(new Array(5), "length", { writable: false }),
  },
  {
    name: "array with a large index and text keys",
    make: () => Object.assign([], { 5: 1, "1.5": 2, "-0": 3 }),
  },
  {
    name: "regexp whose lastIndex is fixed",
    make: () => Object.defineProperty(/a/g, "lastIndex", { value: 2, writable: false }),
  },
  {
    name: "regexp whose lastIndex is no number",
    make: () => mutated(/a/gy, (r) => (r.lastIndex = "1" as never)),
  },
  { name: "regexp with all flags", make: () => /[\u{61}]/dgimsuy },
  { name: "empty regexp", make: () => /(?:)/ },
  { name: "regexp of a line end", make: () => /\n\// },
  { name: "boxed boolean", make: () => Object(false) },
  { name: "boxed NaN", make: () => Object(Number.NaN) },
  { name: "boxed local symbol", make: () => Object(Symbol("mine")) },
  { name: "boxed long string", make: () => Object("y".repeat(300)) },
  {
    name: "boxed and its symbol",
    make: () => mutated([Symbol("s")] as unknown[], (a) => a.push(Object(a[0]))),
  },
  {
    name: "one local symbol as key and value",
    make: () =>
      mutated({} as Record<symbol, unknown>, (o) => {
        const key = Symbol("key");
        o[key] = key;
        o[Symbol("key")] = 2;
      }),
  },
  {
    name: "map with keys of all sorts",
    make: () =>
      mutated(new Map<unknown, unknown>(), (m) => {
        m.set(m, m)
          .set(-0, 1)
          .set(undefined, 2)
          .set(null, 3)
          .set(Symbol.for("k"), 4)
          .set(7n, 5)
          .set("", 6)
          .set([], 7);
      }),
  },
  { name: "set that holds itself", make: () => mutated(new Set<unknown>(), (s) => s.add(s)) },
  { name: "arguments", make: () => argumentsOf(1, "two", {}) },
  {
    name: "arguments that were changed",
    make: () =>
      mutated(argumentsOf(1, 2) as Record<string, unknown>, (a) => {
        Reflect.deleteProperty(a, "1");
        a.length = 7;
      }),
  },
  { name: "strings of a template", make: () => template`a${1}\n${2}` },
  { name: "match of a regexp", make: () => /(?<y>\d)(b)?/d.exec("a1") },
  {
    name: "descriptors that lock",
    make: () =>
      Object.defineProperties(
        {},
        {
          a: { value: 1, writable: true },
          b: { value: 2, configurable: true },
          c: { value: 3, enumerable: true },
        },
      ),
  },
];

function argumentsOf(..._: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is the case
  return arguments;
}
const template = (strings: TemplateStringsArray, ..._: unknown[]): unknown => strings;

type Resizable = ArrayBuffer & { resize(length: number): void };
const resizable = (length: number, maxByteLength: number): Resizable =>
  new (ArrayBuffer as unknown as new (n: number, o: object) => Resizable)(length, { maxByteLength });

export const oddBytes: readonly KindOfValue[] = [
  { name: "BigUint64Array", make: () => new BigUint64Array([2n ** 64n - 1n]) },
  { name: "NaN and -0 in a Float64Array", make: () => new Float64Array([-0, Number.NaN, Infinity]) },
  { name: "empty typed array", make: () => new Uint8Array() },
  { name: "empty view at an end", make: () => new Uint8Array(new ArrayBuffer(4), 4) },
  { name: "buffer of a pool", make: () => Buffer.from("pooled") },
  {
    name: "two windows of one pool",
    make: () => mutated([Buffer.from("overlapping")] as Buffer[], (a) => a.push(a[0]!.subarray(2, 6))),
  },
  {
    name: "buffer whose memory is held",
    make: () => mutated({ b: Buffer.from("ab") as Buffer, m: null as unknown }, (o) => (o.m = o.b.buffer)),
  },
  {
    name: "subarrays that share",
    make: () => mutated([new Uint16Array([1, 2, 3, 4])], (a) => a.push(a[0]!.subarray(1, 3))),
  },
  { name: "resizable buffer", make: () => resizable(3, 10) },
  { name: "view that follows a growing buffer", make: () => new Uint8Array(resizable(3, 10), 1) },
  { name: "view of fixed length on a growing buffer", make: () => new Uint8Array(resizable(8, 16), 0, 8) },
  { name: "view that follows a buffer at its end", make: () => new Uint8Array(resizable(8, 8)) },
  { name: "view of fixed length on a buffer at its end", make: () => new Uint8Array(resizable(8, 8), 0, 8) },
  { name: "words that follow", make: () => new Uint32Array(resizable(12, 13), 4) },
  { name: "DataView that follows", make: () => new DataView(resizable(8, 9), 2) },
  { name: "DataView that does not", make: () => new DataView(resizable(8, 9), 2, 6) },
  {
    name: "detached buffer",
    make: () => mutated(new ArrayBuffer(8), (b) => void structuredClone(b, { transfer: [b] })),
  },
  {
    name: "large typed array with a property",
    make: () => Object.assign(new Uint8Array(1000), { rate: 44_100, [Symbol.for("r")]: 1 }),
  },
  { name: "buffer with a property", make: () => Object.assign(new ArrayBuffer(4), { note: "n" }) },
];

export const oddErrors: readonly KindOfValue[] = [
  ...[EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((C) => ({
    name: C.name,
    make: () => new C("m", { cause: C }),
  })),
  { name: "cause that is itself", make: () => mutated(new Error("loop"), (e) => (e.cause = e)) },
  { name: "cause of undefined", make: () => new Error("x", { cause: undefined }) },
  { name: "aggregate of itself", make: () => mutated(new AggregateError([1], "x"), (e) => e.errors.push(e)) },
  { name: "error whose stack was replaced", make: () => mutated(new Error("x"), (e) => (e.stack = "mine")) },
  {
    name: "error whose stack is no text",
    make: () => mutated(new Error("x"), (e) => (e.stack = { frames: [1] } as never)),
  },
  {
    name: "error whose stack is fixed",
    make: () =>
      Object.defineProperty(new Error("x"), "stack", { value: "s", writable: false, enumerable: true }),
  },
  { name: "error with a name of its own", make: () => mutated(new Error("x"), (e) => (e.name = "Mine")) },
  {
    name: "error whose message was deleted",
    make: () => mutated(new Error("x"), (e) => delete (e as { message?: string }).message),
  },
  {
    name: "error whose message can be seen",
    make: () => Object.defineProperty(new Error("x"), "message", { enumerable: true }),
  },
  {
    name: "error whose message is no text",
    make: () => mutated(new Error("x"), (e) => (e.message = { text: 1 } as never)),
  },
  { name: "error of null prototype", make: () => under(null, new TypeError("x")) },
  {
    name: "dom exception with cause",
    make: () => Object.assign(new DOMException("m", "QuotaExceededError"), { cause: 1 }),
  },
  {
    name: "error with a symbol and an error",
    make: () => Object.assign(new Error("x"), { [Symbol("s")]: new Error("y") }),
  },
];

export const platformKinds: readonly KindOfValue[] = [
  {
    name: "url that was changed",
    make: () => mutated(new URL("https://a.b/?x=1 2"), (u) => u.searchParams.append("y", "z")),
  },
  {
    name: "url with its own href",
    make: () => Object.defineProperty(new URL("https://a.b"), "href", { value: 5, configurable: true }),
  },
  {
    name: "params of a url, first",
    make: () =>
      mutated([] as unknown[], (a) => {
        const url = new URL("https://a.b/?x=1");
        a.push(url.searchParams, url);
      }),
  },
  { name: "params of a url that nobody holds", make: () => new URL("https://a.b/?x=1").searchParams },
  {
    name: "headers with cookies",
    make: () =>
      new Headers([
        ["set-cookie", "a"],
        ["set-cookie", "b"],
        ["B", "2"],
        ["a", "1"],
      ]),
  },
  {
    name: "controller and its signal",
    make: () =>
      mutated([] as unknown[], (a) => {
        const controller = new AbortController();
        a.push(controller.signal, controller);
      }),
  },
  { name: "controller that aborted", make: () => mutated(new AbortController(), (c) => c.abort()) },
  { name: "signal aborted with undefined as text", make: () => AbortSignal.abort("undefined") },
  { name: "weak set", make: () => mutated([{}] as unknown[], (a) => a.push(new WeakSet([a[0] as object]))) },
  {
    name: "weak map",
    make: () => mutated([{}] as unknown[], (a) => a.push(new WeakMap([[a[0] as object, a]]))),
  },
];

const getterOf = (object: object, key: PropertyKey) => Object.getOwnPropertyDescriptor(object, key)!.get;

export const builtinKinds: readonly KindOfValue[] = [
  globalThis,
  ...[Object, Array, Map, Promise, Symbol, Proxy, Intl, Intl.NumberFormat, JSON, Reflect, Atomics, console],
  ...[
    Object.prototype,
    Array.prototype,
    Date.prototype,
    Error.prototype,
    TypeError.prototype,
    RegExp.prototype,
  ],
  ...[
    Map.prototype,
    Promise.prototype,
    Uint8Array.prototype,
    String.prototype,
    Number.prototype,
    Boolean.prototype,
  ],
  ...[
    Symbol.prototype,
    URL.prototype,
    Intl.NumberFormat.prototype,
    Function.prototype,
    AbortSignal.prototype,
  ],
  ...[Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype)],
  ...[Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(new Map().keys())],
  ...[Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))],
  ...[
    getterOf(Map.prototype, "size"),
    getterOf(Object.prototype, "__proto__"),
    getterOf(RegExp.prototype, "flags"),
  ],
  ...[
    Array.prototype[Symbol.iterator],
    Object.prototype.hasOwnProperty,
    Promise.prototype.then,
    structuredClone,
  ],
  ...[
    Date.prototype[Symbol.toPrimitive],
    getterOf(Array, Symbol.species),
    Buffer,
    Buffer.from,
    Buffer.prototype,
    fetch,
  ],
].map((value, i) => ({
  name: `built-in ${i} ${describeBuiltin(value)}`,
  make: () => value,
  byName: true as const,
}));

function describeBuiltin(value: unknown): string {
  return typeof value === "function" ? value.name : Object.prototype.toString.call(value);
}
