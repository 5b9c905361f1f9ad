/** Plain data: what may stand in a tree that `JSON.stringify` writes, and what may not; chunks of large values. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Run } from "../../runtime/machine/index.ts";
import {
  decodeRun,
  decodeValue,
  describe as describeSnapshot,
  encodeRun,
  encodeValue,
  NO_CHUNKS,
  resource,
} from "../../runtime/snapshot/index.ts";
import { begin, hold, host } from "./programs.ts";
import { difference } from "./same.ts";

/** Long enough to be worth a look. */
const many = <T>(make: (i: number) => T, length = 20): T[] => Array.from({ length }, (_, i) => make(i));
const isData = (text: string) => text.includes('["tree",');

const x = (run: Run) => run.root!.frame!.x;
const same = (one: unknown, other: unknown) => expect(difference(one, other)).toBeNull();

function copy<T>(value: T): T {
  return decodeValue(encodeValue(value)) as T;
}

describe("a tree of plain data", () => {
  it("is one node, and comes back as it was", () => {
    const value = many((i) => ({
      id: i,
      name: `n${i}\u2028"\ud800`,
      list: [i, [null, true]],
      ["__proto__"]: { a: 1 },
    }));
    const text = encodeValue(value);
    expect(text.startsWith('[[],[["tree",[["id","name","list","__proto__"],["a"]],[-21],[0],0,')).toBe(true);
    same(copy(value), value);
  });

  it("with values that JSON has no word for", () => {
    const value = many((i) => ({
      n: [i, Number.NaN, -0, undefined, 12n],
      v: Number.POSITIVE_INFINITY,
      "a b": -0,
      none: undefined,
      much: -(2n ** 90n),
    }));
    expect(isData(encodeValue(value))).toBe(true);
    same(copy(value), value);
  });

  it.each<[string, (list: Record<string, unknown>[]) => void]>([
    [
      "a Date",
      (list) => {
        list[9]!.x = new Date(5);
      },
    ],
    [
      "an accessor",
      (list) => {
        Object.defineProperty(list[9], "x", { value: 1, enumerable: true });
      },
    ],
    [
      "a hidden property",
      (list) => {
        Object.defineProperty(list[9], "x", { value: 1, writable: true, configurable: true });
      },
    ],
    [
      "a symbol as key",
      (list) => {
        (list[9] as Record<symbol, unknown>)[Symbol.iterator] = 1;
      },
    ],
    [
      "a frozen object",
      (list) => {
        Object.freeze(list[9]);
      },
    ],
    [
      "a frozen array",
      (list) => {
        Object.freeze(list);
      },
    ],
    [
      "a null prototype",
      (list) => {
        list[9] = Object.assign(Object.create(null), { a: 1 });
      },
    ],
    [
      "a hole",
      (list) => {
        delete list[9];
      },
    ],
    [
      "an array with a name of its own",
      (list) => {
        Object.assign(list, { total: 5 });
      },
    ],
    [
      "a fixed length",
      (list) => {
        Object.defineProperty(list, "length", { writable: false });
      },
    ],
    [
      "an object twice",
      (list) => {
        list[9] = list[3]!;
      },
    ],
    [
      "a cycle",
      (list) => {
        list[9]!.x = list;
      },
    ],
    [
      "a long text twice",
      (list) => {
        list[3]!.x = list[9]!.x = "long".repeat(100);
      },
    ],
    [
      "a resource",
      (list) => {
        list[9]!.x = resource("data.test", { a: 1 });
      },
    ],
  ])("is not what has %s in it", (_, change) => {
    const list = many((i): Record<string, unknown> => ({ i }));
    change(list);
    expect(encodeValue(list)).not.toContain('["tree",[["i"]');
    same(copy(list), list);
  });

  it("of any shapes: alike, in turn, each another, with keys that read like others", () => {
    const odd = ["a,b", "a", "b", "0", "", '"', "length", "constructor", "__proto__"];
    for (const value of [
      many((i) => (i % 2 === 0 ? { a: i } : { a: i, b: i })),
      many((i) => ({ [`key ${i}`]: i, [i]: i })),
      many((i) => Object.fromEntries(odd.slice(i % 9).map((key) => [key, i]))),
      many((i) => [[{}, []], { a: { a: { a: [{ b: i }, { a: i }] } } }]),
      many((i) => many((j) => i * j, i * 400)),
    ]) {
      expect(isData(encodeValue(value))).toBe(true);
      same(copy(value), value);
    }
  });

  it.each([
    ["more values than there are", "[[-3],1]"],
    ["fewer", "[[-2],1,2,3]"],
    ["none", "[]"],
    ["a number", "[5]"],
    ["a length without end", "[[-4294967297],1]"],
    ["half an element", "[[-1.5],1]"],
    ["a shape that is none", "[[7],1]"],
    ["a token of two", "[[-2,1],1]"],
    ["an object as token", "[[-2],{}]"],
    ["a key that is a number", "[[1],1]"],
    ["keys that are none", "[[2],1]"],
    ["a hundred and two levels", `[${"[-2],".repeat(101)}[-1]]`],
  ])("is damage with %s", (_, tokens) => {
    const node = `["tree",[["a"],[1],2],${tokens.slice(1)}`;
    expect(() => decodeValue(`[[],[${node.replace(/,]$/, "]")}]]`)).toThrow("CF2102");
  });

  it("looked at as a whole when it is long", () => {
    for (const change of [
      (list: unknown[]) => delete list[4999],
      (list: unknown[]) => Object.assign(list, { total: 1 }),
      (list: unknown[]) => list.push({ self: list }),
      (list: unknown[]) => list.push(undefined, Number.NaN),
    ]) {
      const list: unknown[] = many((i) => i, 5000);
      change(list);
      same(copy(list), list);
    }
  });

  it("is one node also when parts of it are seen first: a loop with the array and its element in locals", () => {
    const rows = many((i) => ({ i, list: [i], text: `${i} long`.repeat(50) }));
    for (const value of [
      { row: rows[3], rows },
      { rows, row: rows[3] },
      { list: rows[3]!.list, deep: [rows[3], [rows[4]!.text]], rows: [[[rows]]] },
      [rows[5], rows[5], { rows }, rows[5]!.list],
    ]) {
      expect(encodeValue(value)).toContain('["tree",[["i",');
      same(copy(value), value);
    }
    const twice = { a: rows, row: rows[3], b: rows.slice() };
    same(copy(twice), twice);
  });

  it("is referred to from elsewhere, before and after it", () => {
    const rows = many((i) => ({ i, deep: { of: [i] } }));
    const value = {
      rows,
      first: rows[0],
      last: rows[19]!.deep.of,
      weak: new WeakMap([[rows[5]!, 5]]),
      set: new WeakSet([rows[6]!.deep]),
      keys: new Map([[rows[7]!.deep, 7]]),
    };
    expect(encodeValue(value)).toContain('["tree",[["i",');
    const back = copy(value);
    expect(back.first).toBe(back.rows[0]);
    expect(back.last).toBe(back.rows[19]!.deep.of);
    expect(back.weak.get(back.rows[5]!)).toBe(5);
    expect(back.set.has(back.rows[6]!.deep)).toBe(true);
    expect(back.keys.get(back.rows[7]!.deep)).toBe(7);
    same(back.rows, rows);
  });

  it("nobody's toJSON is called", () => {
    Object.defineProperty(Array.prototype, "toJSON", { value: () => "gone", configurable: true });
    try {
      const list = many((i) => [i]);
      expect(copy(list)).toEqual(list);
    } finally {
      Reflect.deleteProperty(Array.prototype, "toJSON");
    }
    const own = many((i) => ({ toJSON: i }));
    expect(copy(own)).toEqual(own);
  });

  it("any value of JSON, beside others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 6 }), { minLength: 16, maxLength: 40 }),
        fc.boolean(),
        (list, mixed) => {
          const value = mixed ? [...list, new Date(1), list, list[3]] : list;
          same(copy(value), value);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("large values", () => {
  const values: Record<string, () => unknown> = {
    text: () => "äöü 😀 \ud800 \uFEFF\u0000".repeat(20_000),
    "a text of one character": () => "x".repeat(500_000),
    data: () => many((i) => ({ i, name: `n${i}`, v: i % 3 === 0 ? -0 : i }), 20_000),
    bytes: () => Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7),
    zeros: () => new Uint8Array(400_000),
    "a view of a part": () => new Uint16Array(new ArrayBuffer(200_000), 64, 900).fill(7),
  };

  it.each(Object.entries(values))("%s: by its chunks, the same again and again", (_, make) => {
    const run = begin(hold, make);
    const first = encodeRun(run, { chunks: NO_CHUNKS });
    expect(first.text.length).toBeLessThan(2000);
    expect(first.chunks.bodies.size).toBeGreaterThan(0);
    const again = encodeRun(run, { chunks: first.chunks });
    expect(again.text).toBe(first.text);
    expect([...again.chunks.bodies.keys()]).toEqual([...first.chunks.bodies.keys()]);
    const back = new Run("run-1", host);
    decodeRun(first.text, back, { chunks: first.chunks.bodies });
    same(x(back), make());
    expect(encodeRun(back, { chunks: NO_CHUNKS }).text).toBe(first.text);
  });

  it("is cut in the same way whatever was before", () => {
    const list = many((i) => i * 7919, 60_000);
    const run = begin(hold, () => list);
    let { chunks } = encodeRun(run, { chunks: NO_CHUNKS });
    for (let i = 0; i < 20; i++) {
      if (i % 4 === 0) list.unshift(i);
      else if (i % 4 === 1) list.splice(3000 * i, 10);
      else if (i % 4 === 2) list.push(i);
      else list[i * 777] = i;
      const next = encodeRun(run, { chunks });
      const fresh = encodeRun(run, { chunks: NO_CHUNKS });
      expect(next.text).toBe(fresh.text);
      expect(new Set(next.chunks.bodies.keys())).toEqual(new Set(fresh.chunks.bodies.keys()));
      chunks = next.chunks;
    }
  });

  /** Each makes another value of a long list that was saved before, and none of them shows in a look at the numbers alone. */
  const changes: Record<string, (list: unknown[]) => void> = {
    "an element": (list) => (list[50_000] = "7"),
    "-0": (list) => (list[0] = -0),
    NaN: (list) => (list[9] = Number.NaN),
    "a hole": (list) => delete list[9],
    "a length": (list) => list.pop(),
    "a property": (list) => Object.assign(list, { total: 1 }),
    "a hidden property": (list) => Object.defineProperty(list, "total", { value: 1 }),
    "a symbol": (list) => Object.assign(list, { [Symbol.for("x")]: 1 }),
    "a fixed length": (list) => Object.defineProperty(list, "length", { writable: false }),
    "no extensions": (list) => Object.preventExtensions(list),
    "another prototype": (list) => Object.setPrototypeOf(list, null),
    "an object": (list) => (list[9] = {}),
    itself: (list) => (list[9] = list),
  };
  it.each(Object.entries(changes))("notices %s in a long list", (_, change) => {
    const make = () => many((i) => i, 60_000) as unknown[];
    const list = make();
    const run = begin(hold, () => list);
    const { text, chunks } = encodeRun(run, { chunks: NO_CHUNKS });
    expect(encodeRun(run, { chunks }).text).toBe(text);
    change(list);
    const next = encodeRun(run, { chunks });
    expect(next.text).toBe(encodeRun(run, { chunks: NO_CHUNKS }).text);
    expect(next.text).not.toBe(text);
    const back = new Run("run-1", host);
    decodeRun(next.text, back, { chunks: next.chunks.bodies });
    const wanted = make();
    change(wanted);
    same(x(back), wanted);
  });

  it("is damage when a chunk is missing, another one, or too many", () => {
    const { text, chunks } = encodeRun(begin(hold, values.data!), { chunks: NO_CHUNKS });
    const read = (bodies: ReadonlyMap<string, string | Uint8Array> | undefined) => () =>
      decodeRun(text, new Run("run-1", host), bodies === undefined ? {} : { chunks: bodies });
    expect(read(undefined)).toThrow(/CF2102.*chunk/);
    for (const [hash, body] of chunks.bodies) {
      const without = new Map(chunks.bodies);
      without.delete(hash);
      expect(read(without)).toThrow(`CF2102`);
      expect(read(new Map(chunks.bodies).set(hash, `${String(body)} `))).toThrow("CF2102");
      expect(read(new Map(chunks.bodies).set(hash, new Uint8Array(body.length)))).toThrow("CF2102");
    }
  });

  it("is shown by its content, or by its size", () => {
    const { text, chunks } = encodeRun(begin(hold, values.data!), { chunks: NO_CHUNKS });
    const shown = (options: object) => describeSnapshot(text, options).tasks[0]!.locals[0]!.text;
    expect(shown({ chunks: chunks.bodies })).toMatch(/^\[\{ i: 0, name: "n0", v: -0 \}, .*… 19990 more\]$/);
    expect(shown({})).toMatch(/^‹data of \d+ characters›$/);
  });
});
