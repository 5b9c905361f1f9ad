/**
 * `using` and `await using` outside of compiled functions, for engines that do not know them: in steps, and in files in which
 * nothing is marked. Compiled functions do without it (`lower/using.ts`).
 */
import { transformFromAstSync } from "@babel/core";
// @ts-expect-error the plugin comes without types
import usingPlugin from "@babel/plugin-proposal-explicit-resource-management";
import * as t from "@babel/types";

/** @param program changed where it stands; returned as it is when there is nothing to do */
export function lowerUsing(program: t.Program, filename: string): t.Program {
  let found = false;
  t.traverseFast(program, (node) => {
    found ||= node.type === "VariableDeclaration" && (node.kind === "using" || node.kind === "await using");
  });
  if (!found) return program;
  // The plugin thinks that only modules may have one at the top; CommonJS may, too.
  const { sourceType } = program;
  const result = transformFromAstSync(t.file({ ...program, sourceType: "module" }), undefined, {
    filename,
    configFile: false,
    babelrc: false,
    ast: true,
    code: false,
    cloneInputAst: false,
    plugins: [usingPlugin],
  });
  return { ...(result!.ast as t.File).program, sourceType };
}
