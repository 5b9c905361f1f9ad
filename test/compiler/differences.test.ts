/** The differences of docs/differences.md: each is shown here, so that the page tells no more and no less. */
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { types } from "node:util";
import { expect, test } from "vitest";
import { runScenario } from "../../runtime/testing/index.ts";
import { load } from "../engine/programs.ts";
import { Child } from "../fixtures/child.ts";
import type { Parked } from "../fixtures/driver.ts";
import type { Outcome } from "../fixtures/outside.ts";
import { Workshop } from "../fixtures/workshop.ts";

/** What programs import. `native` functions are not compiled. */
const world = {
  types,
  context: new AsyncLocalStorage<string>(),
  settled: () => Promise.resolve(1),
  native: async (log: string[]) => {
    for (const name of ["n1", "n2", "n3"]) {
      log.push(name);
      await null;
    }
  },
};

const head = `const { ${Object.keys(world).join(", ")} } = $world;`;

/** A program that is run as it is and as compiled code in a run; both results. */
async function both(body: string): Promise<{ plain: unknown; compiled: unknown }> {
  const text = `async function sub() { await null; }
    async function main() { "use workflow"; ${body} }`;
  const plain = await new Function("$world", `"use strict"; ${head} ${text}; return main();`)(world);
  const { main } = load(
    `import { ${Object.keys(world).join(", ")} } from "world"; ${text.replaceAll(/^\s*async/gm, "export async")}`,
    world,
  );
  const outcome = await runScenario(main!, []);
  expect(outcome.status).toBe("done");
  return { plain, compiled: outcome.value };
}

/** Body of a program; its result uncompiled; its result compiled. */
const differences: readonly (readonly [name: string, body: string, plain: unknown, compiled: unknown])[] = [
  [
    "order of jobs between marked and native code",
    `const log = []; const marked = (async () => { for (const name of ["m1", "m2", "m3"]) { log.push(name); await null; } })();
     const other = native(log); await marked; await other; return log.join(" ");`,
    "m1 n1 m2 n2 m3 n3",
    "m1 n1 m2 m3 n2 n3",
  ],
  [
    "AsyncLocalStorage",
    `return await context.run("order 1", async () => { await null; return context.getStore() ?? "lost"; });`,
    "order 1",
    "lost",
  ],
  [
    "a step in a function is one object",
    'const make = () => async () => { "use step"; }; return make() === make();',
    false,
    true,
  ],
  ["brand of promises", "const p = sub(); const r = types.isPromise(p); await p; return r;", true, false],
  [
    "fields of promises",
    "const p = sub(); const r = Object.keys(p).length > 0; await p; return r;",
    false,
    true,
  ],
  ["toJSON of promises", 'return "toJSON" in Promise.prototype;', false, true],
  ["constructor of promises", "return Promise.resolve().constructor === Promise;", true, false],
  ["Promise is the machine's", "return Promise === globalThis.Promise;", true, false],
  [
    "finally of a subclass",
    `let n = 0; class P extends Promise { constructor(executor) { super(executor); n++; } }
     const p = P.resolve(1); n = 0; await p.finally(() => {}); return n;`,
    5,
    2,
  ],
  [
    "resolving functions of race",
    `let same = null; const f = () => {}; function C(executor) { executor(f, f); }
     C.resolve = () => ({ then(resolve) { same = resolve === f; } });
     Promise.race.call(C, [1]); return same;`,
    true,
    false,
  ],
  [
    "Proxies that are awaited",
    `let asked = 0; const proxy = new Proxy({}, { getPrototypeOf() { asked++; return null; } });
     await proxy; return asked > 0;`,
    false,
    true,
  ],
  [
    "built-ins that are replaced",
    `let n = 0; const { isArray } = Array; const p = sub(); p.then(() => {});
     Array.isArray = (x) => { n++; return isArray(x); };
     try { await p; } finally { Array.isArray = isArray; } return n > 0;`,
    false,
    true,
  ],
  [
    "DisposableStack is the machine's",
    "return typeof DisposableStack === 'function' && DisposableStack !== globalThis.DisposableStack;",
    false,
    true,
  ],
  ["brand of async functions", "return types.isAsyncFunction(main);", true, false],
  ["prototype property of declarations", 'void types; return Object.hasOwn(main, "prototype");', false, true],
  [
    "methods of a generator's prototype",
    "const g = function* () { yield 1; }; return [Object.hasOwn(g.prototype, 'next'), Object.keys(g.prototype).length].join();",
    "false,0",
    "true,0",
  ],
  [
    "next of the engine",
    "const g = function* () { yield 1; }; try { return Object.getPrototypeOf(g).prototype.next.call(g()).value; } catch (e) { return e.name; }",
    1,
    "TypeError",
  ],
  [
    "prototypes of iterators",
    "return Object.hasOwn(Object.getPrototypeOf([].values()), Symbol.toStringTag);",
    true,
    false,
  ],
  [
    "text of a function",
    'return String(async (x) => { await null; return x; }).startsWith("async");',
    true,
    false,
  ],
  [
    "wording: destructuring",
    "try { const { a } = await undefined; } catch (e) { return e.message; }",
    "Cannot destructure property 'a' of '(intermediate value)' as it is undefined.",
    "Cannot destructure property 'a' of '$v' as it is undefined.",
  ],
  [
    "wording: for of",
    "try { const box = {}; for (const x of box) await x; } catch (e) { return e.message; }",
    "box is not iterable",
    "object is not iterable",
  ],
  [
    "stack traces",
    "const lines = (e) => e.stack.split('\\n').filter((line) => /at (async )?main/.test(line)).length; try { await null; throw new Error('x'); } catch (e) { return lines(e); }",
    1,
    2,
  ],
  [
    "wording: shared variables",
    "const box = {}; const shared = () => box; try { box.open(shared); } catch (e) { return e.message; }",
    "box.open is not a function",
    "$main.box.open is not a function",
  ],
];

