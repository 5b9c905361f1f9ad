/** What cannot be saved: all of it in one error, with paths, places and the ways out. Nothing "looks plain". */
import { types } from "node:util";
import { describe, expect, it } from "vitest";
import { $module } from "../../runtime/machine/index.ts";
import { encodeRun, encodeValue } from "../../runtime/snapshot/index.ts";
import { begin, captured, counter, hold } from "./programs.ts";

class Socket {
  open = true;
}
class Agent {
  #sockets = 1;
  count(): number {
    return this.#sockets;
  }
}
$module("refusal.ts", "r1", { Agent: () => Agent });

function refusal(make: () => unknown): string {
  const run = begin(hold, make);
  try {
    encodeRun(run, { isProxy: types.isProxy });
  } catch (error) {
    expect((error as { code: string }).code).toBe("CF2101");
    return (error as Error).message;
  }
  throw new Error("was saved");
}

it("lists all values with the path from a local, the await, and the ways out", () => {
  const message = refusal(() => ({
    opts: { retry: { socket: new Socket() } },
    list: [1, [new WeakMap(), () => 1]],
    map: new Map<unknown, unknown>([["key", new Socket()]]),
  }));
  expect(message).toMatchInlineSnapshot(`
    "CF2101 a value cannot be saved: 3 values are still needed after an await, but cannot be saved
      hold › x.map.get("key") is a Socket (flows.ts:31)
        flows.ts:31:3    await event    the run parks here
      hold › x.opts.retry.socket is a Socket (flows.ts:31)
        flows.ts:31:3    await event    the run parks here
      hold › x.list[1][1] is a function of unmarked code (flows.ts:31)
        flows.ts:31:3    await event    the run parks here
    Open it inside a step, let go of it before the await, or register it: resource("name", object) for one object; for the objects of a class: mark its module or include its package, superjson.registerClass(Class), or static [Symbol.for("coldframe.save")]."
  `);
});

it("names a variable that a closure keeps", () => {
  expect(refusal(() => counter(1, new Socket()).send)).toContain("counter › sock is a Socket");
});

it("says nothing of a variable that only dead closures kept", () => {
  expect(() => encodeRun(begin(captured, new Socket()))).not.toThrow();
});

it("lists a thousand values in a readable text", () => {
  const message = refusal(() => Array.from({ length: 1000 }, () => new Socket()));
  expect(message).toContain("1000 values");
  expect(message.length).toBeLessThan(4000);
});

describe("never looks plain", () => {
  const cases: [string, () => unknown, string][] = [
    ["a Proxy of a plain object", () => new Proxy({ a: 1 }, {}), "is a Proxy"],
    ["a Proxy of an array", () => new Proxy([1], {}), "is a Proxy"],
    ["an instance of an unknown class", () => new Socket(), "is a Socket"],
    ["an instance of an imported class", () => new Agent(), "is an Agent"],
    [
      "an object made from an instance of an unknown class",
      () => Object.create(new Socket()),
      "is an object",
    ],
    ["an object made from one of the platform", () => Object.create(Math), "is a Math"],
    ["an object with the prototype of a Map", () => Object.create(Map.prototype), "cannot be read"],
    ["an object with the prototype of a Date", () => Object.create(Date.prototype), "cannot be read"],
    [
      "an object with the prototype of an Error",
      () => Object.create(Error.prototype),
      "only looks like an Error",
    ],
    [
      "an object with the prototype of an array",
      () => Object.create(Array.prototype),
      "only looks like an array",
    ],
    [
      "an object with the prototype of a typed array",
      () => Object.create(Uint8Array.prototype),
      "only looks like",
    ],
    ["an object with the prototype of a promise", () => Object.create(Promise.prototype), "cannot be read"],
    ["a subclass of Map that is not known", () => new (class Cache extends Map {})(), "is a Cache"],
    ["a subclass of Error that is not known", () => new (class Bad extends Error {})(), "is a Bad"],
    ["a function", () => function helper() {}, "the function helper of unmarked code"],
    ["a bound function", () => counter.bind(null, 1), "of unmarked code"],
    ["a generator", () => (function* () {})(), "is "],
    ["an array iterator", () => [1][Symbol.iterator](), "Array Iterator"],
    ["a map iterator", () => new Map().entries(), "Map Iterator"],
    ["shared memory", () => new Uint8Array(new SharedArrayBuffer(4)), "shared memory"],
    ["Intl", () => new Intl.NumberFormat("en"), "NumberFormat"],
    ["a text encoder", () => new TextEncoder(), "TextEncoder"],
    ["a request", () => new Request("http://localhost"), "Request"],
    ["a stream", () => new ReadableStream(), "ReadableStream"],
    ["a finalization registry", () => new FinalizationRegistry(() => {}), "FinalizationRegistry"],
    ["a blob", () => new Blob(["x"]), "Blob"],
  ];
  it.each(cases)("%s", (_, make, text) => {
    expect(refusal(() => ({ inner: make() }))).toContain(text);
    expect(refusal(make)).toContain("hold › x is ");
  });
});

it("refuses what is in an argument, with its path", () => {
  expect(() => encodeValue({ a: [{ b: new Socket() }] })).toThrow("value.a[0].b is a Socket");
  expect(() => encodeValue({ f: () => 1 })).toThrow("value.f is the function f of unmarked code");
  expect(() => encodeValue([Promise.resolve()])).toThrow("CF2101");
});

it("runs no getter and no trap while it looks", () => {
  let touched = 0;
  const make = () => ({
    get trap() {
      touched++;
      return 1;
    },
    proxy: new Proxy(
      {},
      {
        ownKeys: () => [String(touched++)],
        getPrototypeOf: () => (touched++ > 0 ? null : null),
      },
    ),
  });
  refusal(make);
  expect(touched).toBe(0);
});
