/**
 * Text to a syntax tree of plain JavaScript: TypeScript is erased and decorators are compiled here, so that no later pass meets
 * either. Node has no decorators yet, and a tool that came behind would not know a class that was taken apart.
 */
import { type PluginItem, transformFromAstSync } from "@babel/core";
import { parse as babelParse, type ParserPlugin } from "@babel/parser";
// @ts-expect-error the plugin has no declarations of its own
import decoratorsPlugin from "@babel/plugin-proposal-decorators";
// @ts-expect-error the plugin has no declarations of its own
import typescriptPlugin from "@babel/plugin-transform-typescript";
import * as t from "@babel/types";
import { legacyDecorators } from "./legacy-decorators.ts";

/** `legacy`: as TypeScript has them with `experimentalDecorators`. */
export type Decorators = "standard" | "legacy";

export interface ParseOptions {
  readonly filename: string;
  readonly sourceType: "module" | "commonjs" | "script";
  readonly decorators?: Decorators | undefined;
}

const isTypeScript = (filename: string) => /\.[cm]?tsx?$/.test(filename.replace(/\?.*$/, ""));
const isJsx = (filename: string) => /\.[jt]sx$/.test(filename.replace(/\?.*$/, ""));

/**
 * @throws SyntaxError of the parser, with `loc`
 */
export function parse(source: string, options: ParseOptions): t.File {
  const legacy = options.decorators === "legacy";
  const plugins: ParserPlugin[] = ["decoratorAutoAccessors", "explicitResourceManagement"];
  plugins.push(legacy ? "decorators-legacy" : ["decorators", { allowCallParenthesized: true }]);
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
  if (legacy && source.includes("@") && isDecorated(file)) legacyDecorators(file);
  const transforms: PluginItem[] = [];
  if (/@|\baccessor\b/.test(source) && isDecorated(file))
    transforms.push([decoratorsPlugin, { version: "2023-11" }]);
  if (typescript)
    transforms.push([typescriptPlugin, { allowDeclareFields: true, isTSX: isJsx(options.filename) }]);
  return transforms.length === 0 ? file : transform(file, source, options.filename, transforms);
}

/** Whether there are decorators, or members of the kind that came with them. */
function isDecorated(file: t.File): boolean {
  let found = false;
  t.traverseFast(file, (node) => {
    if (t.isClassAccessorProperty(node)) found = true;
    if ("decorators" in node && (node.decorators as readonly unknown[] | null)?.length) found = true;
  });
  return found;
}

function transform(file: t.File, source: string, filename: string, plugins: PluginItem[]): t.File {
  const result = transformFromAstSync(file, source, {
    filename,
    configFile: false,
    babelrc: false,
    ast: true,
    code: false,
    cloneInputAst: false,
    parserOpts: { plugins: ["typescript", "decorators"] },
    plugins,
  });
  return result!.ast as t.File;
}
