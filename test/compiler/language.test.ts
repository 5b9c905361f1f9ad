/** docs/language.md row by row: each says something that is shown here, or names the tests that show it; the page has no other rows. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CompileOptions, compile } from "../../compiler/index.ts";
import { runScenario } from "../../runtime/testing/index.ts";
import { load } from "../engine/programs.ts";
import { supplyDisposables } from "../fixtures/oracle-disposables.ts";
import { root } from "../fixtures/workshop.ts";

/** How a row of the page begins, without markup. */
type Row = string;

const page = readFileSync(join(root, "docs/language.md"), "utf8");
const head = `async function ext(x) { "use step"; return x; }\n`;

/** A program that parks, as the row says that it may: `body` of a workflow, behind what stands at the top of its module. */
const programs: readonly (readonly [Row, body: string, top?: string])[] = [
  [
    "in every statement",
    `const out = []; if (await ext(1)) out.push("if"); switch (await ext(2)) { case await ext(2): out.push("case"); default: out.push(await ext("default")); }
     outer: for (let i = await ext(0); i < await ext(3); i += await ext(1)) { for (const k in await ext({ a: 1, b: 2 })) { if (await ext(i) === 1) continue outer; out.push(k + i); if (i === 2) break outer; } }
     let n = 2; while (await ext(n)) n--; do out.push(await ext(n)); while (await ext(++n) < 2);
     const f = async () => { try { throw await ext("thrown"); } catch (e) { return await ext(e); } finally { out.push(await ext("finally")); } };
     return [out, await f()];`,
  ],
  [
    "in every expression",
    `const o = { n: 1, m(...all) { return [this.n, ...all]; } }, tag = (s, ...all) => s.raw.join() + all; let x = 1;
     const { a = await ext(5), [await ext("k")]: k, ...rest } = await ext({ k: 7, z: 8 }); o[await ext("n")] += await ext(2); o.q ??= await ext(3);
     return [x + await ext(++x) + x, o.m(x, await ext(4), ...await ext([5, 6])), (await ext(null))?.m?.(await ext(1)), o?.m?.(await ext(1)), \`\${x}\${await ext(2)}\`, tag\`a\${await ext(1)}\`, [a, k, rest], o.n, o.q];`,
  ],
  [
    "in blocks with using and await using",
    `const out = []; const open = (name) => ({ [Symbol.dispose]() { out.push(name); }, async [Symbol.asyncDispose]() { out.push(await ext(name)); } });
     const stack = new AsyncDisposableStack(); stack.defer(async () => { out.push(await ext("deferred")); }); stack.use(open("used")); await ext(1); await stack.disposeAsync(); return out;`,
  ],
  [
    "in functions: declarations",
    `const o = { __proto__: { async up() { return await ext("up"); } }, async m() { const f = async () => [await super.up(), await ext(this.n)]; return await f(); }, n: 3 };
     async function inner(a, b = 2) { return [a, b, await ext(arguments.length)]; } return [await o.m(), await inner(1), await (async () => await ext(new Inner().n))(), await new Inner().m()];`,
    "class Inner { #n = 4; get n() { return this.#n; } async m() { this.#n += await ext(1); return this.#n; } }",
  ],
  [
    "in the heritage and the computed keys of a class",
    `const out = []; const Base = class { up() { return "up"; } };
     class C extends (out.push("heritage"), await ext(1), Base) { [(out.push("first"), await ext("a"))]() { return 1; } static [(out.push("second"), await ext("b"))] = out.push("static"); }
     return [out, new C().up(), new C().a(), C.b];`,
  ],
  [
    "in async generators",
    `async function* pages() { try { for (let i = 0; i < 3; i++) { const got = yield await ext(i); if (got) yield* more(got); } } finally { await ext("closed"); } }
     async function* more(n) { yield await ext(n * 10); } function* numbers() { let n = 0; while (true) n += yield n; }
     const it = pages(), sync = numbers(); sync.next(); const requests = [it.next(), it.next(1), it.next()]; await ext("queued");
     return [await Promise.all(requests), sync.next(5).value, await ext(1), sync.next(6).value, await it.return("over"), await it.next()];`,
  ],
  [
    "in the body of for of over arrays",
    `const out = []; const own = { *[Symbol.iterator]() { yield 1; yield 2; } };
     for (const xs of [[1, 2], new Set([3]), new Map([[4, 5]]), "a𝒳", new Uint8Array([6]), own]) for (const x of xs) out.push(await ext(x));
     for (const k in { a: 1, 1: 2 }) out.push(await ext(k)); for await (const x of [ext(7), 8]) out.push(await ext(x)); return out;`,
  ],
  [
    "while iterators are half way through",
    `const its = [[1, 2].entries(), new Map([[1, 2], [3, 4]]).keys(), new Set([5, 6]).values(), "abc"[Symbol.iterator](), "a1b2".matchAll(/\\d/g)];
     if (typeof Iterator === "function") its.push(Iterator.from({ i: 0, next() { return { value: this.i++, done: this.i > 3 }; } }), [1, 2, 3].values().map((x) => x * 2), new (class extends Iterator { i = 0; next() { return { value: this.i++, done: this.i > 3 }; } })().filter((x) => x));
     const first = its.map((it) => String(it.next().value)); await ext(1); return [first, its.map((it) => [...it].map(String))];`,
  ],
  [
    "saved by name with its scope records",
    `const made = (n) => class extends Top { static count = n; static #hidden = n * 2; [\`k\${n}\`]() { return n; } static hidden() { return this.#hidden; } };
     const [A, B] = [made(1), made(2)]; A.added = "added"; await ext(1);
     return [A.count, A.hidden(), B.hidden(), new A().k1(), new B().k2(), A.added, new A() instanceof Top, Object.getPrototypeOf(B) === Top, await ext(Top.kept)];`,
    "class Top { static kept = 5; }",
  ],
  [
    "static fields belong to the module",
    "Top.count++; const Local = class { static count = 10; }; Local.count++; await ext(1); return [Top.count > 0, Local.count];",
    "class Top { static count = 0; }",
  ],
  [
    "instances, methods and accessors taken off",
    `const Local = class extends Top { #own = 2; get own() { return this.#own; } set own(v) { this.#own = v; } };
     const [top, local] = [new Top(), new Local()]; local.own = 3; const { m } = top, bound = top.m.bind(top), get = Object.getOwnPropertyDescriptor(Local.prototype, "own").get, { prototype } = Local;
     await ext(1); return [top.m(), m.call(local), bound(), get.call(local), local.own, prototype === Local.prototype, local instanceof Local, Object.getPrototypeOf(local) === prototype];`,
    "class Top { #n = 1; m() { return this.#n++; } }",
  ],
];

