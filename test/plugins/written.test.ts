/** What another tool has compiled before: messages, stacks and parked runs name the author's lines, not those of what was written for Node. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileModule } from "../../plugins/compile-module.ts";
import coldframeLoader from "../../plugins/loader/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const register = new URL("../../dist/plugins/register/index.js", import.meta.url).href;
const flow = `import { event } from "coldframe";

/** Gone after compiling, like the types below. */
interface Order {
  readonly id: string;
}

function mark(_: unknown, _key: string): void {}

export class Orders {
  constructor(private readonly prefix: string) {}
  @mark
  async order(o: Order): Promise<string> {
    "use workflow";
    const id: string =
      this.prefix + o.id;
    const paid = await event<string>(\`paid \${id}\`);
    if (paid === "no") throw new RangeError(\`not paid: \${id}\`);
    return paid;
  }
}

export async function order(o: Order): Promise<string> {
  "use workflow";
  return await new Orders("o").order(o);
}
`;
const line = (text: string) => flow.split("\n").findIndex((one) => one.includes(text)) + 1;
const parkedAt = `src/flow.ts:${line("await event")}`;
const main = `import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { order } from "./dist/flow.js";
const engine = await createEngine({ store: memory() });
const run = await engine.start(order, [{ id: "1" }], { id: "one" });
for await (const { waits } of run.watch()) if (waits.length > 0) { console.log(waits[0].at); break; }
await engine.send("paid o1", "no");
try { await run.result(); } catch (error) { console.log(error.stack); }
await engine.close();
`;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-written-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
  for (const one of ["src", "dist"]) mkdirSync(join(folder, one));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", type: "module" }));
  writeFileSync(join(folder, "main.js"), main);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As tsc writes it. */
function byTypeScript(module: ts.ModuleKind, inline: boolean) {
  const { outputText, sourceMapText } = ts.transpileModule(flow, {
    fileName: join(folder, "src/flow.ts"),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module,
      experimentalDecorators: true,
      removeComments: true,
      ...(inline ? { inlineSourceMap: true, inlineSources: true } : { sourceMap: true }),
    },
  });
  const sources = [inline ? "flow.ts" : "../src/flow.ts"];
  const map = sourceMapText === undefined ? "" : JSON.stringify({ ...JSON.parse(sourceMapText), sources });
  return { code: outputText, map };
}

describe("coldframe/register on what tsc has written", () => {
  test.each([
    ["ES modules", ts.ModuleKind.ESNext, "module"],
    ["CommonJS", ts.ModuleKind.CommonJS, "commonjs"],
  ])("%s, with a map beside it", (_, module, type) => {
    const { code, map } = byTypeScript(module, false);
    writeFileSync(join(folder, "dist/flow.js"), code);
    writeFileSync(join(folder, "dist/flow.js.map"), map);
    writeFileSync(join(folder, "dist/package.json"), JSON.stringify({ type }));
    // The sources may stay at home.
    for (const sources of [true, false]) {
      if (sources) writeFileSync(join(folder, "src/flow.ts"), flow);
      else rmSync(join(folder, "src/flow.ts"));
      const output = execFileSync("node", ["--no-warnings", "--import", register, "main.js"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(output).toContain(`${parkedAt}\nRangeError: not paid: o1`);
      expect(output).toMatch(new RegExp(`at order \\(.*[\\\\/]src[\\\\/]flow\\.ts:${line("RangeError")}:`));
      expect(output).toContain(`at async order (src/flow.ts:${line("new Orders")}:`);
    }
  });

  test("errors quote the author's line", () => {
    const source = `interface A {}\nexport async function f() {\n  "use workflows";\n}\n`;
    const { code, map } = transformSync(source, {
      loader: "ts",
      sourcemap: true,
      sourcefile: "../src/wrong.ts",
    });
    writeFileSync(join(folder, "dist/package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "dist/wrong.js"), `${code}//# sourceMappingURL=wrong.js.map\n`);
    writeFileSync(join(folder, "dist/wrong.js.map"), map);
    const { stderr } = spawnSync("node", ["--import", register, "dist/wrong.js"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toContain(`src/wrong.ts:3:3    "use workflows";`);
  });
});

test("a map in the file itself; the module keeps the name and the hash that it has without", () => {
  const { code } = byTypeScript(ts.ModuleKind.ESNext, true);
  const path = join(folder, "src/flow.js");
  const { manifest, map } = compileModule(code, path)!;
  const plain = compileModule(code.slice(0, code.lastIndexOf("//#")), path)!.manifest;
  expect([manifest.module, manifest.hash]).toEqual([plain.module, plain.hash]);
  expect([manifest.file, plain.file]).toEqual(["src/flow.ts", "src/flow.js"]);
  expect(map!.sources).toEqual([join(folder, "src/flow.ts")]);
  expect(map!.sourcesContent).toEqual([flow]);
  const point = manifest.codes.find(({ id }) => id.endsWith("Orders.order"))!.points[1]!;
  expect(flow.split("\n")[point.line - 1]!.slice(point.column)).toMatch(/^await event/);
});

test("a map that leads nowhere, or to several files, is left alone", () => {
  const { code } = byTypeScript(ts.ModuleKind.ESNext, true);
  const text = code.slice(0, code.lastIndexOf("//#"));
  const of = (map: object) => `data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
  for (const url of [
    "gone.js.map",
    "https://example.test/flow.js.map",
    "data:application/json,{",
    of({ version: 3, sources: ["a.ts", "b.ts"], mappings: "AAAA" }),
    of({ version: 3, sections: [] }),
  ]) {
    const { manifest } = compileModule(`${text}//# sourceMappingURL=${url}\n`, join(folder, "src/flow.js"))!;
    expect(manifest.file, url).toBe("src/flow.js");
  }
});

test("coldframe/loader behind another loader", () => {
  const { code, map } = transformSync(flow, {
    loader: "ts",
    sourcemap: "external",
    sourcefile: "flow.ts",
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  });
  for (const given of [map, JSON.parse(map)]) {
    let result: { code: string; map: unknown } | undefined;
    const context = {
      resourcePath: join(folder, "src/flow.ts"),
      mode: "production",
      getOptions: () => ({}),
      addDependency: () => {},
      callback: (_: null, code: string, map?: unknown) => {
        result = { code, map };
      },
    };
    coldframeLoader.call(context, code, given);
    const trace = new SourceMap(result!.map as never);
    const lines = result!.code.split("\n");
    const at = lines.findIndex((one) => one.includes("RangeError("));
    const entry = trace.findEntry(at, lines[at]!.indexOf("RangeError("));
    expect("originalLine" in entry && entry.originalLine + 1).toBe(line("RangeError"));
  }
});
