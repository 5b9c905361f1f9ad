/** What a check says of calls: of functions that are not compiled, and of promises that nobody waits for. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, folder, read, useShop, write } from "./shop.ts";

useShop();

describe("warnings", () => {
  test("CF3305: a marked function that nobody waits for; CF3306: native promises beside external waits", async () => {
    write(
      "flow.ts",
      `import { sleep } from "coldframe";
async function audit() {
  await sleep("1s");
}
export async function flow() {
  "use workflow";
  audit();
  void audit();
  const later = audit();
  await Promise.race([sleep("1d"), fetch("http://localhost")]);
  await later;
}
`,
    );
    const { code, out } = await cli("check");
    expect(code).toBe(0);
    expect(
      out,
    ).toContain(`CF3305 nobody waits for a marked function: "audit" ends with the run, wherever it is then (warning)
  flow.ts:7:3    audit();`);
    expect(out).toContain("CF3306 a native promise is awaited beside an external wait: fetch(");
    expect(out).toContain("0 errors, 2 warnings.");
  });
});

describe("calls", () => {
  const helpers = `import { sleep } from "coldframe";
import { ask } from "./ask.ts";
export async function one(n: number) { await sleep(n); return n; }
export const other = async (n: number) => { await sleep(n); return n; };
export const table = { one, two: async (n: number) => { await sleep(n); return n; } };
export class Service { field = async (n: number) => { await sleep(n); return n; } }
export async function each(list: number[], f: (n: number) => Promise<number>) { for (const n of list) await f(n); }
export async function hands(f: (n: number) => Promise<number>) { return f; }
export const asked = ask;
`;
  const check = async (body: string) => {
    write("helpers.ts", helpers);
    write("ask.ts", 'export async function ask(n: number) { "use step"; return n; }\n');
    write(
      "flow.ts",
      `"use workflow";
import * as h from "./helpers.ts";
import { ask } from "./ask.ts";
async function mine(n: number) { return (await ask(n)) + 1; }
const own = { mine };
function sync(n: number) { return mine(n); }
export async function flow() { ${body} }
void [h, ask, own, sync];
`,
    );
    const { findings } = JSON.parse((await cli("check", "--json")).out);
    return (findings as { code: string; message: string }[]).map(
      ({ code, message }) => `${code} ${/"(.*?)"/.exec(message)![1]}`,
    );
  };

  test("of functions that are not compiled, by all ways", async () => {
    const found: Readonly<Record<string, string>> = {
      "h.one(1)": "one",
      "(h.one as (n: number) => Promise<number>)(1)": "one",
      "h.one.call(null, 1)": "one",
      "h.one.bind(null, 1)()": "one",
      "h.table.one(1)": "one",
      "h.table.two(1)": "two",
      "new h.Service().field(1)": "field",
      "(() => { const f = h.one; return f(1); })()": "one",
      "(() => { const { other } = h; return other(1); })()": "other",
      "Promise.all([1].map(h.one))": "one",
      "Promise.resolve(1).then(h.other)": "other",
      "h.each([1], ask)": "each",
      "h.each([1], h.asked)": "each",
      "h.each([1], (n) => ask(n))": "each",
    };
    const all = Object.keys(found);
    expect(await check(all.map((one) => `await ${one};`).join("\n"))).toEqual(
      Object.values(found).map((name) => `CF2003 ${name}`),
    );
  });

  test("of what the run awaits itself", async () => {
    const fine = [
      "h.each([1], mine)",
      "h.each([1], async (n) => await ask(n))",
      "h.hands(ask)",
      "h.asked(1)",
      "own.mine(1)",
    ];
    expect(await check(fine.map((one) => `await ${one};`).join("\n"))).toEqual([]);
  });

  test("that nobody waits for", async () => {
    const dropped = [
      ...[
        "own.mine(1)",
        "sync(1)",
        "ask(1)",
        "Math.random() > 1 && mine(1)",
        "Math.random() > 1 ? mine(1) : ask(1)",
      ],
      ...[
        "mine(1).catch(() => 0)",
        "mine(1).then(() => 0)",
        "Promise.all([mine(1)])",
        "[1].forEach((n) => mine(n))",
      ],
      ...["[1].forEach(async (n) => { await mine(n); })", "(mine(1), 1)"].slice(0, 1),
    ];
    const names = [
      "mine",
      "sync",
      "ask",
      "mine",
      "mine",
      "ask",
      "mine",
      "mine",
      "mine",
      "mine",
      "[1].forEach",
    ];
    expect(await check(dropped.map((one) => `${one};`).join("\n"))).toEqual(
      names.map((name) => `CF3305 ${name}`),
    );
    const kept = [
      "void mine(1)",
      "const a = mine(1); await a",
      "[1].forEach((n) => void mine(n))",
      "[1].forEach((n) => { n++; })",
    ];
    expect(await check(kept.map((one) => `${one};`).join("\n"))).toEqual([]);
  });

  test("--fix marks each function once", async () => {
    await check(
      "await h.one(1); await h.table.one(1); await new h.Service().field(1); await h.each([1], ask);",
    );
    expect((await cli("check", "--fix")).err).toContain("changed helpers.ts");
    const fixed = read("helpers.ts");
    expect(fixed.match(/"use workflow"/g)).toHaveLength(3);
    expect(await cli("check", "--fix")).toMatchObject({ code: 0, err: "" });
    expect(read("helpers.ts")).toBe(fixed);
    for (const name of ["helpers.ts", "ask.ts"]) rmSync(join(folder, name));
  });
});
