/**
 * What a browser loads of `runtime/`: minified and gzipped, without what is loaded on demand. The limits are what is reached, rounded up:
 * whoever needs more has to say so here. Nothing of Node's is asked for.
 */
import { gzipSync } from "node:zlib";
import { build, type Rollup } from "vite";
import { expect, test } from "vitest";
import { root } from "./fixtures/workshop.ts";

const machine = `export * from "${root}runtime/machine/index.ts";`;
const entries: Readonly<Record<string, { readonly source: string; readonly kilobytes: number }>> = {
  "the machine": { source: machine, kilobytes: 25 },
  "machine and snapshots": {
    source: `${machine} export { decodeRun, decodeValue, encodeRun, encodeValue } from "${root}runtime/snapshot/index.ts";`,
    kilobytes: 72,
  },
  "the whole runtime": { source: `export * from "${root}runtime/index.ts";`, kilobytes: 110 },
};

const ENTRY = "virtual:entry";

async function bundle(source: string): Promise<readonly Rollup.OutputChunk[]> {
  const result = (await build({
    configFile: false,
    logLevel: "silent",
    root,
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? `\0${ENTRY}` : null),
        load: (id) => (id === `\0${ENTRY}` ? source : null),
      },
    ],
    build: {
      target: "es2022",
      minify: "esbuild",
      write: false,
      modulePreload: false,
      rollupOptions: { input: ENTRY, preserveEntrySignatures: "strict", output: { format: "es" } },
    },
  })) as Rollup.RollupOutput;
  return result.output.filter((one) => one.type === "chunk");
}

/** The entry, and what it imports at once. */
function loaded(chunks: readonly Rollup.OutputChunk[]): readonly Rollup.OutputChunk[] {
  const found = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of found)
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) found.add(chunk);
  return [...found];
}

test.each(Object.entries(entries))("%s", async (_, { source, kilobytes }) => {
  const chunks = await bundle(source);
  const size = loaded(chunks).reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  expect(size / 1024).toBeLessThanOrEqual(kilobytes);
  // A limit far above what is reached would not be one.
  expect(size / 1024).toBeGreaterThan(kilobytes - 4);
  const outside = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  expect(outside.filter((name) => !chunks.some(({ fileName }) => fileName === name))).toEqual([]);
});
