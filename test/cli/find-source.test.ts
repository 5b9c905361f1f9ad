/** The text of a function that is shown is that of its own package, wherever that stands, and of no other. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findSource } from "../../cli/find-source.ts";

let root: string;
let web: string;

const files = {
  "package.json": `{ "name": "root" }`,
  "apps/web/package.json": `{ "name": "@team/web" }`,
  "apps/web/src/order.ts": "of web",
  "apps/web/node_modules/tiny/package.json": `{ "name": "tiny", "version": "2.1.0" }`,
  "apps/web/node_modules/tiny/index.js": "of tiny",
  "packages/flows/package.json": `{ "name": "@team/flows" }`,
  "packages/flows/src/order.ts": "of flows",
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "coldframe-source-"));
  web = join(root, "apps/web");
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  mkdirSync(join(web, "node_modules/@team"));
  symlinkSync(join(root, "packages/flows"), join(web, "node_modules/@team/flows"), "dir");
});
afterAll(() => rmSync(root, { recursive: true }));

test("of the package around, and of those that are linked or installed", () => {
  expect(findSource("@team/web/src/order.ts#order", "src/order.ts", join(web, "src"))).toBe("of web");
  expect(findSource("@team/flows/src/order.ts#order", "src/order.ts", web)).toBe("of flows");
  expect(findSource("tiny@2/index.js#limit", "index.js", web)).toBe("of tiny");
  expect(findSource("@team/gone/src/order.ts#order", "src/order.ts", web)).toBeNull();
  expect(findSource("@team/flows/src/order.ts#order", "src/order.ts", root)).toBeNull();
});

test("where the module was compiled before, and its file is another one", () => {
  expect(findSource("@team/web/dist/order.js#order", "src/order.ts", web)).toBe("of web");
  expect(findSource("@team/flows/dist/order.js#order", "src/order.ts", web)).toBe("of flows");
  expect(findSource("@team/flows/dist/order.js#order", "src/order.ts", root)).toBeNull();
});
