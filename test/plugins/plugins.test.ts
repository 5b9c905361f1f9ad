/** The plugins, each on a project as a user has it: what they build runs, and says where the author's lines are. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "@babel/core";
import { build as esbuild } from "esbuild";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import coldframeBabel from "../../plugins/babel/index.ts";
import { coldframe as unplugin } from "../../plugins/unplugin/index.ts";
import { coldframe } from "../../plugins/unplugin/vite.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

const flow = `import { sleep } from "coldframe";
interface Order { readonly id: string; items: number[] }

export async function order(o: Order): Promise<number> {
  "use workflow";
  let sum = 0;
  for (const item of o.items) {
    await sleep(1);
    sum += await price(item);
  }
  return sum;
}

async function price(item: number): Promise<number> {
  await sleep(1);
  if (item < 0) throw new RangeError(\`no item \${item}\`);
  return item * 10;
}
`;

const main = `import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { order } from "./flow.ts";
const engine = await createEngine({ store: memory() });
const run = await engine.start(order, [{ id: "o", items: JSON.parse(process.argv[2] ?? "[1, 2]") }], { id: "one" });
try {
  console.log("result", await run.result());
} catch (error) {
  console.log((error as Error).stack);
}
await engine.close();
`;

/** Packages of somebody else, unmodified: a limiter in CommonJS, a mapper as ES module. */
const packages = {
  "tiny-limit": {
    "package.json": JSON.stringify({ name: "tiny-limit", version: "1.2.3", main: "index.js" }),
    "index.js": `function limit(most) {
      var active = 0, queue = [];
      function next() { active--; if (queue.length > 0) queue.shift()(); }
      return function (f) {
        var args = [].slice.call(arguments, 1);
        return new Promise(function (resolve) {
          function run() { active++; var result = (async () => f(...args))(); resolve(result); result.then(next, next); }
          if (active < most) run(); else queue.push(run);
        });
      };
    }
    module.exports = limit;`,
  },
  "@tiny/map": {
    "package.json": JSON.stringify({
      name: "@tiny/map",
      version: "2.0.0",
      type: "module",
      exports: "./index.js",
    }),
    "index.js": `export default async function map(list, mapper, { concurrency = Infinity } = {}) {
      const iterator = list[Symbol.iterator](), out = [];
      let index = 0;
      async function worker() {
        for (let item = iterator.next(); !item.done; item = iterator.next()) {
          const at = index++;
          out[at] = await mapper(item.value, at);
        }
      }
      await Promise.all(Array.from({ length: Math.min(concurrency, 100) }, worker));
      return out;
    }`,
  },
};

const limited = `import { runScenario } from "coldframe/testing";
import { limited, mapped } from "./limited-flow.ts";
for (const f of [limited, mapped]) {
  const { status, value, parks } = await runScenario(f, [], { between: "job" });
  console.log(status, JSON.stringify(value), parks > 5);
}
`;
const limitedFlow = `import map from "@tiny/map";
import limit from "tiny-limit";
async function work(x: number) { "use step"; return x * 10; }
export async function limited() { "use workflow"; const two = limit(2); return await Promise.all([1, 2, 3, 4].map((x) => two(work, x))); }
export async function mapped() { "use workflow"; return await map([1, 2, 3], async (x: number) => (await work(x)) + 1, { concurrency: 2 }); }
`;

const mapped = `import { runScenario } from "coldframe/testing";
import { mapped } from "./mapped-flow.ts";
const { status, value } = await runScenario(mapped, []);
console.log(status, JSON.stringify(value));
`;
const mappedFlow = limitedFlow
  .split("\n")
  .filter((line) => !/limit\b|limited/.test(line))
  .join("\n");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-plugins-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
  for (const [name, files] of Object.entries(packages)) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    for (const [file, text] of Object.entries(files))
      writeFileSync(join(folder, "node_modules", name, file), text);
  }
  const include = Object.keys(packages);
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "shop", type: "module", coldframe: { include } }),
  );
  writeFileSync(join(folder, "limited.ts"), limited);
  writeFileSync(join(folder, "limited-flow.ts"), limitedFlow);
  writeFileSync(join(folder, "mapped.ts"), mapped);
  writeFileSync(join(folder, "mapped-flow.ts"), mappedFlow);
  writeFileSync(join(folder, "flow.ts"), flow);
  writeFileSync(join(folder, "main.ts"), main);
});
afterAll(() => rmSync(folder, { recursive: true }));

