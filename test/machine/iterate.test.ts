/**
 * Iteration behaves as the loops of the language do, over everything that they take.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { $iterate, $iterateAsync, $keys, type Iteration } from "../../runtime/machine/index.ts";

/** The loop that the compiler emits, without a suspend point in it. */
function loop(it: Iteration, visit: (value: unknown) => "break" | undefined | void): void {
  try {
    for (; it.next(); ) {
      if (visit(it.value) === "break") {
        it.close();
        break;
      }
    }
  } catch (error) {
    it.abort();
    throw error;
  }
}

function collect(xs: unknown): unknown[] {
  const seen: unknown[] = [];
  loop($iterate(xs), (x) => void seen.push(x));
  return seen;
}

function args(..._: unknown[]): IArguments {
  // biome-ignore lint/complexity/noArguments: it is what is tested
  return arguments;
}

test.each<[string, string, () => Iterable<unknown>]>([
  ["array", "index", () => Object.assign([1], { 2: 3 })],
  ["arguments", "index", () => args(1, "b") as Iterable<unknown>],
  ["typed array", "index", () => new Uint8Array([1, 2])],
  ["string", "string", () => "a𝒳\ud800b"],
  ["map", "map", () => new Map([[1, 2]])],
  ["set", "set", () => new Set([1, "x"])],
  [
    "generator",
    "iterator",
    () =>
      (function* () {
        yield 1;
        yield 2;
      })(),
  ],
  ["array iterator", "iterator", () => [1, 2].values()],
  [
    "array with an iterator of its own",
    "iterator",
    () =>
      Object.assign([1], {
        *[Symbol.iterator]() {
          yield 9;
        },
      }),
  ],
])("%s is read by %s as for of reads it", (_name, kind, make) => {
  expect($iterate(make()).kind).toBe(kind);
  expect(collect(make())).toEqual([...make()]);
});

test("what is not iterable is refused", () => {
  for (const x of [1, null, undefined, {}, { [Symbol.iterator]: 1 }])
    expect(() => $iterate(x)).toThrow(TypeError);
  expect(() => $iterate({ [Symbol.iterator]: () => 1 })).toThrow(TypeError);
});

test("an array that grows and shrinks meanwhile, and is then done for good", () => {
  const xs = [1, 2, 3];
  const seen: unknown[] = [];
  const it = $iterate(xs);
  loop(it, (x) => {
    seen.push(x);
    if (x === 1) xs.push(4);
    if (x === 3) xs.length = 3;
  });
  xs.push(5, 6, 7);
  expect(it.next()).toBe(false);
  expect(seen).toEqual([1, 2, 3]);
  expect(it.source).toBeUndefined();
});

test("a typed array whose buffer is detached meanwhile throws", () => {
  const xs = new Uint8Array([1, 2]);
  const it = $iterate(xs);
  it.next();
  structuredClone(xs.buffer, { transfer: [xs.buffer] });
  expect(() => it.next()).toThrow(TypeError);
});

test("maps and sets under random deletion, addition and clearing", () => {
  const change = fc.record({
    at: fc.nat(8),
    what: fc.constantFrom("add", "delete", "clear", "none"),
    key: fc.nat(8),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(8)),
      fc.array(change, { maxLength: 20 }),
      fc.boolean(),
      (keys, changes, isMap) => {
        const visitAll = (
          iterate: (source: Iterable<unknown>, visit: (x: unknown) => "break" | undefined) => void,
        ) => {
          const source = isMap ? new Map(keys.map((k) => [k, k])) : new Set(keys);
          const seen: unknown[] = [];
          iterate(source, (x) => {
            seen.push(x);
            for (const { at, what, key } of changes) {
              if (at !== seen.length - 1) continue;
              if (what === "add") source instanceof Map ? source.set(key, key) : source.add(key);
              if (what === "delete") source.delete(key);
              if (what === "clear") source.clear();
            }
            return seen.length > 50 ? "break" : undefined;
          });
          return seen;
        };
        const native = visitAll((source, visit) => {
          for (const x of source) if (visit(x) === "break") break;
        });
        expect(visitAll((source, visit) => loop($iterate(source), visit))).toEqual(native);
      },
    ),
  );
});

/** An iterator that notes what is called, and misbehaves where told to. */
function noted(log: string[], wrong: Record<string, () => unknown> = {}): Iterable<number> {
  let n = 0;
  return {
    [Symbol.iterator]: () =>
      ({
        next() {
          log.push("next");
          return wrong["next"]?.() ?? { done: n === 2, value: n++ };
        },
        get return() {
          log.push("get return");
          if (wrong["getReturn"]) return wrong["getReturn"]();
          return () => {
            log.push("return");
            return wrong["return"] ? wrong["return"]() : {};
          };
        },
      }) as Iterator<number>,
  };
}
const fail = () => {
  throw new Error("fails");
};