test.each(differences)("%s", async (_, body, plain, compiled) => {
  expect(await both(body)).toEqual({ plain, compiled });
});

test("step arguments and results are copies in a run", async () => {
  const source = `
    async function add(list) { "use step"; list.push(1); return list; }
    export async function main() { "use workflow"; const list = []; const got = await add(list); return [list.length, got === list]; }`;
  const text = source.replaceAll("export ", "");
  expect(await new Function(`"use strict"; ${text}; return main();`)()).toEqual([1, true]);
  const { main } = load(source);
  for (const regime of ["memory", "park"] as const) {
    expect((await runScenario(main!, [], { regime })).value).toEqual([0, false]);
  }
});

test("variables of a step are copies in a run", async () => {
  const source = `
    export async function main() { "use workflow";
      const list = []; const add = async () => { "use step"; list.push(1); return list.length; };
      return [await add(), await add(), list.length]; }`;
  const text = source.replaceAll("export ", "");
  expect(await new Function(`"use strict"; ${text}; return main();`)()).toEqual([1, 2, 2]);
  const { main } = load(source);
  for (const regime of ["memory", "park"] as const) {
    expect((await runScenario(main!, [], { regime })).value).toEqual([1, 1, 0]);
  }
});

test("subclass at the top of a module", async () => {
  const { program } = load(
    `class Top extends Promise {}
     export async function program() { "use workflow"; class Own extends Promise {} return [Top, Own].map((C) => types.isPromise(C.resolve(1))); }`.replace(
      "class",
      'import { types } from "world"; class',
    ),
    world,
  );
  expect(await runScenario(program!, [])).toMatchObject({ status: "done", value: [true, false] });
});

test("module variables", async () => {
  using workshop = new Workshop();
  const [first, second] = [new Child(workshop.folder), new Child(workshop.folder)];
  const name = "differences/module-variables";
  workshop.add(
    name,
    `"use workflow"; import { ext } from "../world.ts"; let kept = "of the process";
    export async function program() { kept = "of the run"; await ext("park"); return kept; }`,
  );
  try {
    expect((await first.request<Outcome>({ regime: "plain", name })).end).toBe('= "of the run"');
    const { end, trail } = await first.request<Outcome & { trail: Parked[] }>({ regime: "trail", name });
    expect(end).toBe('= "of the run"');
    const elsewhere = await second.request<Outcome>({ regime: "carry-on", name, parked: trail[0]! });
    expect(elsewhere.end).toBe('= "of the process"');
  } finally {
    first.stop();
    second.stop();
  }
});

/** What one might expect to differ, and does not. */
test.each([
  ["promises in JSON", "const p = sub(); p.mine = 1; const r = JSON.stringify({ p }); await p; return r;"],
  ["instanceof Promise", "const p = sub(); const r = p instanceof Promise; await p; return r;"],
  ["tag of promises", "return String(Promise.resolve());"],
  ["Promise.resolve of a promise", "const p = sub(); const r = Promise.resolve(p) === p; await p; return r;"],
  ["native promises are promises", "return settled() instanceof Promise;"],
  ["name and length", "const f = async (a, b = 1) => {}; return [f.name, f.length, main.name, main.length];"],
  ["new of an async arrow", "const f = async () => {}; try { new f(); } catch (e) { return e.message; }"],
  [
    "new of an async method",
    "const o = { async f() {} }; try { new o.f(); } catch (e) { return e.message; }",
  ],
  ["new of a declaration", "try { new sub(); } catch (e) { return e.message; }"],
  ["prototype of a declaration", "return sub.prototype === undefined;"],
  [
    "tag of async functions",
    "return [main, sub, async () => {}].map((f) => Object.prototype.toString.call(f));",
  ],
  ["constructor of async functions", "return (async () => {}).constructor.name;"],
  ["this", "const f = async function () { await null; return this; }; return (await f()) === undefined;"],
  ["arguments", "const f = async function (a) { await null; return [...arguments]; }; return await f(7, 8);"],
  ["call of what is no function", "const o = {}; try { await o.send(1); } catch (e) { return e.message; }"],
  ["a property of undefined", "let o; try { o.send(await 1); } catch (e) { return e.message; }"],
  ["temporal dead zone", "const f = () => x; try { f(); } catch (e) { return e.message; } let x = await 1;"],
  ["a constant", "const x = 1; try { x = await 2; } catch (e) { return e.message; }"],
  [
    "a cycle of promises",
    "let r; const p = new Promise((f) => { r = f; }); r(p); try { await p; } catch (e) { return e.message; }",
  ],
])("no difference: %s", async (_, body) => {
  const { plain, compiled } = await both(body);
  expect(compiled).toEqual(plain);
  expect(plain).not.toBeUndefined();
});

test("the page names a test for each difference, and no other", () => {
  const page = readFileSync(new URL("../../docs/differences.md", import.meta.url), "utf8");
  const named = [...page.matchAll(/ \*\(([^)]+)\)\*/g)].flatMap(([, names]) => names!.split("; "));
  const shown = [
    ...differences.map(([name]) => name),
    "step arguments and results are copies in a run",
    "variables of a step are copies in a run",
    "module variables",
    "subclass at the top of a module",
  ];
  expect(named.sort()).toEqual(shown.sort());
});