const registered = fileURLToPath(new URL("../../dist/plugins/register/index.js", import.meta.url));
const register = ["--import", new URL("../../dist/plugins/register/index.js", import.meta.url).href];

describe("coldframe/register", () => {
  test("runs TypeScript with a workflow", () => {
    const output = execFileSync("node", [...register, "main.ts"], { cwd: folder, encoding: "utf8" });
    expect(output).toBe("result 30\n");
  });

  test("compiles CommonJS of the author's, required or imported", () => {
    const flows = `const { sleep } = require("coldframe");
exports.double = async (n) => { "use step"; return n * 2; };
exports.flow = async function flow(n) { "use workflow"; await sleep(1); return await exports.double(n); };
`;
    mkdirSync(join(folder, "plain"), { recursive: true });
    writeFileSync(join(folder, "plain/package.json"), `{ "name": "plain" }`);
    writeFileSync(join(folder, "plain/flow.js"), flows);
    writeFileSync(join(folder, "flow.cjs"), flows);
    writeFileSync(
      join(folder, "plain/main.mts"),
      `import { createRequire } from "node:module";
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import all, { flow } from "../flow.cjs";
const required = createRequire(import.meta.url)("./flow.js");
const engine = await createEngine({ store: memory() });
for (const f of [flow, all.flow, required.flow]) console.log(await (await engine.start(f, [4])).result(), f(1) instanceof Promise);
await engine.close();
`,
    );
    const output = execFileSync("node", [...register, "--no-warnings", "plain/main.mts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toBe("8 true\n".repeat(3));
  });

  test("may be required, before all else or first in the program", () => {
    writeFileSync(
      join(folder, "later.cjs"),
      `if (process.argv[3] === "here") require(${JSON.stringify(registered)});
import("./main.ts");
`,
    );
    for (const args of [
      ["-r", registered, "later.cjs"],
      ["later.cjs", "[1, 2]", "here"],
    ]) {
      const output = execFileSync("node", ["--no-warnings", ...args], { cwd: folder, encoding: "utf8" });
      expect(output).toBe("result 30\n");
    }
  });

  test("reads nothing but the project where Node permits no more", () => {
    // The flag has no other name before Node 23.5.
    const flag = process.allowedNodeEnvironmentFlags.has("--permission")
      ? "--permission"
      : "--experimental-permission";
    const needed = [realpathSync(folder), root, realpathSync(join(root, "node_modules"))].map((one) =>
      join(one, "/"),
    );
    // Node 20 takes a folder in another one for all there is.
    const folders = needed.filter((one) => !needed.some((other) => one !== other && one.startsWith(other)));
    const read = folders.map((one) => `--allow-fs-read=${one}*`);
    const args = ["--no-warnings", flag, "--allow-worker", "--allow-addons", ...read, ...register, "main.ts"];
    expect(execFileSync("node", args, { cwd: folder, encoding: "utf8" })).toBe("result 30\n");
  });

  test("finds modules as TypeScript does: without endings, and in folders", () => {
    const files = {
      "found/main.mts": `import { a } from "./a";
import { b } from "./b";
import { c } from "./b/c.js";
import { createRequire } from "node:module";
const required = createRequire(import.meta.url);
console.log(a, b, c, required("./d"), required("./e").e, (await import("./a?again")).a);
`,
      "found/a.ts": `export const a: string = "a";\n`,
      "found/b/index.ts": `export * from "..";\nexport const b: string = "b";\n`,
      "found/b/c.ts": `export { a as c } from "../a";\n`,
      "found/index.js": `export const index = 1;\n`,
      "found/d/package.json": `{ "main": "main.cjs" }`,
      "found/d/main.cjs": `module.exports = "d";\n`,
      "found/d/index.cjs": `module.exports = "wrong";\n`,
      "found/e.js": `exports.e = "e";\n`,
      "found/e.ts": `export const e: string = "wrong";\n`,
      "found/package.json": `{ "name": "found" }`,
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const output = execFileSync("node", [...register, "--no-warnings", "found/main.mts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toBe("a b a d e a\n");
  });

  test("follows the aliases of the tsconfig.json", () => {
    const files = {
      "aliased/tsconfig.json": `{ "extends": "./config/base.json", /* all */ "compilerOptions": { "strict": true } }`,
      "aliased/config/base.json": `{ "compilerOptions": { "paths": {
        "*": ["../nowhere/*"], "@/*": ["../gone/*", "../src/*"], "@/deep/*.x": ["../src/deep/*"], "exactly": ["../src/one.ts"],
        "coldframe": ["../src/one.ts"] } } }`,
      "aliased/main.ts": `import { one } from "@/one";
import { two } from "@/deep/two.x";
import { one as same } from "exactly";
import { sleep } from "coldframe";
console.log(one, two, same, typeof sleep);
`,
      "aliased/src/one.ts": `export const one: number = 1;\n`,
      "aliased/src/deep/two/index.ts": `export { one as two } from "@/one.js";\n`,
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const output = execFileSync("node", [...register, "--no-warnings", "aliased/main.ts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toBe("1 1 1 function\n");
  });

  test("shows the author's function, file, line and column in stack traces", () => {
    const output = execFileSync("node", [...register, "main.ts", "[1, -1]"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toContain("RangeError: no item -1");
    expect(output).toMatch(/at price \(.*flow\.ts:16:23\)/);
  });

  test("refuses a misspelt directive with its place, and nothing else", () => {
    writeFileSync(join(folder, "wrong.ts"), `export async function f() {\n  "use workflows";\n}\n`);
    const { status, stderr } = spawnSync("node", [...register, "wrong.ts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain(
      `CF1004 a directive is misspelt: "use workflows" is not a directive; write "use workflow".`,
    );
    expect(stderr).toContain(`wrong.ts:2:3    "use workflows";`);
    expect(stderr).not.toMatch(/compile-module|hooks\.js/);
  });
});

test("a bundle of CommonJS of the author's", async () => {
  writeFileSync(join(folder, "steps.cjs"), `exports.double = async (n) => { "use step"; return n * 2; };\n`);
  writeFileSync(
    join(folder, "common.ts"),
    `import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { double } from "./steps.cjs";
export async function flow(n: number) { "use workflow"; return await double(n); }
const engine = await createEngine({ store: memory() });
console.log(await (await engine.start(flow, [4])).result());
await engine.close();
`,
  );
  const entryPoints = [join(folder, "common.ts")];
  const outfile = join(folder, "out/common.mjs");
  const banner = {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  };
  await esbuild({
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["coldframe"],
    entryPoints,
    outfile,
    banner,
    minify: true,
    logLevel: "error",
    plugins: [unplugin.esbuild()],
  });
  expect(execFileSync("node", ["--no-warnings", outfile], { cwd: folder, encoding: "utf8" })).toBe("8\n");
});

test("a minified bundle leaves functions the names that they have from keys", async () => {
  const keyed = `export const tools = {
  search: async (n: number) => n, plain: (n: number) => n, "odd-name": async () => 1, async add() {}, cls: class {},
};
export const top = { self: () => typeof this };
export class Agent { size = 3; ask = async () => this.size; static ready = () => true; }
export async function flow(n: number) {
  "use workflow";
  return { inner: async () => n, other: () => n, args: () => n };
}
export function old(this: string, ..._all: number[]) { return { size: () => [this, arguments.length] }; }
`;
  const use = `import { Agent, flow, old, tools, top } from "./keyed.ts";
const agent = new Agent();
const all = [...Object.values(tools), agent.ask, Agent.ready, ...Object.values(await flow(1))] as { name: string; prototype?: object }[];
console.log(all.map(({ name }) => name).join());
console.log(top.self(), await agent.ask(), old.call("me", 1, 2).size().join(), "prototype" in tools.search, "prototype" in tools.plain);
process.exit();
`;
  writeFileSync(join(folder, "keyed.ts"), keyed);
  writeFileSync(join(folder, "keyed-main.ts"), use);
  const bundled = async (name: string, plugins: ReturnType<typeof unplugin.esbuild>[]) => {
    const outfile = join(folder, `out/${name}.mjs`);
    await esbuild({
      ...{ bundle: true, format: "esm", platform: "node", target: "node20", external: ["coldframe"] },
      ...{ entryPoints: [join(folder, "keyed-main.ts")], outfile, minify: true, logLevel: "error", plugins },
    });
    return execFileSync("node", [outfile], { cwd: folder, encoding: "utf8" });
  };
  const compiled = await bundled("keyed", [unplugin.esbuild()]);
  expect(compiled).toBe(await bundled("keyed-plain", []));
  expect(compiled).toContain("search,plain,odd-name,add,cls,ask,ready,inner,other,args\n");
});

test("a bundle of everything, as CommonJS, finds the driver of SQLite beside the program", async () => {
  writeFileSync(
    join(folder, "stored.ts"),
    `import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { order } from "./flow.ts";
void (async () => {
  const engine = await createEngine({ store: sqlite(":memory:") });
  console.log(await (await engine.start(order, [{ id: "o", items: [1] }])).result());
  await engine.close();
})();
`,
  );
  const outfile = join(folder, "out/stored.cjs");
  await esbuild({
    ...{ bundle: true, format: "cjs", platform: "node", target: "node20", logLevel: "error" },
    ...{ entryPoints: [join(folder, "stored.ts")], outfile, plugins: [unplugin.esbuild()] },
    logOverride: { "empty-import-meta": "silent" },
  });
  symlinkSync(join(root, "node_modules/libsql"), join(folder, "node_modules/libsql"), "dir");
  expect(execFileSync("node", ["--no-warnings", outfile], { cwd: folder, encoding: "utf8" })).toBe("10\n");
});

const limitedOutput = "done [10,20,30,40] true\ndone [11,21,31] true\n";

describe("include: packages are compiled, unmodified", () => {
  test("coldframe/register", () => {
    const output = execFileSync("node", [...register, "--no-warnings", "limited.ts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toBe(limitedOutput);
  });

  test("coldframe/register, where the packages of the compiler are among them", () => {
    const own = join(folder, "own");
    mkdirSync(own, { recursive: true });
    const include = [
      ...Object.keys(packages),
      "@babel/core",
      "@babel/parser",
      "@babel/types",
      "debug",
      "semver",
    ];
    writeFileSync(join(own, "package.json"), JSON.stringify({ name: "own", coldframe: { include } }));
    const output = execFileSync("node", [...register, "--no-warnings", "../limited.ts"], {
      cwd: own,
      encoding: "utf8",
    });
    expect(output).toBe(limitedOutput);
  });

  test("coldframe/vite", async () => {
    await build({
      root: folder,
      logLevel: "error",
      configFile: false,
      plugins: [coldframe({ include: ["@tiny/map"] })],
      ssr: { noExternal: ["@tiny/map"] },
      build: {
        ssr: join(folder, "mapped.ts"),
        outDir: join(folder, "out"),
        target: "node20",
        rollupOptions: { external: [/^coldframe/], output: { entryFileNames: "mapped.mjs" } },
      },
    });
    const output = execFileSync("node", [join(folder, "out/mapped.mjs")], { cwd: folder, encoding: "utf8" });
    expect(output).toBe("done [11,21,31]\n");
  });

  test("coldframe/babel", () => {
    const filename = join(folder, "node_modules/tiny-limit/index.js");
    const compiled = (include: string[]) =>
      transformSync(packages["tiny-limit"]["index.js"], {
        filename,
        configFile: false,
        babelrc: false,
        sourceType: "script",
        plugins: [[coldframeBabel, { include }]],
      })!.code;
    expect(compiled(["tiny-limit"])).toContain(`require("coldframe/machine")`);
    expect(compiled(["tiny"])).not.toContain("coldframe");
  });
});

test("coldframe/vite: a bundle that runs, with nothing of the directives left", async () => {
  await build({
    root: folder,
    logLevel: "error",
    configFile: false,
    plugins: [coldframe()],
    build: {
      ssr: join(folder, "main.ts"),
      outDir: join(folder, "out"),
      target: "node20",
      rollupOptions: { external: [/^coldframe/], output: { entryFileNames: "main.mjs" } },
    },
  });
  const output = execFileSync("node", [join(folder, "out/main.mjs")], { cwd: folder, encoding: "utf8" });
  expect(output).toBe("result 30\n");
});

/** As TypeScript compiles classes for targets before ES2022; Vite does so where no tsconfig.json names a target. */
test("variables of closures are restored where class fields become assignments", async () => {
  writeFileSync(
    join(folder, "shared.ts"),
    `import { sleep } from "coldframe";
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
export async function flow(first: number) {
  "use workflow";
  let sum = first;
  let late: number | undefined;
  const add = (n: number) => { sum += n; late = n; };
  await sleep(1);
  add(2);
  await sleep(1);
  return [sum, late];
}
const engine = await createEngine({ store: memory(), cache: 0 });
console.log(JSON.stringify(await (await engine.start(flow, [1])).result()));
await engine.close();
`,
  );
  const ssr = join(folder, "shared.ts");
  const outDir = join(folder, "out");
  const rollupOptions = { external: [/^coldframe/], output: { entryFileNames: "shared.mjs" } };
  await build({
    root: folder,
    logLevel: "error",
    configFile: false,
    plugins: [coldframe()],
    build: { ssr, outDir, target: "node20", minify: "esbuild", rollupOptions },
  });
  await esbuild({
    entryPoints: [ssr],
    outfile: join(outDir, "shared-too.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["coldframe"],
    tsconfigRaw: { compilerOptions: { target: "es2020", useDefineForClassFields: false } },
    plugins: [unplugin.esbuild()],
  });
  // A run that lost a variable is blocked, and its process never ends.
  const options = { cwd: folder, encoding: "utf8", timeout: 20_000 } as const;
  for (const file of ["shared.mjs", "shared-too.mjs"])
    expect(execFileSync("node", [join(outDir, file)], options)).toBe("[3,2]\n");
});

test("coldframe/babel compiles the whole program before other plugins", () => {
  const output = transformSync(flow, {
    filename: join(folder, "flow.ts"),
    configFile: false,
    babelrc: false,
    plugins: [coldframeBabel],
    parserOpts: { plugins: ["typescript"] },
  });
  expect(output!.code).toContain(`from "coldframe/machine"`);
  expect(output!.code).toContain("function order$step(");
  expect(output!.code).not.toContain("use workflow");
});

test("a module that was compiled is left alone", () => {
  const once = compile(flow, { filename: "flow.ts" });
  expect(compile(once.code!, { filename: "flow.js" }).code).toBeNull();
});

test("source maps lead what the author wrote back to its place", () => {
  const { code, map } = compile(flow, { filename: "flow.ts" });
  const trace = new SourceMap(map as never);
  const source = flow.split("\n");
  const body = code!.slice(code!.indexOf("function order$step("));
  const before = code!.slice(0, -body.length).split("\n").length - 1;
  let mapped = 0;
  for (const [i, line] of body.split("\n").entries()) {
    for (const { 0: name, index } of line.matchAll(/\b(sleep|RangeError|o\.items|item < 0|item \* 10)/g)) {
      const entry = trace.findEntry(before + i, index);
      expect("originalLine" in entry && source[entry.originalLine]!.slice(entry.originalColumn)).toMatch(
        name,
      );
      mapped++;
    }
  }
  expect(mapped).toBe(6);
});
