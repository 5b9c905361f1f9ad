/**
 * Bundles a test's worker with Vite and `coldframe/vite`, once, so that hundreds of processes start in a fifth of a
 * second each. It stays inside of the package, where `coldframe` is found by name.
 */
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { coldframe } from "../../../plugins/unplugin/vite.ts";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * @param entry path of a TypeScript file, relative to the root
 * @returns path of the JavaScript file, in a folder of its own that the caller removes
 */
export async function bundle(entry: string): Promise<string> {
  mkdirSync(join(root, "dist/test"), { recursive: true });
  const outDir = mkdtempSync(join(root, "dist/test/"));
  await build({
    configFile: false,
    root,
    logLevel: "warn",
    plugins: [coldframe()],
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: "node20",
      minify: false,
      rollupOptions: { external: [/^coldframe/, /^node:/], output: { entryFileNames: "[name].js" } },
    },
  });
  return join(outDir, entry.replace(/^.*\//, "").replace(/\.ts$/, ".js"));
}
