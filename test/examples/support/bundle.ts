/**
 * Bundles a test's worker with Vite and `coldframe/vite`, once, coldframe and all, so that hundreds of processes start in
 * a tenth of a second each. `coldframe` is found by name, as the exports of the package say.
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
    ssr: { noExternal: true, external: ["libsql"] },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: "node20",
      minify: false,
      rollupOptions: { external: [/^node:/], output: { entryFileNames: "[name].js" } },
    },
  });
  return join(outDir, entry.replace(/^.*\//, "").replace(/\.ts$/, ".js"));
}
