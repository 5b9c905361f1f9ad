/** `plugins: ["coldframe/babel"]` or `[["coldframe/babel", { include: ["p-limit"] }]]` in a Babel configuration. Runs on the whole program before other plugins see it. */
import type { NodePath, PluginObj, PluginPass } from "@babel/core";
import type * as t from "@babel/types";
import { CompileError, compileProgram } from "../../compiler/index.ts";
import { placeOf } from "../compile-module.ts";
import { importedBy } from "../imported.ts";
import { included, type PluginOptions } from "../include.ts";
import { decoratorsOf } from "../tsconfig.ts";

export default function coldframe(_api?: object, options: PluginOptions = {}): PluginObj<PluginPass> {
  return {
    name: "coldframe",
    visitor: {
      Program: {
        enter(path: NodePath<t.Program>, state: PluginPass) {
          const filename = state.filename ?? "module.ts";
          const place = placeOf(filename);
          const source = state.file.code;
          const how = included(filename, options) ?? {
            sourceType: path.node.sourceType === "module" ? "module" : "commonjs",
          };
          const result = compileProgram(source, {
            filename: place.file,
            moduleId: place.moduleId,
            ...decoratorsOf(filename),
            imported: importedBy(source, filename).digest,
            ...how,
          });
          if (result.diagnostics.some((one) => one.severity === "error"))
            throw new CompileError(result.diagnostics);
          if (result.program === null) return;
          path.node.directives = result.program.directives;
          path.node.body = result.program.body;
          path.scope.crawl();
        },
      },
    },
  };
}
