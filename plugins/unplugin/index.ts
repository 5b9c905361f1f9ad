/** One plugin for Vite, Rollup, Rolldown, webpack, Rspack, esbuild and Farm. It runs before other transforms. */
import { createUnplugin, type UnpluginInstance } from "unplugin";
import { mayBeMarked } from "../../compiler/index.ts";
import { compileModule } from "../compile-module.ts";
import { included, isInModules, type PluginOptions } from "../include.ts";

export type { PluginOptions } from "../include.ts";

export const coldframe: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin(
  (options: PluginOptions | undefined = {}) => ({
    name: "coldframe",
    enforce: "pre",
    transform: {
      filter: { id: /\.[cm]?[jt]sx?(\?|$)/ },
      handler(source: string, id: string) {
        const filename = id.replace(/[?#].*$/, "");
        const how = included(filename, options);
        if (how === null && (isInModules(filename) || !mayBeMarked(source))) return null;
        const compiled = compileModule(source, filename, how ?? undefined);
        return compiled === null ? null : { code: compiled.code, map: compiled.map as never };
      },
    },
  }),
);
