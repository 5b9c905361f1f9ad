/**
 * `include` where packages are links: the store of pnpm, in which each package sees only what it depends on, and packages of a workspace.
 * The tree is laid out by hand, as `pnpm install` does it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const store = "app/node_modules/.pnpm";
let folder: string;

const files: { readonly [path: string]: string } = {
  "app/package.json": JSON.stringify({
    name: "app",
    type: "module",
    coldframe: { include: ["tiny-limit", "tiny-queue", "@team/one-by-one", "@app/shared"] },
  }),
  "app/main.ts": `import { runScenario } from "coldframe/testing";
    import * as flows from "./flows.ts";
    for (const [name, flow] of Object.entries(flows))
      for (const options of [{ regime: "memory" }, { regime: "park" }, { between: "job" }] as const) {
        const { status, value, error } = await runScenario(flow, [], options);
        console.log(name, status, JSON.stringify(value) ?? error);
      }`,
  "app/flows.ts": `"use workflow";
    import { step } from "coldframe";
    import oneByOne from "@team/one-by-one";
    import { twice } from "@app/shared";
    import limit from "tiny-limit";
    const work = step(async (x: number) => x * 10);
    export async function limited() { const two = limit(2); return Promise.all([1, 2, 3].map((x) => two(() => work(x)))); }
    export async function inTurn() { return oneByOne([1, 2], work); }
    export async function ofWorkspace() { return twice(work, 4); }`,
  // An ES module that depends on another package, which the app does not see.
  [`${store}/tiny-limit@1.2.0/node_modules/tiny-limit/package.json`]: `{ "name": "tiny-limit", "version": "1.2.0", "type": "module", "exports": "./index.js" }`,
  [`${store}/tiny-limit@1.2.0/node_modules/tiny-limit/index.js`]: `import Queue from "tiny-queue";
    export default function limit(most) {
      let active = 0; const queue = new Queue();
      const next = () => { if (active < most && queue.size > 0) { active++; queue.take()(); } };
      return (f) => new Promise((resolve, reject) => {
        queue.put(() => f().then(resolve, reject).finally(() => { active--; next(); })); next();
      });
    }`,
  [`${store}/tiny-queue@3.0.0/node_modules/tiny-queue/package.json`]: `{ "name": "tiny-queue", "version": "3.0.0", "type": "module", "main": "queue.js" }`,
  [`${store}/tiny-queue@3.0.0/node_modules/tiny-queue/queue.js`]: `export default class Queue {
      #items = []; get size() { return this.#items.length; } put(x) { this.#items.push(x); } take() { return this.#items.shift(); }
    }`,
  // CommonJS with a scope.
  [`${store}/@team+one-by-one@0.1.0/node_modules/@team/one-by-one/package.json`]: `{ "name": "@team/one-by-one", "version": "0.1.0" }`,
  [`${store}/@team+one-by-one@0.1.0/node_modules/@team/one-by-one/index.js`]: `module.exports = async (list, f) => {
      const all = []; for (const one of list) all.push(await f(one)); return all;
    };`,
  // Of the workspace: it stands in no node_modules, and is TypeScript.
  "packages/shared/package.json": `{ "name": "@app/shared", "version": "0.0.0", "type": "module", "exports": "./src/twice.ts" }`,
  "packages/shared/src/twice.ts": `export const twice = async (f: (x: number) => Promise<number>, x: number) => (await f(x)) + (await f(x));`,
};

const links: { readonly [path: string]: string } = {
  "app/node_modules/tiny-limit": `${store}/tiny-limit@1.2.0/node_modules/tiny-limit`,
  "app/node_modules/@team/one-by-one": `${store}/@team+one-by-one@0.1.0/node_modules/@team/one-by-one`,
  "app/node_modules/@app/shared": "packages/shared",
  [`${store}/tiny-limit@1.2.0/node_modules/tiny-queue`]: `${store}/tiny-queue@3.0.0/node_modules/tiny-queue`,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-pnpm-"));
  const put = (path: string, make: (path: string) => void) => {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    make(full);
  };
  for (const [path, text] of Object.entries(files)) put(path, (full) => writeFileSync(full, text));
  for (const [path, to] of Object.entries(links))
    put(path, (full) => symlinkSync(relative(dirname(full), join(folder, to)), full, "dir"));
  put("app/node_modules/coldframe", (full) => symlinkSync(root, full, "dir"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("coldframe/register: packages behind links are compiled, and park", () => {
  const output = execFileSync("node", ["--import", "coldframe/register", "--no-warnings", "main.ts"], {
    cwd: join(folder, "app"),
    encoding: "utf8",
  });
  const expected = { inTurn: [10, 20], limited: [10, 20, 30], ofWorkspace: 80 };
  expect(output.trim().split("\n")).toEqual(
    Object.entries(expected).flatMap(([name, value]) =>
      Array.from({ length: 3 }, () => `${name} done ${JSON.stringify(value)}`),
    ),
  );
});
