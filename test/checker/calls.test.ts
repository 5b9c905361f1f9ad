/** What a check says of calls: of functions that are not compiled, and of promises that nobody waits for. */
import { mkdirSync, rmSync } from "node:fs";
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

  const chosen = `import { sleep } from "coldframe";
type F = (n: number) => Promise<number>;
const pay: F = async (n) => { await sleep(n); return n; };
const plain: F = async (n) => n;
export const tools: Record<string, F> = { pay, plain, later: async (n) => { await sleep(n); return n; } };
export const more: Record<string, F> = { ...tools, plain };
export const frozen: Readonly<Record<string, F>> = Object.freeze({ pay });
export const map = new Map<string, F>([["plain", plain], ["pay", pay]]);
export const list: F[] = [plain, pay];
export const harmless: Record<string, F> = { plain };
export const withRetry = (f: F): F => async (n) => { try { return await f(n); } catch { return await f(n); } };
export function counted(f: F) { let n = 0; return async function count(x: number) { n++; return (await f(x)) + n; }; }
export const lazily = (f: F): F => (n) => f(n);
export const choose = (name: string): F => tools[name] ?? plain;
`;
  const checkChosen = async (body: string) => {
    write("chosen.ts", `import { ask } from "./ask.ts";\n${chosen}export const ready = counted(ask);\n`);
    mkdirSync(join(folder, "node_modules/@tiny/each"), { recursive: true });
    write(
      "node_modules/@tiny/each/package.json",
      '{ "name": "@tiny/each", "version": "1.0.0", "types": "index.d.ts" }',
    );
    write(
      "node_modules/@tiny/each/index.d.ts",
      "export declare function each<T, R>(list: T[], f: (one: T) => Promise<R>): Promise<R[]>;\nexport declare function map<T, R>(list: T[], f: (one: T) => R): R[];\n",
    );
    const imports = 'import * as c from "./chosen.ts";\nimport * as tiny from "@tiny/each";\n';
    try {
      return await check(`${body} }\n${imports}async function unused() {`);
    } finally {
      rmSync(join(folder, "chosen.ts"));
      rmSync(join(folder, "node_modules/@tiny"), { recursive: true });
    }
  };

  test("of functions that stand in tables, lists and Maps, or are made", async () => {
    const found: Readonly<Record<string, string>> = {
      "c.tools[String(n)]!(1)": "pay",
      'c.tools["later"]!(1)': "later",
      "c.tools.later!(1)": "later",
      "c.more[String(n)]!(1)": "pay",
      "c.frozen[String(n)]!(1)": "pay",
      "c.map.get(String(n))!(1)": "pay",
      "c.list[n]!(1)": "pay",
      "c.list[1]!(1)": "pay",
      "(() => { const f = c.tools[String(n)] ?? c.harmless.plain!; return f(1); })()": "pay",
      "(async () => { for (const f of Object.values(c.tools)) await f(1); })()": "pay",
      "(async () => { for (const f of c.list) await f(1); })()": "pay",
      "c.withRetry(ask)(1)": "withRetry",
      "c.counted(ask)(1)": "count",
      "c.ready(1)": "count",
      "(() => { const f = c.withRetry((n) => ask(n)); return f(1); })()": "withRetry",
      "c.choose(String(n))(1)": "pay",
      "tiny.each([1], ask)": "tiny.each",
      "tiny.each([1], (n) => ask(n))": "tiny.each",
    };
    const all = Object.keys(found);
    expect(await checkChosen(`const n = 1; ${all.map((one) => `await ${one};`).join("\n")}`)).toEqual(
      Object.values(found).map((name) => `CF2003 ${name}`),
    );
  });

  test("of such that wait for nothing outside, or of which the run awaits what it gets", async () => {
    const fine = [
      'c.tools["plain"]!(1)',
      "c.harmless[String(n)]!(1)",
      "c.list[0]!(1)",
      "c.withRetry(c.harmless.plain!)(1)",
      "c.withRetry(mine)(1)",
      "c.lazily(ask)(1)",
      "tiny.each([1], async (n) => await ask(n))",
      "tiny.each([1], mine)",
      "Promise.all(tiny.map([1], ask))",
    ];
    expect(await checkChosen(`const n = 1; ${fine.map((one) => `await ${one};`).join("\n")}`)).toEqual([]);
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
