/**
 * Paths of Windows, where there is none: the plugins are given `node:path` of Windows, and a disk `C:` that stands for a folder. What
 * is compiled there has the names and hashes that it has here.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path/posix";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { compile, digestOf } from "../../compiler/index.ts";
import { compileModule, compileWanted, placeOf } from "../../plugins/compile-module.ts";

const { disk } = vi.hoisted(() => ({ disk: { root: "" } }));

vi.mock("node:path", async (original) => {
  const { win32 } = await original<typeof import("node:path")>();
  return { ...win32, default: win32 };
});

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const here = (path: unknown): unknown =>
    typeof path === "string" && /^c:/i.test(path) ? disk.root + path.slice(2).replaceAll("\\", "/") : path;
  const on =
    (name: "readFileSync" | "statSync" | "existsSync" | "realpathSync") =>
    (path: unknown, ...rest: unknown[]): unknown =>
      (fs[name] as (...all: unknown[]) => unknown)(here(path), ...rest);
  return {
    ...fs,
    readFileSync: on("readFileSync"),
    statSync: on("statSync"),
    existsSync: on("existsSync"),
    realpathSync: (path: string) => path,
  };
});

const flow = `import { sleep } from "coldframe";
import { twice } from "../twice";
import prices from "../prices.json";
export async function order(item: string) { "use workflow"; await sleep(1); return twice(prices[item]); }
`;
const limit = `export async function limit(f) { return await f(); }\n`;
const files = {
  "package.json": `{ "name": "shop", "type": "module" }`,
  "src/flows/order.ts": flow,
  "src/prices.json": `{}\n`,
  "src/twice/index.ts": `import "../flows/order.ts";\nexport const twice = (n: number) => n * 2;\n`,
  "node_modules/@tiny/limit/package.json": `{ "name": "@tiny/limit", "version": "3.1.4", "type": "module" }`,
  "node_modules/@tiny/limit/index.js": limit,
};

beforeAll(() => {
  disk.root = mkdtempSync(join(tmpdir(), "coldframe-windows-"));
  for (const [file, text] of Object.entries(files)) {
    const path = join(disk.root, "Projects/shop", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
});
afterAll(() => rmSync(disk.root, { recursive: true }));

/** As Node, Vite and others write the path of one file. */
const spellings = (file: string) => [
  `C:\\Projects\\shop\\${file.replaceAll("/", "\\")}`,
  `C:/Projects/shop/${file}`,
  `c:\\Projects\\shop\\${file.replaceAll("/", "\\")}`,
  `C:\\Projects\\shop/${file}`,
];

test("a module has the name, the file and the hash that it has elsewhere", () => {
  // Its own text is no part of what it imports, though that imports it.
  const imported = [files["src/prices.json"], files["src/twice/index.ts"]].map((text, i) =>
    digestOf(text, i === 0 ? "prices.json" : "index.ts"),
  );
  const elsewhere = compile(flow, {
    filename: "src/flows/order.ts",
    moduleId: "shop/src/flows/order.ts",
    imported: imported.sort().join(" "),
  }).manifest!;
  for (const path of spellings("src/flows/order.ts")) {
    const { manifest } = compileModule(flow, path)!;
    expect(manifest, path).toEqual(elsewhere);
  }
});

test("an installed package has its major version in the name", () => {
  for (const path of spellings("node_modules/@tiny/limit/index.js")) {
    expect(placeOf(path).moduleId, path).toBe("@tiny/limit@3/index.js");
    expect(compileWanted(limit, path, { include: ["@tiny/limit"] }, false), path).not.toBeNull();
    expect(compileWanted(`"use workflow";\n${limit}`, path, {}, false), path).toBeNull();
  }
});

test("a file of no package is named by its folder", () => {
  expect(placeOf("C:\\scripts\\flow.ts").moduleId).toBe("scripts/flow.ts");
  expect(placeOf("C:/scripts/flow.ts").moduleId).toBe("scripts/flow.ts");
});