supplyDisposables();

describe("an external await may stand", () => {
  test.each(programs)("%s", async (_, body, top = "") => {
    const text = `${head}${top}\nasync function main() { "use workflow"; ${body} }`;
    const plain: unknown = await new Function(`"use strict"; ${text}; return main();`)();
    const { main } = load(text.replaceAll(/^async/gm, "export async"));
    for (const regime of ["memory", "park"] as const) {
      const { status, value, parks } = await runScenario(main!, [], { regime });
      expect({ status, value }).toEqual({ status: "done", value: plain });
      if (regime === "park") expect(parks).toBeGreaterThan(0);
    }
  });
});

const workflow = (body: string) => `export async function main(x) { "use workflow"; ${body} }`;

/** A source that is refused, and the code. */
const refused: readonly (readonly [
  Row,
  code: string,
  source: string,
  sourceType?: CompileOptions["sourceType"],
  filename?: string,
])[] = [
  ["with", "CF1010", "with (x) { a(); }", "commonjs"],
  ["direct eval", "CF1011", "return eval('x');"],
  [
    "a step that needs more of the function around it than copies of values",
    "CF1005",
    `const s = async () => { "use step"; return x++; }; await s();`,
  ],
  [
    "a private method, one with a computed name, or one of a class made in a function",
    "CF1012",
    `class C { static async s() { "use step"; } } await C.s();`,
  ],
  [
    "a component in JSX that may not be initialised yet",
    "CF1012",
    "const f = () => <Late />; await f(); const Late = () => null; return f();",
    "module",
    "flows.jsx",
  ],
];

for (const [row, code, body, sourceType = "module", filename = "flows.js"] of refused)
  test(`refused: ${row}`, () => {
    const source = sourceType === "module" ? workflow(body) : workflow(body).replace("export ", "");
    const result = compile(source, { filename, sourceType });
    expect(result.code).toBeNull();
    expect(result.diagnostics.map((one) => one.code)).toEqual([code]);
  });

