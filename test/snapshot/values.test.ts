/** Arguments, results and payloads: copies in the same vocabulary. */
import { describe, expect, it } from "vitest";
import {
  codeRecord,
  decodeValue,
  describe as describeSnapshot,
  encodeList,
  encodeRun,
  encodeValue,
  parsePoints,
} from "../../runtime/snapshot/index.ts";
import { saveKey, Vault } from "./kinds.ts";
import { answer, begin, captured, hold, someProcess, someProcessCode } from "./programs.ts";

describe("encodeValue", () => {
  it("writes primitives as themselves", () => {
    const text = [undefined, null, 1, -0, "a", true, 5n, Number.NaN].map((value) => encodeValue(value));
    expect(text).toEqual(["[]", "null", "1", '["-0"]', '"a"', "true", '["5n"]', '["NaN"]']);
    for (const one of text) expect(encodeValue(decodeValue(one))).toBe(one);
  });

  it("gives a fresh copy each time", () => {
    const text = encodeValue({ list: [1] });
    expect(decodeValue(text)).toEqual({ list: [1] });
    expect(decodeValue(text)).not.toBe(decodeValue(text));
  });

  it("writes the arguments of a call as it writes any list", () => {
    const shared = { a: 1 };
    for (const list of [
      [],
      ["Ada", 12, true, null, undefined, -0, Number.NaN, 5n, 'quoted "text"\n', "\ud800"],
      ["x".repeat(121), "x".repeat(121)],
      [1, shared, [shared]],
      [Symbol.iterator, new Map([[1, 2]])],
    ]) {
      const text = encodeList(list);
      expect(text).toBe(encodeValue(list));
      expect(decodeValue(text)).toEqual(list);
    }
    expect(() => encodeList([1, () => {}])).toThrow("CF2101");
  });

  it("reads a plain list as a fresh array that can be changed", () => {
    const text = encodeList([1, "two"]);
    const first = decodeValue(text) as unknown[];
    first.push(3);
    expect(decodeValue(text)).toEqual([1, "two"]);
  });

  it("gives every object its own index, however many there are", () => {
    const objects = Array.from({ length: 100 }, (_, i) => ({ [`key${i}`]: i }));
    const twice = decodeValue(encodeValue([objects, objects.toReversed?.() ?? [...objects].reverse()]));
    const [forth, back] = twice as [object[], object[]];
    expect(forth).toEqual(objects);
    expect(back.every((object, i) => object === forth[99 - i])).toBe(true);
  });

  it("refuses to read what belongs to a run", () => {
    for (const text of [
      '[[],[["promise",0]]]',
      '[["a b"],[["fn",0]]]',
      '[["a b"],[[0,0]]]',
      '[[],[["native"]]]',
    ]) {
      expect(() => decodeValue(text)).toThrow("CF2102");
    }
  });
});

