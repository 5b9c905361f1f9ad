/** A module has one name and one hash, wherever it is checked out, however a tool writes its path, and whatever its lines end with. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, digestOf } from "../../compiler/index.ts";
import { compileModule, compileWanted, placeOf } from "../../plugins/compile-module.ts";
import { fileOf } from "../../plugins/files.ts";
import { sourceTypeOf } from "../../plugins/include.ts";

const flow = `import { sleep } from "coldframe";
import prices from "./prices.json";
import { twice } from "./twice";
export async function order(item: string) {
  "use workflow";
  const text = \`a
  \${item}\`;
  await sleep(1);
  return twice(prices[item]) + text;
}
`;
const files = {
  "package.json": `{ "name": "shop", "type": "module" }`,
  "flow.ts": flow,
  "prices.json": `{\n  "tea": 3\n}\n`,
  "twice/index.ts": `import "../flow.ts";\nexport const twice = (n: number) =>\n  n * 2;\n`,
};
let folder: string;

function project(name: string, change: (text: string) => string = (text) => text): string {
  const root = join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), change(text));
  }
  return root;
}

/** What a build knows a module by. */
function identity(root: string, file = "flow.ts", change: (text: string) => string = (text) => text) {
  const { manifest } = compileModule(change(flow), join(root, file))!;
  return {
    module: manifest.module,
    hash: manifest.hash,
    codes: manifest.codes.map(({ id, hash }) => [id, hash]),
  };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-paths-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the name and hash of a module", () => {
  test("are those of other folders, lines of Windows, and a byte order mark", () => {
    const expected = identity(project("a"));
    expect(expected.module).toBe("shop/flow.ts");
    const crlf = (text: string) => text.replaceAll("\n", "\r\n");
    const marked = (text: string) => `\uFEFF${text}`;
    expect(identity(project("b/c d#e?f%20é"))).toEqual(expected);
    expect(identity(project("d", crlf), "flow.ts", crlf)).toEqual(expected);
    expect(identity(project("e", marked), "flow.ts", marked)).toEqual(expected);
  });

  test("a byte order mark before #! is no part of the text", () => {
    const source = `#!/usr/bin/env node\n"use workflow";\nexport async function f() {}\n`;
    const plain = compile(source, { filename: "f.ts" });
    expect(plain.diagnostics).toEqual([]);
    expect(compile(`\uFEFF${source}`, { filename: "f.ts" }).code).toBe(plain.code);
    expect(digestOf(`\uFEFF${source}`, "f.ts")).toBe(digestOf(source, "f.ts"));
  });

  test("are those of a file whose name is written with accents apart", () => {
    const root = project("f");
    expect(placeOf(join(root, "caf\u0065\u0301.ts")).moduleId).toBe("shop/caf\u00e9.ts");
  });

  test("a package of the workspace has its name where links are not followed, too", () => {
    const shop = project("packages/shop");
    const modules = join(folder, "apps/web/node_modules");
    mkdirSync(modules, { recursive: true });
    symlinkSync(shop, join(modules, "shop"), "dir");
    const linked = compileWanted(flow, join(modules, "shop/flow.ts"), {}, false);
    expect(linked?.manifest.module).toBe("shop/flow.ts");
    expect(linked?.manifest.hash).toBe(identity(shop).hash);
    // One that is installed is left alone.
    const installed = project("apps/web/node_modules/installed");
    expect(compileWanted(flow, join(installed, "flow.ts"), {}, false)).toBeNull();
  });
});

describe("the file that an id of a bundler means", () => {
  test("is the path before a query, and in a URL", () => {
    const root = project("g");
    const file = join(root, "flow.ts");
    expect(fileOf(file)).toBe(file);
    expect(fileOf(`${file}?raw`)).toBe(file);
    expect(fileOf(`${file}?v=1#top`)).toBe(file);
    expect(fileOf(`${pathToFileURL(file).href}?v=1`)).toBe(file);
    expect(fileOf("/gone/flow.ts?raw")).toBe("/gone/flow.ts");
    expect(fileOf("\0virtual:flow?x")).toBe("\0virtual:flow");
  });

  test("may have both marks in the names of its folders", () => {
    const file = join(project("h #1?/i"), "flow.ts");
    expect(fileOf(file)).toBe(file);
    expect(fileOf(`${file}?raw#x`)).toBe(file);
    expect(fileOf(pathToFileURL(file).href)).toBe(file);
  });
});

test("a package.json with a byte order mark is read, and one that is no JSON is named", () => {
  const root = project("j");
  writeFileSync(join(root, "package.json"), `\uFEFF{ "name": "marked", "type": "module" }`);
  expect(placeOf(join(root, "flow.ts")).moduleId).toBe("marked/flow.ts");
  expect(sourceTypeOf(join(root, "flow.js"))).toBe("module");
  const broken = project("k");
  writeFileSync(join(broken, "package.json"), `{ "name": `);
  expect(() => placeOf(join(broken, "flow.ts"))).toThrow(join(broken, "package.json"));
});
