/** Damaged and hostile text: an error with a code or a valid restore; nothing else, and nothing is evaluated or polluted. */
import { describe, expect, it } from "vitest";
import { ColdframeError } from "../../runtime/errors.ts";
import { Run } from "../../runtime/machine/index.ts";
import { seal } from "../../runtime/snapshot/format.ts";
import { decodeRun, describe as describeSnapshot } from "../../runtime/snapshot/index.ts";
import { samples } from "./mutants.ts";
import { host } from "./programs.ts";

/** Of programs; the others are one for each kind of value. */
const few = samples().slice(0, 7);

/** What `Object.prototype` and its like must still be afterwards. */
function prototypes(): string {
  return [Object, Array, Function, Map, Set, Date, Promise, Error, String]
    .map((C) => Reflect.ownKeys(C.prototype).map(String).join() + Object.isExtensible(C.prototype))
    .join("|");
}

/** Reads, and says how it ended: a code, or "ok". Anything else fails the test. */
function outcome(text: string): string {
  const run = new Run("run-1", host);
  try {
    decodeRun(text, run);
    return "ok";
  } catch (error) {
    if (!(error instanceof ColdframeError))
      throw new Error(`not an error of ours: ${String(error)}\n${text}`);
    expect(run.root).toBeNull();
    expect(run.waits.size + run.rejections.size + run.jobs.length).toBe(0);
    return error.code;
  }
}

describe("damaged text is CF2102", () => {
  it("cut off at any place", () => {
    for (const { text } of few) {
      for (let i = 0; i < text.length; i += Math.ceil(text.length / 200))
        expect(outcome(text.slice(0, i))).toBe("CF2102");
    }
  });

  it("with any one character changed", () => {
    for (const { text } of few) {
      for (let i = 0; i < text.length; i += Math.ceil(text.length / 300)) {
        const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1);
        expect(["CF2102", "CF2103"]).toContain(outcome(changed));
      }
    }
  });

  it.each(["", "null", "{}", "[]", '["coldframe 1.1 00000000",1,[],[]]', "\u0000", "[".repeat(100_000)])(
    "%j",
    (text) => {
      expect(outcome(text)).toBe("CF2102");
    },
  );

  it("is CF2103 when it is sound but of another version", () => {
    const text = few[0]!.text;
    expect(outcome(text.replace("coldframe 1.1", "coldframe 2.1"))).toBe("CF2103");
    expect(outcome(text.replace("coldframe 1.1", "coldframe 1.9"))).toBe("CF2103");
  });
});

describe("hostile text with a right checksum", () => {
  const bad = (body: string) => outcome(seal(body));
  const hold1 = '"flows.ts#hold 1f8c03ab @event x"';

  it("bad indexes, tags and lengths", () => {
    for (const node of [
      "[9,0]",
      "[-1,0]",
      "[0.5,0]",
      "[0,[7]]",
      "[0,[0.5],1]",
      "[0,[1],1],[[1]]",
      "[0,0]",
      "[0,0,1,2]",
      "[0,0,[99]]",
      '[0,0,["eval"]]',
      '[0,0,[1]],["view","Uint8Array",1,0,1]',
      '[0,0,[1]],["view","Uint8Array",2,0,99999999],["bytes","AAAA"]',
      '[0,0,[1]],["bytes","AAAA",1e308]',
      '[0,0,[1]],["bytes",1]',
      '[0,0,[1]],["bytes","A*=="]',
      '[0,0,[1]],["sparse",1e99]',
      '[0,0,[1]],["new",[1],0]',
      '[0,0,[1]],["fn",0,1]',
      '[0,0,[1]],["scope",0]',
      '[0,0,[1]],["map",1]',
      '[0,0,[1]],["error","Function",null]',
      '[0,0,[1]],["iteration","map",0,[1],5]',
      '[0,0,[1]],["iteration","nothing",0,1,1]',
      '[0,0,[1]],["symbol",7]',
      '[0,0,[1]],["weakset",1]',
      '[0,0,[1]],["{}",0,1]',
      '[0,0,[1]],["event",0,99,"k"]',
      '[0,0,[1]],["regexp","(","g"]',
      '[0,0,[1]],["url","nonsense"]',
      '[0,0,[1]],["params",1]',
      '[0,0,[1]],["abort",1]',
      '[0,0,[1]],["custom","__proto__",1]',
      '[0,0,[1]],["group","every",1,[1],0]',
    ]) {
      expect(["CF2102", "CF2103"], node).toContain(bad(`2,[${hold1}],[${node}]]`));
    }
  });

  it("unknown code, points, slots, names and built-ins are CF2103 and named", () => {
    const error = (body: string) => {
      try {
        decodeRun(seal(body), new Run("run-1", host));
      } catch (caught) {
        return (caught as Error).message;
      }
      return "ok";
    };
    expect(error('2,["gone.ts#f 1 @event"],[[0,0]]]')).toMatch(/CF2103.*gone\.ts#f/);
    expect(error('2,["flows.ts#hold 1f8c03ab @nowhere x"],[[0,0,1]]]')).toMatch(/CF2103.*nowhere/);
    expect(error('2,["flows.ts#hold 1f8c03ab @event y"],[[0,0,1]]]')).toMatch(/CF2103.*y/);
    for (const [tag, name] of [
      ["ref", "gone.ts#f"],
      ["builtin", "eval"],
      ["builtin", "Function"],
      ["builtin", "Math.nothing"],
      ["resource", "gone"],
    ]) {
      const message = error(`2,[${hold1}],[[0,0,[1]],["${tag}","${name}"]]]`);
      expect(message).toContain("CF2103");
      expect(message).toContain(name);
    }
  });

  it("keys like __proto__ make own properties and nothing else", () => {
    const before = prototypes();
    const run = new Run("run-1", host);
    decodeRun(
      seal(
        `2,[${hold1},["__proto__","a"]],[[0,0,[1]],{"__proto__":{"0":[2]},"constructor":{"0":1}}]]`
          .replace('{"0":[2]}', "[2]")
          .replace('{"0":1}', "1")
          .replace("}]]", '},["{}",1,5,6]]]'),
      ),
      run,
    );
    const object = run.root!.frame!.x as Record<string, unknown>;
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(Object.getOwnPropertyNames(object)).toEqual(["__proto__", "constructor"]);
    const inner = Object.getOwnPropertyDescriptor(object, "__proto__")!.value as object;
    expect(Object.getPrototypeOf(inner)).toBe(Object.prototype);
    expect(prototypes()).toBe(before);
  });

  it("is described in the end: a class that is its own instance, an error in its own message", () => {
    for (const node of [
      '["new",[1],1]',
      '["error","Error",null,"message",[1]]',
      '["boxed",[1]]',
      '["map",[1],[1]]',
    ]) {
      const text = seal(`2,[${hold1},[]],[[0,0,[1]],${node}]]`);
      expect(describeSnapshot(text).tasks[0]!.locals[0]!.text.length).toBeLessThan(2000);
    }
  });

  it("cannot change what it refers to by name", () => {
    for (const node of [
      '["builtin","Object.prototype"]',
      '["ref","kinds.ts#client"]',
      '["resource","db"]',
      '["builtin","Math"]',
    ]) {
      expect(bad(`2,[${hold1}],[[0,0,[1]],${node}],[[1,3,0,["polluted",1]]]]`)).toBe("CF2102");
    }
    expect(Object.isFrozen(Math) || "polluted" in {}).toBe(false);
  });
});
