/** Stack traces across awaits name the author's functions, as those of uncompiled code do: in memory, and after a restore. */
import { expect, test } from "vitest";
import { runScenario } from "../../runtime/testing/index.ts";
import { load } from "../engine/programs.ts";

// The frames of the test runner count, too. Babel's transform sets the same limit, but nothing here runs it any more.
Error.stackTraceLimit = 50;

/**
 * The frames of a program, without their places and what stands around them. Whether a frame is called `async` depends on whether the
 * function had waited before: an await that goes on at once leaves its caller on the stack.
 */
function frames(stack: string, names: readonly string[]): string[] {
  return stack.split("\n").flatMap((line) => {
    const found = /^\s+at ((?:async )?(?:Promise\.)?)(?:Object\.|Module\.)?(\w+)/.exec(line);
    return found !== null && [...names, "all", "any"].includes(found[2]!) ? [found[2]!] : [];
  });
}

const programs: readonly (readonly [name: string, source: string])[] = [
  [
    "behind an await",
    `async function fail() { await null; throw new Error("no"); }
     async function middle() { return await fail(); }
     async function main() { await middle(); }`,
  ],
  [
    "in a combinator",
    `async function fail() { await null; throw new Error("no"); }
     async function each(x) { return x > 1 ? await fail() : x; }
     async function main() { await Promise.all([1, 2].map(each)); }`,
  ],
  [
    "in a sync function behind an await",
    `function check(x) { if (x) throw new Error("no"); }
     async function fail() { await null; check(1); }
     async function main() { try { await fail(); } finally { await null; } }`,
  ],
  [
    "thrown again",
    `async function fail() { await null; throw new Error("no"); }
     async function middle() { try { await fail(); } catch (e) { await null; throw e; } }
     async function main() { await middle(); }`,
  ],
  [
    "in an async generator",
    `async function fail() { await null; throw new Error("no"); }
     async function* pages() { yield 1; yield await fail(); }
     async function main() { for await (const x of pages()) await x; }`,
  ],
];

test.each(programs)("%s", async (_, source) => {
  const names = [...source.matchAll(/function\*? (\w+)/g)].map(([, name]) => name!);
  const plain = await new Function(`${source} return main().catch((error) => error.stack);`)();
  const expected = frames(plain, names);
  expect(expected.length).toBeGreaterThan(1);
  const caught = source.replace(
    /async function main\(\) \{(.*)\}$/s,
    `export async function main() { "use workflow"; try { await inner(); } catch (e) { return e.stack; } }
     async function inner() {$1}`,
  );
  const { main } = load(caught);
  for (const regime of ["memory", "park"] as const) {
    const { value } = await runScenario(main!, [], { regime });
    const got = frames(
      value as string,
      names.map((name) => (name === "main" ? "inner" : name)),
    );
    expect(got, `${regime}: ${String(value)}`).toEqual(
      expected.map((frame) => frame.replace(/main$/, "inner")),
    );
  }
});

test("after a restore, and for what a step has thrown", async () => {
  const { main } = load(`import { sleep } from "coldframe";
    async function charge() { "use step"; throw new RangeError("declined"); }
    async function pay() {
      await sleep(1000);
      return await charge();
    }
    async function order() { await pay(); }
    export async function main() { "use workflow"; try { await order(); } catch (e) { await sleep(1000); return e.stack; } }`);
  for (const regime of ["memory", "park"] as const) {
    const { value } = await runScenario(main!, [], { regime });
    expect(String(value).split("\n")[0]).toBe("RangeError: declined");
    const own = frames(String(value), ["charge", "pay", "order", "main"]);
    expect(own).toEqual(["charge", "pay", "order", "main"]);
    expect(value).toMatch(/at async pay \(program-\d+\.ts:5:14\)/);
  }
});