test.each<[string, Record<string, () => unknown>, (x: unknown) => "break" | undefined]>([
  ["runs to the end", {}, () => undefined],
  ["breaks", {}, () => "break"],
  ["throws in the body", {}, () => fail()],
  ["next throws", { next: fail }, () => undefined],
  ["next gives no object", { next: () => 1 }, () => undefined],
  [
    "done throws",
    {
      next: () => ({
        get done() {
          return fail();
        },
      }),
    },
    () => undefined,
  ],
  [
    "value throws",
    {
      next: () => ({
        done: false,
        get value() {
          return fail();
        },
      }),
    },
    () => undefined,
  ],
  ["return throws at break", { return: fail }, () => "break"],
  [
    "return throws at a throw",
    { return: fail },
    () => {
      throw new Error("first");
    },
  ],
  ["return gives no object", { return: () => 1 }, () => "break"],
  ["getter of return throws", { getReturn: fail }, () => "break"],
  ["return is missing", { getReturn: () => undefined }, () => "break"],
  ["return is null", { getReturn: () => null }, () => "break"],
  ["return is no function", { getReturn: () => 1 }, () => "break"],
])("an iterator that %s is called as by for of", (_name, wrong, visit) => {
  const attempt = (iterate: (xs: Iterable<unknown>) => void) => {
    const log: string[] = [];
    try {
      iterate(noted(log, wrong));
    } catch (error) {
      log.push(error instanceof TypeError ? "TypeError" : String(error));
    }
    return log;
  };
  const native = attempt((xs) => {
    for (const x of xs) if (visit(x) === "break") break;
  });
  expect(attempt((xs) => loop($iterate(xs), visit))).toEqual(native);
});

test("for in: own and inherited keys once, shadowed and deleted ones left out", () => {
  const make = () => {
    const object = Object.create(
      { inherited: 1, hidden: 2, both: 3 },
      { hidden: { value: 0, enumerable: false } },
    );
    return Object.assign(object, { b: 1, 2: 0, 1: 0, both: 4, gone: 5 });
  };
  const visitAll = (iterate: (object: object, visit: (key: string) => void) => void) => {
    const object = make();
    const seen: string[] = [];
    iterate(object, (key) => {
      seen.push(key);
      delete object.gone;
      object.added = 1;
    });
    return seen;
  };
  const native = visitAll((object, visit) => {
    for (const key in object) visit(key);
  });
  expect(visitAll((object, visit) => loop($keys(object), (key) => visit(key as string)))).toEqual(native);
  expect([null, undefined, 5].flatMap((x) => [...keysOf(x)])).toEqual([]);
  expect([...keysOf("ab")]).toEqual(["0", "1"]);
});

function* keysOf(x: unknown): Iterable<unknown> {
  for (const it = $keys(x); it.next(); ) yield it.value;
}

/** The loop that the compiler emits for `for await`, with native awaits. */
async function loopAsync(xs: unknown, visit: (x: unknown) => "break" | undefined): Promise<void> {
  const it = $iterateAsync(xs);
  try {
    while (it.step(await it.nextAsync(null as never))) {
      if (visit(it.value) === "break") {
        const c = it.closeAsync();
        if (c !== undefined) it.closed(await c);
        break;
      }
    }
  } catch (error) {
    const c = it.abortAsync();
    try {
      if (c !== undefined) await c;
    } catch {}
    throw error;
  }
}

const asynchronous = (log: string[], wrong: Record<string, () => unknown>) => {
  const sync = noted(log, wrong)[Symbol.iterator]();
  return {
    [Symbol.asyncIterator]: () => sync,
  };
};

test.each<[string, Record<string, () => unknown>, (x: unknown) => "break" | undefined]>([
  ["runs to the end", {}, () => undefined],
  ["breaks", {}, () => "break"],
  ["throws in the body", {}, () => fail()],
  ["next throws", { next: fail }, () => undefined],
  ["next rejects", { next: () => Promise.reject(new Error("rejects")) }, () => undefined],
  ["next gives no object", { next: () => 1 }, () => undefined],
  ["return throws at break", { return: fail }, () => "break"],
  ["return rejects at a throw", { return: () => Promise.reject(new Error("no")) }, () => fail()],
  ["return gives no object", { return: () => 1 }, () => "break"],
  ["return gives undefined", { return: () => undefined }, () => "break"],
  ["return is missing", { getReturn: () => undefined }, () => "break"],
])("for await over async and sync iterators: %s", async (name, wrong, visit) => {
  // Not for a sync iterator, to which a promise is an object like any other that says it is not done.
  for (const make of name.includes("rejects") ? [asynchronous] : [asynchronous, noted]) {
    const attempt = async (iterate: (xs: never) => Promise<void>) => {
      const log: string[] = [];
      try {
        await iterate(make(log, wrong) as never);
      } catch (error) {
        log.push(error instanceof TypeError ? "TypeError" : String(error));
      }
      return log;
    };
    const native = await attempt(async (xs) => {
      for await (const x of xs as AsyncIterable<unknown>) if (visit(x) === "break") break;
    });
    // Newer V8 closes a sync iterator whose `next` failed; ECMA-262 does not (§27.1.6.2.1).
    const isNext = name.startsWith("next") && make === noted;
    const expected = isNext ? native.filter((one) => !one.includes("return")) : native;
    expect(await attempt((xs) => loopAsync(xs, visit))).toEqual(expected);
  }
});

test("for await closes a sync iterator whose promise rejects (ECMA-262 2025)", async () => {
  const log: string[] = [];
  const xs = noted(log, { next: () => ({ done: false, value: Promise.reject(new Error("no")) }) });
  await expect(loopAsync(xs, () => undefined)).rejects.toThrow("no");
  expect(log).toEqual(["next", "get return", "return"]);
});
