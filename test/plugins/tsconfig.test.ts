/** What the plugins read in the nearest tsconfig.json: which decorators a file has, and whether they get metadata. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transformSync } from "@babel/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import babel from "../../plugins/babel/index.ts";
import { compileModule } from "../../plugins/compile-module.ts";
import { decoratorsOf } from "../../plugins/tsconfig.ts";
import { root } from "../fixtures/workshop.ts";

let folder: string;

const flow = `import { Mail } from "./mail.ts";
const inject = () => {};
export class Orders {
  constructor(@inject readonly mail: Mail, @inject readonly name: string | null) {}
  async send(n: number) { "use workflow"; await null; return this.mail.sent + n; }
}
export async function main() { "use workflow"; return await new Orders(new Mail(), "a").send(2); }
`;

const files: { readonly [path: string]: string } = {
  "plain/tsconfig.json": `{ "compilerOptions": { "strict": true } }`,
  "legacy/tsconfig.json": `{ "compilerOptions": { "experimentalDecorators": true } }`,
  "metadata/tsconfig.json": `{
    // comments, and a comma at the end
    "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "paths": { "@/*": ["./*"] }, },
  }`,
  "loose/tsconfig.json": `{ "extends": "../metadata/tsconfig", "compilerOptions": { "strict": false } }`,
  "checks/tsconfig.json": `{ "extends": ["../loose/tsconfig.json", "../both.json"] }`,
  "both.json": `{ "compilerOptions": { "strictNullChecks": true } }`,
  "off/tsconfig.json": `{ "extends": "../metadata/tsconfig.json", "compilerOptions": { "emitDecoratorMetadata": false } }`,
  "package/tsconfig.json": `{ "extends": "@team/tsconfig" }`,
  "package/node_modules/@team/tsconfig/tsconfig.json": `{ "extends": "./base.json" }`,
  "package/node_modules/@team/tsconfig/base.json": `{ "compilerOptions": { "experimentalDecorators": true } }`,
  "broken/tsconfig.json": "{",
  "circle/tsconfig.json": `{ "extends": "./tsconfig.json", "compilerOptions": { "experimentalDecorators": true } }`,
  "package.json": `{ "name": "shop", "type": "module" }`,
  "metadata/flow.ts": flow,
  "metadata/mail.ts": "export class Mail { sent = 40; }",
  "metadata/reflect.ts": `const seen: unknown[][] = [];
    Object.assign(Reflect, { seen, metadata: (key: string, value: any) => (target: any) => { seen.push([target.name, key, ...value.map((one: any) => one.name)]); } });`,
  "metadata/unmarked.ts": `import { Mail } from "./mail.ts"; @(() => {}) export class Unmarked { constructor(mail: Mail) {} }`,
  "metadata/main.ts": `import "./reflect.ts"; import { main } from "./flow.ts"; import "./unmarked.ts";
    console.log(await main(), JSON.stringify((Reflect as any).seen));`,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-tsconfig-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  mkdirSync(join(folder, "metadata/inner"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
});
afterAll(() => rmSync(folder, { recursive: true }));

const metadata = (strictNullChecks: boolean) => ({
  decorators: "legacy",
  decoratorMetadata: { strictNullChecks },
});

test.each([
  ["plain/a.ts", { decorators: "standard" }],
  ["legacy/a.tsx", { decorators: "legacy" }],
  ["legacy/a.js", { decorators: "standard" }],
  ["metadata/a.ts", metadata(true)],
  ["metadata/inner/a.mts", metadata(true)],
  ["loose/a.ts", metadata(false)],
  ["checks/a.ts", metadata(true)],
  ["off/a.ts", { decorators: "legacy" }],
  ["package/a.ts", { decorators: "legacy" }],
  ["broken/a.ts", { decorators: "standard" }],
  ["circle/a.ts", { decorators: "legacy" }],
])("%s", (path, expected) => {
  expect(decoratorsOf(join(folder, path))).toEqual(expected);
});

test("metadata reaches what Vite, unplugin and Babel are given", () => {
  const filename = join(folder, "metadata/flow.ts");
  const { code } = compileModule(flow, filename)!;
  expect(code).toMatch(/"design:paramtypes", \[Mail|"design:paramtypes", \[typeof Mail/);
  const options = { filename, babelrc: false, configFile: false, plugins: [babel] };
  const parserOpts = { plugins: ["typescript", "decorators-legacy"] as never };
  expect(transformSync(flow, { ...options, parserOpts })!.code).toContain("design:paramtypes");
});

test("coldframe/register: marked and unmarked files", () => {
  const register = new URL("../../dist/plugins/register/index.js", import.meta.url).href;
  const output = execFileSync("node", ["--import", register, "--no-warnings", "metadata/main.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  const seen = [
    ["Orders", "design:paramtypes", "Mail", "Object"],
    ["Unmarked", "design:paramtypes", "Mail"],
  ];
  expect(output).toBe(`42 ${JSON.stringify(seen)}\n`);
});