describe("what a class says of itself", () => {
  const text = encodeValue({ a: new Vault(1, { b: [1] }) });

  it("is refused through a cycle, and where it is no protocol, with the class", () => {
    const loop: Record<string, unknown> = {};
    loop["vault"] = new Vault(1, loop);
    expect(() => encodeValue(loop)).toThrow(
      "value.vault is a Vault that is in a cycle with what its own code saves of it",
    );
    class Wrong {
      static readonly [saveKey] = { save: () => 1 };
    }
    expect(() => encodeValue([new Wrong()])).toThrow("must be { save(instance), load(value) }");
    class Derived extends Vault {}
    expect(() => encodeValue([new Derived(1, 2)])).toThrow("value[0] is a Derived");
    class Throws {
      static readonly [saveKey] = {
        save: () => {
          throw new Error("not now");
        },
        load: () => ({}),
      };
    }
    expect(() => encodeValue([new Throws()])).toThrow("not now");
  });

  it.each([
    ["an order that lacks it", (t: string) => t.replace(/\[\d+,"load"[^\]]*\],?/, "")],
    ["an order that names what is not there", (t: string) => t.replace(/"load",/, '"load",99,')],
    ["an order that needs itself", (t: string) => t.replace(/\[(\d+),"load",/, '[$1,"load",$1,')],
    ["another class", (t: string) => t.replace("kinds.ts#Vault", "kinds.ts#Order")],
  ])("is damage, or blocked, in %s", (_name, forge) => {
    expect(forge(text)).not.toBe(text);
    expect(() => decodeValue(forge(text))).toThrow(/CF210[23]/);
  });

  it("is loaded after everything that it was saved from, whatever the order", () => {
    const seen: unknown[] = [];
    const inner = new Vault(1, { deep: { deeper: [Object.freeze({ x: 1 })] } });
    const outer = new Vault(2, { inner, list: [inner, inner] });
    const load = Vault[saveKey].load;
    Vault[saveKey].load = ([pin, content]) => {
      seen.push([pin, JSON.stringify(content)]);
      return load([pin, content]);
    };
    try {
      const { a, b } = decodeValue(encodeValue({ a: outer, b: inner })) as { a: Vault; b: Vault };
      expect((a.content as { list: unknown[] }).list).toEqual([b, b]);
      expect((a.content as { inner: unknown }).inner).toBe(b);
    } finally {
      Vault[saveKey].load = load;
    }
    expect(seen.map((one) => (one as unknown[])[0])).toEqual([1, 2]);
    expect((seen[0] as unknown[])[1]).toBe('{"deep":{"deeper":[{"x":1}]}}');
  });

  it("goes through a chain of any length", () => {
    let chain: unknown = null;
    for (let i = 0; i < 20_000; i++) chain = new Vault(i, { next: chain });
    let read = decodeValue(encodeValue({ chain })) as { chain: unknown };
    let length = 0;
    for (let at = read.chain; at !== null; at = ((at as Vault).content as { next: unknown }).next) length++;
    expect(length).toBe(20_000);
    read = { chain: null };
  });
});

it("is blocked with the name of a built-in that this engine lacks", () => {
  const text = encodeValue([Math.max]).replace("Math.max", "Math.sumOfEverything");
  expect(() => decodeValue(text)).toThrow(/CF2103.*Math\.sumOfEverything, which this engine does not have/);
});

describe("describe", () => {
  it("reads a snapshot without its code", () => {
    const run = begin(someProcess);
    answer(run, "10.0.0.1");
    // As if written by code that is not loaded.
    const text = encodeRun(run).text;
    const { tasks, waits } = describeSnapshot(text, {
      points: (hash) =>
        hash === someProcessCode.hash ? parsePoints(codeRecord(someProcessCode).body) : undefined,
    });
    expect(tasks).toEqual([
      {
        index: 0,
        code: "flows.ts#someProcess",
        hash: "1f8c03ab",
        point: "smcs.wechatApprove",
        file: "flows.ts",
        line: 20,
        locals: [{ name: "ip", text: '"10.0.0.1"' }],
        waitsFor: [2],
      },
      {
        index: 2,
        code: "systems.ts#smcs.wechatApprove",
        hash: "77aa01bc",
        point: "event",
        file: null,
        line: null,
        locals: [],
        waitsFor: [1],
      },
    ]);
    expect(waits).toEqual([
      { index: 1, id: 2, kind: "event", name: "approve:T1", due: null, at: null, stack: [2, 0] },
    ]);
  });

  it("shows locals of all kinds shortly, cycles included", () => {
    const make = () => {
      const o: Record<string, unknown> = {
        s: "x".repeat(1000),
        m: new Map([["a", new Set([1n])]]),
        d: new Date(0),
        e: new TypeError("no"),
        u: undefined,
      };
      o.self = o;
      return o;
    };
    const { tasks } = describeSnapshot(encodeRun(begin(hold, make)).text);
    const text = tasks[0]!.locals[0]!.text;
    expect(text).toContain('Map("a" => Set(1n))');
    expect(text).toContain("Date(1970-01-01T00:00:00.000Z)");
    expect(text).toContain('TypeError("no")');
    expect(text.length).toBeLessThan(3000);
  });

  it("shows variables of scope records as locals", () => {
    const { tasks } = describeSnapshot(encodeRun(begin(captured, 1)).text);
    expect(tasks[0]!.locals).toEqual([
      { name: "inc", text: "‹function flows.ts#counter.inc›" },
      { name: "n", text: "0" },
    ]);
  });
});
