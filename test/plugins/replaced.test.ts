/** Development servers evaluate a module anew when it was edited: the newest counts, for what is started and for runs that are parked. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import coldframeLoader, { type LoaderContext } from "../../plugins/loader/index.ts";
import { type BundlerOptions, coldframe } from "../../plugins/unplugin/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

const flow = (n: number) => `"use workflow";
import { event } from "coldframe";
import { price } from "./systems.ts";
export const shop = { async sell(customer: string) { return await order(customer) + 1000; } };
export async function order(customer: string): Promise<number> {
  const paid = await price(customer);
  await event(\`go \${customer}\`);
  const total = (one: number) => one + ${n};
  return total(paid) + await price(customer);
}
`;
const systems = (n: number) =>
  `"use step";\nexport async function price(customer: string) { return customer.length * ${n}; }\n`;

/** Starts runs, edits both files, and lets the runs go on. */
const main = `import { writeFileSync } from "node:fs";
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { coldframe } from "coldframe/vite";
import { createServer } from "vite";
const server = await createServer({ configFile: false, logLevel: "silent", plugins: [coldframe()], appType: "custom",
  ssr: { external: process.argv[3] === "two copies" ? [] : ["coldframe"] }, server: { middlewareMode: true, ws: false, watch: null } });
const engine = await createEngine({ store: memory() });
const parked = async (f, id) => {
  const run = await engine.start(f, [id], { id });
  for await (const { waits } of run.watch()) if (waits.some(({ kind }) => kind === "event")) return run;
};
const before = await server.ssrLoadModule("/flow.ts");
const runs = [await parked(before.order, "ada"), await parked(before.shop.sell, "grace")];
for (const [file, text] of Object.entries(JSON.parse(process.argv[2]))) writeFileSync(file, text);
server.moduleGraph.invalidateAll();
const after = await server.ssrLoadModule("/flow.ts");
runs.push(await parked(after.order, "barbara"), await parked(before.order, "jo"));
for (const run of runs) {
  await engine.send("go " + run.id, null);
  console.log(run.id, await run.result());
}
await engine.close();
await server.close();
process.exit();
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-replaced-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
  symlinkSync(join(root, "node_modules/vite"), join(folder, "node_modules/vite"), "dir");
  writeFileSync(join(folder, "package.json"), `{ "name": "shop", "type": "module" }`);
  writeFileSync(join(folder, "flow.ts"), flow(1));
  writeFileSync(join(folder, "systems.ts"), systems(10));
  writeFileSync(join(folder, "main.js"), main);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("coldframe/vite: what is parked and what is started while a file is edited goes on with its new text", () => {
  const edited = JSON.stringify({ "flow.ts": flow(2), "systems.ts": systems(100) });
  const output = execFileSync("node", ["main.js", edited], { cwd: folder, encoding: "utf8" });
  expect(output.split("\n")).toEqual(["ada 332", "grace 1552", "barbara 1402", "jo 402", ""]);
});

test("coldframe/vite: where a copy of coldframe is inlined, because it is linked, the engine of another one refuses", () => {
  const { status, stderr } = spawnSync("node", ["main.js", "{}", "two copies"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/CF2006 .*"shop\/flow\.ts" was loaded with another copy of coldframe/);
});

const REPLACES = /\$registry\.hot = true/;

describe("coldframe/unplugin", () => {
  const compiled = (options: BundlerOptions, mode: string) => {
    const plugin = coldframe.raw(options, { framework: "webpack", webpack: {}, versions: {} } as never);
    plugin.webpack!({ options: { mode } } as never);
    const { handler } = plugin.transform as {
      handler(this: object, source: string, id: string): { code: string };
    };
    return handler.call({ addWatchFile() {} }, flow(1), join(folder, "flow.ts")).code;
  };

  test("modules are replaced in development, or where that is said", () => {
    expect(compiled({}, "development")).toMatch(REPLACES);
    expect(compiled({}, "production")).not.toMatch(REPLACES);
    expect(compiled({ hot: false }, "development")).not.toMatch(REPLACES);
    expect(compiled({ hot: true }, "production")).toMatch(REPLACES);
  });
});

describe("coldframe/loader", () => {
  const loaded = (
    source: string,
    file: string,
    { mode, options = {} }: { mode?: string; options?: BundlerOptions },
  ) => {
    const dependencies: string[] = [];
    let result: { code: string; map: unknown } | null = null;
    const context: LoaderContext = {
      resourcePath: join(folder, file),
      ...(mode === undefined ? {} : { mode }),
      getOptions: () => options,
      addDependency: (path) => dependencies.push(path),
      callback: (_, code, map) => {
        result = { code, map };
      },
    };
    coldframeLoader.call(context, source, "a map");
    return { ...result!, dependencies };
  };

  test("compiles what is marked, and tells what it depends on", () => {
    const { code, map, dependencies } = loaded(flow(1), "flow.ts", { mode: "production" });
    expect(code).toContain('$module("shop/flow.ts"');
    expect(code).not.toMatch(REPLACES);
    expect(map).toMatchObject({ sources: [join(folder, "flow.ts")], sourcesContent: [flow(1)] });
    expect(dependencies).toEqual([join(folder, "systems.ts")]);
  });

  test("leaves everything else alone", () => {
    const plain = "export const a: number = 1;\n";
    expect(loaded(plain, "plain.ts", {})).toMatchObject({ code: plain, map: "a map" });
    const theirs = loaded(flow(1), "node_modules/theirs/flow.ts", {});
    expect(theirs).toMatchObject({ code: flow(1), map: "a map" });
  });

  test("compiles the packages of the option include", () => {
    const { code } = loaded("export const a = async () => 1;", "node_modules/theirs/a.js", {
      options: { include: ["theirs"] },
    });
    expect(code).toContain("$module(");
  });

  test("modules are replaced in development, or where that is said", () => {
    expect(loaded(flow(1), "flow.ts", { mode: "development" }).code).toMatch(REPLACES);
    expect(loaded(flow(1), "flow.ts", { mode: "development", options: { hot: false } }).code).not.toMatch(
      REPLACES,
    );
    expect(loaded(flow(1), "flow.ts", { mode: "production", options: { hot: true } }).code).toMatch(REPLACES);
  });

  test("throws what the compiler says", () => {
    const wrong = `async function f() { "use workflow"; with (f) {} }`;
    expect(() => loaded(wrong, "wrong.cjs", {})).toThrow(/CF1\d{3}.*wrong\.cjs/s);
  });
});
