/**
 * Exotic values (trap 9): each is restored exactly, or refused with the path that leads to it. There is no third thing. What is
 * restored stands with `null`, what is refused with what the error calls it.
 */
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeRun, encodeValue } from "../../runtime/snapshot/index.ts";
import { answer, begin, counter, hold, result, revive } from "./programs.ts";
import { difference } from "./same.ts";

/** Of the engine: those of a test runner's own modules are something else. */
const namespace: object = await import("data:text/javascript,export const a = 1;" as string);

class Foreign {
  open = true;
}
const under = (prototype: object | null, object: object): object => Object.setPrototypeOf(object, prototype);
const marked = (): unknown => counter(1).get;

interface IteratorClass {
  readonly prototype: object & { map(f: unknown): object };
  from(value: object): object;
}

type Exotic = readonly [name: string, make: () => unknown, refused: string | null];

/** Of engines that have them. */
function ofIteratorHelpers(): Exotic[] {
  const platform = Reflect.get(globalThis, "Iterator") as IteratorClass | undefined;
  if (platform?.from === undefined) return [];
  const { prototype } = platform;
  return [
    ["a helper of the engine", () => prototype.map.call([1].values(), () => 1), "an Iterator Helper"],
    ["what Iterator.from made", () => platform.from({ next() {} }), "an object of an unknown prototype"],
    ["an object under Iterator.prototype", () => Object.create(prototype), "an "],
  ];
}

const exotic: readonly Exotic[] = [
  ["a Proxy of an object", () => new Proxy({}, {}), "a Proxy"],
  ["a Proxy of an array", () => new Proxy([], {}), "a Proxy"],
  ["a Proxy of a map", () => new Proxy(new Map(), {}), "a Proxy"],
  ["a Proxy of a function", () => new Proxy(() => 1, {}), "function"],
  [
    "a revoked Proxy",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "a Proxy",
  ],
  ["an object above a Proxy", () => Object.create(new Proxy({}, {})), "inherits from a Proxy"],
  ["a namespace of a module", () => namespace, "what import() gave"],
  ["an object with the tag of a namespace", () => under(null, { [Symbol.toStringTag]: "Module" }), null],
  ...ofIteratorHelpers(),
  ["a null prototype", () => under(null, { a: 1 }), null],
  ["an array of null prototype", () => under(null, [1]), null],
  ["a map of null prototype", () => under(null, new Map([[1, 2]])), null],
  ["a set above an object", () => under({ a: 1 }, new Set([1])), null],
  ["a date that is a plain object", () => under(Object.prototype, new Date(5)), null],
  ["an array that is a plain object", () => under(Object.prototype, [1, 2]), null],
  ["an array under Map.prototype", () => under(Map.prototype, [1]), "cannot be read"],
  ["a map under Set.prototype", () => under(Set.prototype, new Map()), "cannot be read"],
  ["an object under Promise.prototype", () => Object.create(Promise.prototype), " is a"],
  ["an object under Error.prototype", () => Object.create(Error.prototype), "only looks like an Error"],
  ["an instance of a class", () => new Foreign(), "a Foreign"],
  ["an instance of a nameless class", () => new (class {})(), "an object of an unknown prototype"],
  [
    "an instance that hides its constructor",
    () => Object.defineProperty(new Foreign(), "constructor", { value: Object }),
    "a Foreign",
  ],
  ["an object with a forged tag", () => ({ [Symbol.toStringTag]: "Map" }), null],
  ["an object with a forged constructor", () => ({ constructor: Map }), null],
  ["an object above Math", () => Object.create(Math), "a Math"],
  ["a subclass of Array", () => new (class Sub extends Array {})(), "a Sub"],
  ["a subclass of Error", () => new (class Bad extends Error {})(), "a Bad"],
  ["a subclass of Uint8Array", () => new (class Bytes extends Uint8Array {})(2), "a Bytes"],
  ["an event emitter", () => new EventEmitter(), "an EventEmitter"],
  ["an event target", () => new EventTarget(), "an EventTarget"],
  ["an event", () => new Event("x"), "an Event"],
  ["a function of unmarked code", () => () => 1, "function"],
  ["a class of unmarked code", () => class Odd {}, "Odd of unmarked code"],
  ["a bound function of unmarked code", () => exoticFunction.bind(null), "unmarked code"],
  [
    "a getter of unmarked code",
    () => ({
      get a() {
        return 1;
      },
    }),
    "unmarked code",
  ],
  [
    "a getter of marked code",
    () => Object.defineProperty({}, "a", { get: marked() as () => 1, enumerable: true }),
    null,
  ],
  ["eval", () => Reflect.get(globalThis, "eval"), "eval"],
  ["Function", () => Function, "Function"],
  [
    "a constructor of async functions",
    () => Object.getPrototypeOf(async () => {}).constructor,
    "AsyncFunction",
  ],
  ["a native promise in an object", () => encodeOnly({ p: Promise.resolve(1) }), "a Promise"],
  ["a native generator", () => (function* () {})(), "prototype"],
  ["an iterator of an array", () => [1].values(), "an Array Iterator"],
  ["an iterator of a regexp", () => "a".matchAll(/a/g), "a RegExp String Iterator"],
  ["shared memory", () => new SharedArrayBuffer(4), "a SharedArrayBuffer"],
  ["a view of shared memory", () => new Uint8Array(new SharedArrayBuffer(4)), "shared memory"],
  ["a buffer that was transferred", () => transferred(new ArrayBuffer(4)), null],
  [
    "a view of a buffer that was transferred",
    () => {
      const v = new Uint8Array(4);
      transferred(v.buffer);
      return v;
    },
    "transferred",
  ],
  ["an invalid date", () => new Date(Number.NaN), null],
  ["a finalization registry", () => new FinalizationRegistry(() => {}), "a FinalizationRegistry"],
  ["a weak reference to nothing savable", () => new WeakRef(new Foreign()), "a Foreign"],
  ["a number format", () => new Intl.NumberFormat("en"), "NumberFormat"],
  ["a collator", () => new Intl.Collator(), "Collator"],
  ["a blob", () => new Blob(["x"]), "a Blob"],
  ["a file", () => new File(["x"], "f"), "a File"],
  ["form data", () => new FormData(), "a FormData"],
  ["a request", () => new Request("http://localhost"), "a Request"],
  ["a response", () => new Response("x"), "a Response"],
  ["a stream", () => new ReadableStream(), "a ReadableStream"],
  ["a text encoder", () => new TextEncoder(), "a TextEncoder"],
  [
    "a message channel",
    () => {
      const { port1, port2 } = new MessageChannel();
      port1.close();
      port2.close();
      return port1;
    },
    "a MessagePort",
  ],
  [
    "a signal that unmarked code made",
    () => AbortSignal.any([new AbortController().signal]),
    "follow others",
  ],
  [
    "a timer",
    () => {
      const timer = setTimeout(() => {}, 0);
      clearTimeout(timer);
      return timer;
    },
    "a Timeout",
  ],
  ["a crypto key store", () => crypto.subtle, "a SubtleCrypto"],
  ["process", () => process, "a process"],
  ["a module", () => import("node:util"), "a Promise"],
  ["arguments", () => argumentsOf(1, 2), null],
  ["arguments of a sloppy function", () => sloppyArguments(1, 2), "sloppy"],
  ["the globe", () => globalThis, null],
  ["a symbol in a box", () => Object(Symbol("s")), null],
  ["an error whose stack is an object", () => Object.assign(new Error("x"), { stack: { a: 1 } }), null],
  ["a key called __proto__", () => JSON.parse('{"__proto__":{"a":1}}'), null],
];

