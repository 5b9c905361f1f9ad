/** Text to a syntax tree of plain JavaScript: TypeScript is erased here, so that no later pass meets a type. */
import { transformFromAstSync } from "@babel/core";
import { parse as babelParse, type ParserPlugin } from "@babel/parser";
// @ts-expect-error the plugin has no declarations of its own
import typescriptPlugin from "@babel/plugin-transform-typescript";
import type * as t from "@babel/types";

export interface ParseOptions {
  readonly filename: string;
  readonly sourceType: "module" | "commonjs" | "script";
}

const isTypeScript = (filename: string) => /\.[cm]?tsx?$/.test(filename.replace(/\?.*$/, ""));
const isJsx = (filename: string) => /\.[jt]sx$/.test(filename.replace(/\?.*$/, ""));

/**
 * @throws SyntaxError of the parser, with `loc`
 */
export function parse(source: string, options: ParseOptions): t.File {
  const plugins: ParserPlugin[] = ["decoratorAutoAccessors", "explicitResourceManagement"];
  plugins.push(["decorators", { allowCallParenthesized: true }]);
  const typescript = isTypeScript(options.filename);
  if (typescript) plugins.push("typescript");
  if (isJsx(options.filename) || !typescript) plugins.push("jsx");
  const file = babelParse(source, {
    sourceType: options.sourceType === "module" ? "module" : "script",
    sourceFilename: options.filename,
    allowReturnOutsideFunction: options.sourceType === "commonjs",
    createParenthesizedExpressions: false,
    plugins,
  });
  return typescript ? eraseTypes(file, source, options.filename) : file;
}

function eraseTypes(file: t.File, source: string, filename: string): t.File {
  const result = transformFromAstSync(file, source, {
    filename,
    configFile: false,
    babelrc: false,
    ast: true,
    code: false,
    cloneInputAst: false,
    parserOpts: { plugins: ["typescript", "decorators"] },
    plugins: [[typescriptPlugin, { allowDeclareFields: true, isTSX: isJsx(filename) }]],
  });
  return result!.ast as t.File;
}
