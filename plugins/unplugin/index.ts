/** One plugin for Vite, Rollup, Rolldown, webpack, Rspack, esbuild and Farm. It runs before other transforms. */
import { createUnplugin, type UnpluginInstance } from "unplugin";
import { mayBeMarked } from "../../compiler/index.ts";
import { compileModule } from "../compile-module.ts";

export const coldframe: UnpluginInstance<undefined, false> = createUnplugin(() => ({
  name: "coldframe",
  enforce: "pre",
  transform: {
    filter: { id: { include: /\.[cm]?[jt]sx?(\?|$)/, exclude: /[\\/]node_modules[\\/]/ } },
    handler(source: string, id: string) {
      if (!mayBeMarked(source)) return null;
      const compiled = compileModule(source, id.replace(/[?#].*$/, ""));
      return compiled === null ? null : { code: compiled.code, map: compiled.map as never };
    },
  },
}));
