/** Text to a syntax tree of plain JavaScript: TypeScript is erased here, so that no later pass meets a type. */
import { parse as babelParse, type ParserPlugin } from "@babel/parser";
import { type Erased, elideTypes, eraseTypes } from "./erase-types.ts";
import { type Resolved, resolve } from "./resolve.ts";

export interface ParseOptions {
  readonly filename: string;
  readonly sourceType: "module" | "commonjs" | "script";
}

const isTypeScript = (filename: string) => /\.[cm]?tsx?$/.test(filename.replace(/\?.*$/, ""));
const isJsx = (filename: string) => /\.[jt]sx$/.test(filename.replace(/\?.*$/, ""));

/**
 * @returns the tree without types, but with imports that only types used: `resolveParsed` knows which those are
 * @throws SyntaxError of the parser, with `loc`
 */
export function parse(source: string, options: ParseOptions): Erased {
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
  if (!typescript) return { file, types: null };
  return eraseTypes(file, source, options.filename, isJsx(options.filename));
}

/** Pass 2, and the end of erasing: what no expression refers to was a type. */
export function resolveParsed(parsed: Erased): Resolved {
  const resolved = resolve(parsed.file);
  if (parsed.types !== null) elideTypes(parsed.file, parsed.types, resolved);
  return resolved;
}