test.each([
  `export class C { async #s() { "use step"; } }`,
  `export class C { static async #s() { "use step"; } }`,
])("refused: steps that nothing has a name for: %s", (source) => {
  expect(compile(source, { filename: "flows.js" }).diagnostics.map((one) => one.code)).toEqual(["CF1012"]);
});

/** What is refused when the run parks, and what the message calls it. */
const unsavable: readonly (readonly [Row, what: string, body: string, top?: string])[] = [
  [
    "objects that have some of the private fields of a class only",
    "made is a Half",
    "try { new Half(); } catch {} const made = held; await ext(1); return Half.read(made);",
    `let held; class Half { #first = (held = this, 1); #second = (() => { throw new Error("half way"); })(); static read(o) { return o.#first; } }`,
  ],
  [
    "sockets, streams, functions of unmarked code",
    "stream is a ReadableStream",
    "const stream = new ReadableStream(); await ext(1); return stream.locked;",
  ],
];

for (const [row, what, body, top = ""] of unsavable)
  test(`refused when the run parks: ${row}`, async () => {
    const { main } = load(`${head}${top}\n${workflow(body)}`.replaceAll(/^async/gm, "export async"));
    expect((await runScenario(main!, [], { regime: "memory" })).status).toBe("done");
    await expect(runScenario(main!, [], { regime: "park" })).rejects.toThrow(what);
  });

/** Rows that tests of their own show. */
const elsewhere: readonly (readonly [Row, path: string, text: string])[] = [
  [
    '"use workflow" at the top of a file',
    "test/compiler/directives.test.ts",
    `'"use workflow" marks the file'`,
  ],
  [
    '"use step" at the top of an async function',
    "test/compiler/directives.test.ts",
    `'"use step" marks a function'`,
  ],
  ["the same in a function in another one", "fixtures/waits/nested-steps.ts", '"use step"'],
  ["the same in a static method of a class", "fixtures/waits/static-steps.ts", '"use step"'],
  ["the same in a method of instances of such a class", "fixtures/waits/method-steps.ts", '"use step"'],
  ['"use step" at the top of a file', "test/compiler/directives.test.ts", "file"],
  ["step(fn, { retry, timeout })", "test/engine/step-policy.test.ts", "retry"],
  ["coldframe/register", "test/plugins/pnpm.test.ts", "coldframe/register"],
  ["coldframe/vite, coldframe/unplugin", "test/plugins/plugins.test.ts", 'test("coldframe/vite"'],
  ["coldframe/babel", "test/plugins/plugins.test.ts", 'test("coldframe/babel"'],
  ["coldframe/compiler", "test/conformance/conformance.test.ts", 'mark: "all"'],
  ['"module"', "test/compiler/source-types.test.ts", '"module"'],
  ['"commonjs"', "test/compiler/source-types.test.ts", 'test("commonjs"'],
  ['"script"', "test/compiler/source-types.test.ts", 'test("scripts of one realm"'],
];

test.each(elsewhere)("%s: shown by %s", (_, path, text) => {
  expect(existsSync(join(root, path))).toBe(true);
  expect(readFileSync(join(root, path), "utf8")).toContain(text);
});

/** Rows of tables and lists, without markup. */
function rowsOf(text: string): string[] {
  const lines = text.split("\n");
  const plain = (line: string) => line.replaceAll(/[`*_]/g, "").replaceAll(/\s+/g, " ").trim();
  return lines.flatMap((line, i) => {
    if (line.startsWith("- ")) return [plain(line.slice(2))];
    const isRow =
      line.startsWith("|") && !/^\|[\s|-]+\|$/.test(line) && !/^\|[\s|-]+\|$/.test(lines[i + 1] ?? "");
    return isRow ? [plain(line.split("|").slice(1, -1).join(" "))] : [];
  });
}

test("each row of the page is shown, and nothing that is no row", () => {
  const rows = rowsOf(page);
  const known = [...programs, ...refused, ...unsavable, ...elsewhere].map(([row]) => row.replaceAll("_", ""));
  const begins = (row: string) => known.filter((one) => row.startsWith(one));
  expect(rows.filter((row) => begins(row).length === 0)).toEqual([]);
  expect(known.filter((one) => !rows.some((row) => row.startsWith(one)))).toEqual([]);
});
