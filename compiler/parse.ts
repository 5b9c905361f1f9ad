/**
 * Text to a syntax tree of plain JavaScript: TypeScript is erased and decorators are compiled here, so that no later pass meets
 * either. Node has no decorators yet, and a tool that came behind would not know a class that was taken apart.
 */
import { transformFromAstSync } from "@babel/core";
import { parse as babelParse, type ParserPlugin } from "@babel/parser";
// @ts-expect-error the plugin has no declarations of its own
import decoratorsPlugin from "@babel/plugin-proposal-decorators";
import * as t from "@babel/types";
import { nameAccessors } from "./accessor-names.ts";
import type { MetadataOptions } from "./decorator-metadata.ts";
import { type Erased, elideTypes, eraseTypes } from "./erase-types.ts";
import { legacyDecorators } from "./legacy-decorators.ts";
import { type Resolved, resolve } from "./resolve.ts";

/** `legacy`: as TypeScript has them with `experimentalDecorators`. */
export type Decorators = "standard" | "legacy";

export interface ParseOptions {
  readonly filename: string;
  readonly sourceType: "module" | "commonjs" | "script";
  readonly decorators?: Decorators | undefined;
  readonly decoratorMetadata?: MetadataOptions | undefined;
}

/** There may be a query behind the name; a folder may be called `a?b`. */
const isTypeScript = (filename: string) => /\.[cm]?tsx?(\?[^/\\]*)?$/.test(filename);
const isJsx = (filename: string) => /\.[jt]sx(\?[^/\\]*)?$/.test(filename);

/**
 * @returns the tree without types, but with imports that only types used: `resolveParsed` knows which those are
 * @throws SyntaxError of the parser, with `loc`
 */
export function parse(source: string, options: ParseOptions): Erased {
  const legacy = options.decorators === "legacy";
  const plugins: ParserPlugin[] = ["decoratorAutoAccessors", "explicitResourceManagement"];
  plugins.push(legacy ? "decorators-legacy" : ["decorators", { allowCallParenthesized: true }]);
  const typescript = isTypeScript(options.filename);
  if (typescript) plugins.push("typescript");
  if (isJsx(options.filename) || !typescript) plugins.push("jsx");
  const file = babelParse(source, {
    sourceType: options.sourceType,
    sourceFilename: options.filename,
    createParenthesizedExpressions: false,
    plugins,
  });
  const decorated = /@|\baccessor\b/.test(source) && isDecorated(file);
  // Before the types go: with them parameters may be properties, and decorated as such.
  if (decorated && legacy) legacyDecorators(file, (typescript && options.decoratorMetadata) || null);
  const erased = typescript
    ? eraseTypes(file, source, options.filename, isJsx(options.filename))
    : { file, types: null };
  return decorated && isDecorated(erased.file) ? undecorated(erased, source, options.filename) : erased;
}

/** Pass 2, and the end of erasing: what no expression refers to was a type. */
export function resolveParsed(parsed: Erased): Resolved {
  const resolved = resolve(parsed.file);
  if (parsed.types !== null) elideTypes(parsed.file, parsed.types, resolved);
  return resolved;
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

function undecorated({ file, types }: Erased, source: string, filename: string): Erased {
  const result = transformFromAstSync(file, source, {
    filename,
    configFile: false,
    babelrc: false,
    ast: true,
    code: false,
    cloneInputAst: false,
    parserOpts: { plugins: ["typescript", "decorators"] },
    plugins: [[decoratorsPlugin, { version: "2023-11" }]],
  });
  nameAccessors(result!.ast as t.File);
  return { file: result!.ast as t.File, types };
}
