/** Iterators and bound functions of marked code, saved and restored half-way: they go on as if nothing had happened. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { $method } from "../../runtime/machine/index.ts";
import { seal } from "../../runtime/snapshot/format.ts";
import { encodeRun } from "../../runtime/snapshot/index.ts";
import { answer, begin, counter, hold, load, result, revive, walk } from "./programs.ts";

const call = (object: unknown, name: PropertyKey, ...args: unknown[]) =>
  $method(object, name, args, `o.${String(name)}`) as never;

/** What a local holds after a park. */
function restored<T>(make: () => T): T {
  const run = begin(hold, make);
  const { text } = encodeRun(run);
  expect(encodeRun(run).text).toBe(text);
  const revived = revive(run);
  expect(encodeRun(revived).text).toBe(text);
  answer(revived, null);
  return (result(revived) as { x: T }).x;
}

type Source = Map<number, number> | Set<number> | number[];

function makeSource(kind: string, keys: number[]): Source {
  return kind === "map" ? new Map(keys.map((k) => [k, k * 10])) : kind === "set" ? new Set(keys) : [...keys];
}

function change(source: Source, what: string, key: number): undefined {
  if (Array.isArray(source)) {
    if (what === "add") source.push(key);
    if (what === "delete") source.splice(key, 1);
    if (what === "clear") source.length = 0;
  } else {
    if (what === "add") source instanceof Map ? source.set(key, key) : source.add(key);
    if (what === "delete") source.delete(key);
    if (what === "clear") source.clear();
  }
  return undefined;
}

