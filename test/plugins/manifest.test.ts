/** `coldframe.manifest.json`: the same from every bundler and under minification, and what the compiled code registers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { createBuilder, build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BuildManifest } from "../../abi/index.ts";
import { manifestOf, SourceProgram } from "../../checker/index.ts";
import { manifestTypes } from "../../checker/manifest-types.ts";
import { buildManifest, compile, type Manifest } from "../../compiler/index.ts";
import { describeModule } from "../../plugins/place/index.ts";
import { type BundlerOptions, coldframe } from "../../plugins/unplugin/index.ts";
import { coldframe as vitePlugin } from "../../plugins/unplugin/vite.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flow = `import { event, sleep } from "coldframe";
import { price } from "./prices.ts";
export async function order(items: string[]) {
  "use workflow";
  let sum = 0;
  const undo: (() => void)[] = [];
  for (const item of items) {
    undo.push(() => { sum--; });
    sum += await price(item);
  }
  const isPaid = await event<boolean>("paid");
  if (!isPaid) await sleep("1d");
  return [sum, undo.length];
}
`;
const prices = `export async function price(item: string) {
  "use step";
  return item.length;
}
`;
const main = `import { order } from "./flow.ts";\nconsole.log(order);\n`;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-manifest-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", type: "module" }));
  for (const [name, text] of Object.entries({ flow, prices, main }))
    writeFileSync(join(folder, `${name}.ts`), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const entry = () => join(folder, "main.ts");
const read = (out: string) => readFileSync(join(folder, out, "coldframe.manifest.json"), "utf8");

async function withVite(out: string, minify: boolean, options: BundlerOptions = {}): Promise<string> {
  await vite({
    root: folder,
    logLevel: "error",
    configFile: false,
    plugins: [vitePlugin(options)],
    build: {
      ssr: entry(),
      outDir: join(folder, out),
      minify: minify && "esbuild",
      rollupOptions: { external: [/^coldframe/] },
    },
  });
  return read(out);
}

async function withEsbuild(out: string, minify: boolean, options: BundlerOptions = {}): Promise<string> {
  await esbuild({
    entryPoints: [entry()],
    bundle: true,
    minify,
    format: "esm",
    external: ["coldframe", "coldframe/*"],
    outdir: join(folder, out),
    logLevel: "error",
    plugins: [coldframe.esbuild(options)],
  });
  return read(out);
}

async function withRollup(out: string, options: BundlerOptions = {}): Promise<string> {
  const bundle = await rollup({
    input: entry(),
    external: [/^coldframe/],
    onwarn: () => {},
    plugins: [
      coldframe.rollup(options) as never,
      {
        name: "resolve",
        resolveId: (id: string) => (id.startsWith("./") ? join(folder, id.slice(2)) : null),
      },
    ],
  });
  await bundle.write({ dir: join(folder, out) });
  await bundle.close();
  return read(out);
}

describe("coldframe.manifest.json", () => {
  test("is the same from every bundler, minified or not", async () => {
    const texts = [
      await withVite("a", false),
      await withVite("b", true),
      await withEsbuild("c", false),
      await withEsbuild("d", true),
      await withRollup("e"),
    ];
    expect(new Set(texts).size).toBe(1);
    const manifest = JSON.parse(texts[0]!) as BuildManifest;
    expect(manifest).toMatchObject({ format: 1, abi: 1, project: "shop" });
    expect(manifest.modules.map(({ module }) => module)).toEqual(["shop/flow.ts", "shop/prices.ts"]);
    const [flows] = manifest.modules;
    expect(flows!.codes.map(({ id }) => id).sort()).toEqual([
      "shop/flow.ts#order",
      "shop/flow.ts#order.undo.push",
    ]);
    const order = flows!.codes.find(({ id }) => id === "shop/flow.ts#order")!;
    expect(order.points.slice(1).map((point) => [point!.name, point!.line, point!.column])).toEqual([
      ["price", 9, 11],
      ["event", 11, 17],
      ["sleep", 12, 15],
    ]);
    expect(flows!.records).toEqual([{ id: "shop/flow.ts#order.{}", slot: "$order", variables: ["sum"] }]);
    expect(manifest.modules[1]!.steps).toEqual(["shop/prices.ts#price"]);
    // A line for each code, and hardly more than their texts.
    expect(texts[0]!.length).toBeLessThan(2_500);
  }, 120_000);

  test("has types where they are asked for: the same from every bundler, and those of a release", async () => {
    const plain = JSON.parse(await withEsbuild("f", true)) as BuildManifest;
    const tsconfig = join(folder, "tsconfig.json");
    const compilerOptions = {
      target: "ES2022",
      module: "NodeNext",
      strict: true,
      allowImportingTsExtensions: true,
    };
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    try {
      const types = manifestTypes();
      const texts = [
        await withEsbuild("g", true, { types }),
        await withEsbuild("h", false, { types: manifestTypes({ project: tsconfig }) }),
        await withVite("i", true, { types }),
        await withRollup("j", { types }),
      ];
      expect(new Set(texts).size).toBe(1);
      const typed = JSON.parse(texts[0]!) as BuildManifest;
      const order = typed.modules[0]!.codes.find(({ id }) => id === "shop/flow.ts#order")!;
      expect(order.types).toEqual({ sum: "number", undo: "(() => void)[]" });
      // The build is the same, and so is all else.
      expect(typed.build).toBe(plain.build);
      const untyped = JSON.parse(texts[0]!, (key, value) => (key === "types" ? undefined : value));
      expect(untyped).toEqual(plain);
      const released = manifestOf(new SourceProgram(tsconfig, folder, describeModule), "shop");
      expect(typed).toEqual(JSON.parse(JSON.stringify(released)));
    } finally {
      rmSync(tsconfig);
    }
    const failed = withEsbuild("k", false, { types: manifestTypes({ project: join(folder, "none.json") }) });
    await expect(failed).rejects.toThrow(/CF3203 .*none\.json/);
  }, 120_000);

  test("is written beside the one file of esbuild", async () => {
    const options = { entryPoints: [entry()], bundle: true, external: ["coldframe", "coldframe/*"] };
    const outfile = join(folder, "one/main.mjs");
    await esbuild({ ...options, format: "esm", outfile, logLevel: "error", plugins: [coldframe.esbuild()] });
    expect(read("one")).toBe(await withEsbuild("many", false));
  });

  test("has what the environment of Vite has met: a browser is not told of the server's modules", async () => {
    writeFileSync(join(folder, "plain.ts"), "export const one = 1;\n");
    const environment = (input: string, outDir: string) => ({
      build: {
        outDir: join(folder, outDir),
        rollupOptions: { input: join(folder, input), external: [/^coldframe/] },
      },
    });
    const builder = await createBuilder({
      root: folder,
      logLevel: "error",
      configFile: false,
      plugins: [vitePlugin()],
      environments: {
        client: environment("plain.ts", "client"),
        ssr: environment("main.ts", "server"),
      },
    });
    await builder.build(builder.environments["ssr"]!);
    await builder.build(builder.environments["client"]!);
    expect(JSON.parse(read("server"))).toHaveProperty("build");
    expect(() => read("client")).toThrow();
  });

  test("keeps a module whose text is imported, too", async () => {
    // Met last.
    const texts = {
      raw: `import { order } from "./flow.ts";\nimport text from "./raw-1.ts";\nconsole.log(order, text);\n`,
      "raw-1": `export { default } from "./raw-2.ts";\n`,
      "raw-2": `export { default } from "./flow.ts?raw";\n`,
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, `${name}.ts`), text);
    await vite({
      root: folder,
      logLevel: "error",
      configFile: false,
      plugins: [vitePlugin()],
      build: {
        ssr: join(folder, "raw.ts"),
        outDir: join(folder, "raw"),
        rollupOptions: { external: [/^coldframe/] },
      },
    });
    expect(read("raw")).toBe(await withVite("l", false));
  });

  test("is not written when that is not wanted, or nothing is marked", async () => {
    const outputs = async (entryPoint: string, options: { manifest?: boolean }) => {
      const { metafile } = await esbuild({
        entryPoints: [join(folder, entryPoint)],
        bundle: true,
        format: "esm",
        external: ["coldframe", "coldframe/*"],
        outdir: join(folder, "none"),
        metafile: true,
        logLevel: "error",
        plugins: [coldframe.esbuild(options)],
      });
      return Object.keys(metafile.outputs).filter((name) => name.endsWith(".json"));
    };
    writeFileSync(join(folder, "plain.ts"), "export const one = 1;\n");
    rmSync(join(folder, "none"), { recursive: true, force: true });
    await outputs("main.ts", { manifest: false });
    expect(() => read("none")).toThrow();
    await outputs("plain.ts", {});
    expect(() => read("none")).toThrow();
    await outputs("main.ts", {});
    expect(JSON.parse(read("none"))).toHaveProperty("build");
  });
});

describe("the id of a build", () => {
  const module = (source: string, id = "shop/flow.ts"): Manifest =>
    compile(source, { filename: "flow.ts", moduleId: id }).manifest!;
  const id = (...sources: string[]) =>
    buildManifest(
      "shop",
      sources.map((source, i) => module(source, `shop/${i}.ts`)),
    ).build;

  test("is that of other comments and formatting", () => {
    expect(id(flow.replace("let sum", "/* all */\n\n   let  sum"))).toBe(id(flow));
  });

  test("changes with any code, and with names of locals", () => {
    const ids = [
      flow,
      flow.replace("sum--", "sum++"),
      flow.replaceAll("isPaid", "paid"),
      flow.replace('"1d"', '"2d"'),
    ];
    expect(new Set(ids.map((one) => id(one))).size).toBe(4);
  });

  test("does not depend on the order of modules", () => {
    const a = module(flow, "shop/a.ts");
    const b = module(flow, "shop/b.ts");
    expect(buildManifest("shop", [a, b])).toEqual(buildManifest("shop", [b, a, a]));
  });

  test("two modules of one id are refused", () => {
    const other = { ...module(flow.replace("sum--", "sum++")), file: "copy/flow.ts" };
    expect(() => buildManifest("shop", [module(flow), other])).toThrow(
      "shop/flow.ts was compiled twice with different text, from flow.ts and copy/flow.ts",
    );
  });
});
