/** One plugin for Vite, Rollup, Rolldown, webpack, Rspack, esbuild and Farm. It runs before other transforms. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createUnplugin, type UnpluginInstance } from "unplugin";
import type { TypeManifests } from "../../abi/index.ts";
import { compileWanted } from "../compile-module.ts";
import { fileOf } from "../files.ts";
import type { PluginOptions } from "../include.ts";
import { MANIFEST_FILE, MetModules } from "../manifest.ts";

export type { PluginOptions } from "../include.ts";

export interface BundlerOptions extends PluginOptions {
  /** False: writes no `coldframe.manifest.json` into the output folder. */
  readonly manifest?: boolean;
  /**
   * Whether modules are replaced while the process runs: the newest of a name counts then. Default: in Vite's development server, and
   * with webpack and Rspack in the mode "development".
   */
  readonly hot?: boolean;
  /** `manifestTypes()` of `coldframe/manifest-types`: the manifest has the TypeScript types of locals, too. Default: none. */
  readonly types?: TypeManifests;
}

export const coldframe: UnpluginInstance<BundlerOptions | undefined, false> = createUnplugin(
  (options: BundlerOptions | undefined = {}) => {
    const met = new Map<string, MetModules>();
    const isWanted = options.manifest !== false;
    let isVite = false;
    /** With esbuild, when it writes one file: its folder. */
    let besides: string | null = null;
    let hot = options.hot ?? false;
    const follow = ({ options: { mode } }: { readonly options: { readonly mode?: unknown } }) => {
      hot = options.hot ?? mode === "development";
    };
    return {
      name: "coldframe",
      enforce: "pre",
      transform: {
        filter: { id: /\.[cm]?[jt]sx?(\?|$)/ },
        handler(source: string, id: string) {
          const filename = fileOf(id);
          const compiled = compileWanted(source, filename, options, hot);
          // Their text is part of what the build is called by.
          for (const file of compiled?.imported ?? []) this.addWatchFile(file);
          // With a query it may be something else of the file: its text, its address.
          if (compiled !== null || filename === id)
            metIn(met, this).meet(filename, compiled?.manifest ?? null);
          return compiled === null ? null : { code: compiled.code, map: compiled.map as never };
        },
      },
      watchChange(id: string, change: { event: "create" | "update" | "delete" }) {
        if (change.event === "delete") for (const modules of met.values()) modules.meet(id, null);
      },
      async buildEnd() {
        const text = isWanted && !isVite ? await metIn(met, this).text(options.types) : null;
        if (text === null) return;
        if (besides === null) this.emitFile({ type: "asset", fileName: MANIFEST_FILE, source: text });
        else {
          mkdirSync(besides, { recursive: true });
          writeFileSync(join(besides, MANIFEST_FILE), text);
        }
      },
      esbuild: {
        // There is no folder that unplugin would write to.
        config({ outfile, outdir, absWorkingDir = "", write }) {
          besides =
            outfile === undefined || outdir !== undefined || write === false
              ? null
              : dirname(resolve(absWorkingDir, outfile));
        },
      },
      webpack: follow,
      rspack: follow,
      vite: {
        configResolved({ command }: { readonly command: string }) {
          isVite = true;
          hot = options.hot ?? command === "serve";
        },
        // Vite drops what plugins emit when it builds for servers. A development server has no output.
        async writeBundle({ dir }: { readonly dir?: string | undefined }) {
          const text = isWanted ? await metIn(met, this).text(options.types) : null;
          if (text !== null && dir !== undefined) writeFileSync(join(dir, MANIFEST_FILE), text);
        },
      },
    };
  },
);

/** Vite builds for the browser and for the server with one plugin: each has the modules that it has met, and the browser is not told of the others. */
function metIn(met: Map<string, MetModules>, context: object): MetModules {
  const name = (context as { readonly environment?: { readonly name: string } }).environment?.name ?? "";
  let found = met.get(name);
  if (found === undefined) met.set(name, (found = new MetModules()));
  return found;
}