function exoticFunction(): void {}
const encodeOnly = (value: unknown): unknown => value;
function transferred(buffer: ArrayBuffer): ArrayBuffer {
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
function argumentsOf(..._: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is the case
  return arguments;
}
const sloppyArguments = new Function("return arguments") as (...args: unknown[]) => unknown;

/** What a native promise is in a run is no refusal: it rejects with Interrupted. */
const isPending = (name: string) => name === "a native promise in an object" || name === "a module";

describe("exotic values", () => {
  it("are at least sixty", () => expect(exotic.length).toBeGreaterThanOrEqual(60));

  it.each(exotic)("%s", (name, make, refused) => {
    let before: unknown;
    const run = begin(hold, () => (before = { deep: [make()] }));
    if (refused === null) {
      const revived = revive(run);
      answer(revived, null);
      expect(difference(before, (result(revived) as { x: unknown }).x)).toBeNull();
      return;
    }
    const message = (write: () => unknown): string => {
      try {
        write();
      } catch (error) {
        return (error as Error).message;
      }
      return "was saved";
    };
    if (!isPending(name)) {
      const text = message(() => encodeRun(run));
      expect(text).toContain("hold › x.deep[0]");
      expect(text).toContain(refused);
    }
    let copied: unknown;
    begin(hold, () => (copied = { deep: [make()] }));
    const text = message(() => encodeValue(copied));
    expect(text).toContain("value.deep[0]");
    expect(text).toContain(refused);
  });
});

/** Rows of the page about what is refused, and the values above that show them. */
const rows: Readonly<Record<string, readonly string[]>> = {
  sockets: ["a stream", "a request", "a response", "a timer"],
  pools: ["an event emitter"],
  "instances of classes": ["an instance of a class", "a subclass of Error"],
  "functions of unmarked code": ["a function of unmarked code", "a class of unmarked code"],
  "a `Proxy`": ["a Proxy of an object"],
  "`Blob`": ["a blob", "a file", "form data"],
  "`Intl.NumberFormat`": ["a number format", "a collator"],
  "`SharedArrayBuffer`": [
    "shared memory",
    "a view of shared memory",
    "a view of a buffer that was transferred",
  ],
  "iterators and generators": ["an iterator of an array", "a native generator"],
  "a `FinalizationRegistry`": ["a finalization registry"],
  "a signal": ["a signal that unmarked code made"],
  "`arguments` of a sloppy": ["arguments of a sloppy function"],
};

it("shows every row of docs/frames.md about what is refused", () => {
  const page = readFileSync(new URL("../../docs/frames.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("## Refused"), page.indexOf("A native promise is no reason"));
  const listed = [...table.matchAll(/^\| (.+?) \|/gm)]
    .map(([, cell]) => cell!)
    .filter((cell) => !/^(what|---)/.test(cell));
  const begins = Object.keys(rows);
  expect(listed.map((cell) => begins.find((one) => cell.startsWith(one)) ?? cell)).toEqual(begins);
  for (const name of Object.values(rows).flat())
    expect([name, exotic.find(([known]) => known === name)?.[2]]).toEqual([name, expect.any(String)]);
});