describe("iterators", () => {
  it("go on where they were, whatever is added, deleted or cleared before and after each of many parks", () => {
    const operation = fc.record({
      what: fc.constantFrom("next", "next", "park", "add", "delete", "clear"),
      key: fc.nat(6),
    });
    fc.assert(
      fc.property(
        fc.constantFrom("map", "set", "array"),
        fc.constantFrom("entries", "keys", "values", Symbol.iterator),
        fc.uniqueArray(fc.nat(6)),
        fc.array(operation, { maxLength: 25 }),
        (kind, name, keys, operations) => {
          const source = makeSource(kind, keys);
          const native = (source as never as Record<PropertyKey, () => Iterator<unknown>>)[name]!();
          const expected = operations.map(({ what, key }) =>
            what === "next" ? native.next() : change(source, what, key),
          );
          let ours = (() => {
            const mine = makeSource(kind, keys);
            return { source: mine, it: call(mine, name) as Iterator<unknown> };
          })();
          const seen = operations.map(({ what, key }) => {
            if (what !== "park") return what === "next" ? ours.it.next() : change(ours.source, what, key);
            const before = ours;
            ours = restored(() => before);
            return undefined;
          });
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each<[string, () => Iterator<unknown>, () => Iterator<unknown>]>([
    ["a text", () => call("a😀\ud800b", Symbol.iterator), () => "a😀\ud800b"[Symbol.iterator]()],
    [
      "a typed array",
      () => call(new Uint16Array([5, 6, 7]), "entries"),
      () => new Uint16Array([5, 6, 7]).entries(),
    ],
    ["matches", () => call("a1b22c333", "matchAll", /(?<n>\d)+/g), () => "a1b22c333".matchAll(/(?<n>\d)+/g)],
    ["empty matches", () => call("a😀b", "matchAll", /(?:)/gu), () => "a😀b".matchAll(/(?:)/gu)],
    ["matches of a text pattern", () => call("abab", "matchAll", "b"), () => "abab".matchAll("b" as never)],
    ["a first match only", () => call(/a/, Symbol.matchAll, "aa"), () => /a/[Symbol.matchAll]("aa")],
  ])("%s: from each position", (_name, ours, native) => {
    for (let before = 0; before <= 6; before++) {
      const it = native();
      const mine = restored(() => {
        const it = ours();
        for (let i = 0; i < before; i++) it.next();
        return it;
      });
      for (let i = 0; i < before; i++) it.next();
      for (let i = 0; i < 6; i++) expect(mine.next()).toEqual(it.next());
    }
  });

  it.each<[string, () => Iterable<unknown>, () => Iterable<unknown>]>([
    ["an array's entries", () => call(["a", "b"], "entries"), () => ["a", "b"].entries()],
    ["a map's values", () => call(new Map([[1, "x"]]), "values"), () => new Map([[1, "x"]]).values()],
    ["a set's keys", () => call(new Set([1, 2]), "keys"), () => new Set([1, 2]).keys()],
    ["matches", () => call("a1b2", "matchAll", /\d/g), () => "a1b2".matchAll(/\d/g)],
  ])("%s: a loop that parks at each of them", (_name, ours, native) => {
    let run = begin(walk, ours());
    const expected = [...native()];
    for (let i = 0; i < expected.length; i++) {
      run = revive(run);
      answer(run, null);
    }
    expect(result(run)).toEqual(expected);
  });

  it("keep identity, integrity and what the author put on them", () => {
    const { it, again, source, extra } = restored(() => {
      const source = [1, 2, 3];
      const it = Object.assign(call(source, "values") as IterableIterator<number>, { note: { n: 1 } });
      it.next();
      return { it, again: it, source, extra: Object.freeze(it) };
    });
    expect([it === again, it === extra, Object.isFrozen(it), it.note]).toEqual([true, true, true, { n: 1 }]);
    source.push(4);
    expect([...it]).toEqual([2, 3, 4]);
    expect(Object.prototype.toString.call(it)).toBe("[object Array Iterator]");
  });

  it("share one position when two loops read the same", () => {
    const { it, loops } = restored(() => {
      const it = call(new Set([1, 2, 3, 4]), "values") as IterableIterator<number>;
      return { it, loops: [it, it] };
    });
    expect([loops[0]!.next().value, it.next().value, loops[1]!.next().value]).toEqual([1, 2, 3]);
  });

  it("hold what cannot be saved until they are done", () => {
    const socket = new (class Socket {})();
    const parked = (steps: number) => () =>
      begin(hold, () => {
        const it = call([socket], "keys") as Iterator<number>;
        for (let i = 0; i < steps; i++) it.next();
        return it;
      });
    expect(() => encodeRun(parked(1)())).toThrow(/Socket/);
    expect(() => encodeRun(parked(2)())).not.toThrow();
  });
});

describe("bound functions", () => {
  it("keep target, receiver, arguments, name and length, and share the variables of their closure", () => {
    const { add, inc, get, receiver } = restored(() => {
      const { inc, get } = counter(5);
      const receiver = { sum: 0 };
      const add = call(Array.prototype.push, "bind", receiver, inc, receiver) as (...xs: unknown[]) => number;
      return {
        add,
        inc: call(inc, "bind", null) as () => number,
        get,
        receiver: receiver as Record<string, unknown>,
      };
    });
    expect([add.name, add.length, inc.name]).toEqual(["bound push", 0, "bound "]);
    expect(inc()).toBe(6);
    expect(get()).toBe(6);
    expect(add("x")).toBe(3);
    expect([receiver["length"], receiver["1"] === receiver, receiver["2"]]).toEqual([3, true, "x"]);
    expect((receiver["0"] as () => number)()).toBe(7);
  });

  it("are functions of the platform afterwards, too", () => {
    const f = restored(() => {
      const f = call(Map, "bind", null, [[1, 2]]) as new () => Map<number, number>;
      return Object.freeze(Object.assign(f, { note: 1 }));
    });
    expect(Object.getOwnPropertyDescriptors(f)).toEqual(
      Object.getOwnPropertyDescriptors(Object.freeze(Object.assign(Map.bind(null, [[1, 2]]), { note: 1 }))),
    );
    expect(new f()).toEqual(new Map([[1, 2]]));
    expect(() => (f as never as () => void)()).toThrow(TypeError);
  });

  it("in cycles, bound again, and with values of all sorts", () => {
    const { self, twice } = restored(() => {
      const receiver: Record<string, unknown> = { n: 1 };
      const long = "x".repeat(500);
      receiver["self"] = call(Array.of, "bind", receiver, receiver, undefined, -0, 3n, long, Symbol.iterator);
      const twice = call(receiver["self"], "bind", "ignored", Number.NaN) as () => unknown[];
      return { self: receiver, twice };
    });
    const made = twice();
    expect(made.slice(1)).toEqual([undefined, -0, 3n, "x".repeat(500), Symbol.iterator, Number.NaN]);
    expect(made[0]).toBe(self);
    expect(twice.name).toBe("bound bound of");
  });

  it("say what of them cannot be saved", () => {
    const socket = new (class Socket {})();
    expect(() => encodeRun(begin(hold, () => call(Math.max, "bind", socket)))).toThrow(/Socket/);
    expect(() => encodeRun(begin(hold, () => call(() => 0, "bind", null)))).toThrow(/unmarked code/);
  });

  it.each([
    ["to themselves", '["bound",[1],[3],'],
    ["on themselves", '["bound",[2],[1],'],
    ["to no function", '["bound",[3],[3],'],
    ["to what is not there", '["bound",[99],[3],'],
  ])("bound %s are damage", (_name, forged) => {
    const { text } = encodeRun(begin(hold, () => call(Math.max, "bind", { a: 1 }, 7)));
    const original = '["bound",[2],[3],';
    expect(text).toContain(original);
    const body = text.slice('["coldframe 1.1 00000000",'.length);
    expect(() => load(seal(body.replace(original, forged)))).toThrow(/CF2102/);
  });
});
