/**
 * CommonJS where Node has no synchronous hooks (before 22.15): `Module._extensions`, which all of Node's CommonJS goes through, also what
 * an ES module imports. Compiles what is marked, and packages that are included.
 */
import { readFileSync } from "node:fs";
import Module from "node:module";
import { isInModules, unlinked } from "../files.ts";
import { type Included, included, MACHINE, ownSourceType, type PluginOptions } from "../include.ts";

type Compiler = typeof import("../compile-module.ts");

const require = Module.createRequire(import.meta.url);

interface Loading {
  _compile(code: string, filename: string): void;
}
interface Internals {
  readonly _extensions: Record<string, (module: Loading, filename: string) => void>;
  _resolveFilename(
    request: string,
    parent: { readonly filename?: string | null } | null,
    ...rest: unknown[]
  ): string;
}

export function hookRequire(options: PluginOptions): void {
  const internals = Module as unknown as Internals;
  const extensions = internals._extensions;
  const original = extensions[".js"]!;
  const load = (module: Loading, path: string): void => {
    const filename = unlinked(path);
    const how = included(filename, options);
    const compiled = isWanted(filename, how) ? compile(filename, how) : null;
    if (compiled === null) original(module, path);
    else module._compile(compiled, path);
  };
  extensions[".js"] = load;
  extensions[".cjs"] = load;
  // A package does not depend on coldframe, and may be installed where it is not found.
  const machine = require.resolve(MACHINE);
  const resolve = internals._resolveFilename;
  internals._resolveFilename = function (request, parent, ...rest) {
    const ours =
      request === MACHINE && parent?.filename != null && included(parent.filename, options) !== null;
    return ours ? machine : Reflect.apply(resolve, this, [request, parent, ...rest]);
  };
}

function isWanted(filename: string, how: Included | null): boolean {
  if (how !== null) return how.sourceType === "commonjs";
  if (isInModules(filename)) return false;
  const source = readFileSync(filename, "utf8");
  return /use (?:workflow|step)/.test(source) && ownSourceType(filename, source) === "commonjs";
}

let isCompiling = false;

/** The compiler is loaded when a file wants it: most programs have none that does. What it requires itself is left as it is. */
function compile(filename: string, how: Included | null): string | null {
  if (isCompiling) return null;
  isCompiling = true;
  try {
    const { compileModule, withInlineMap } = require("../compile-module.js") as Compiler;
    const compiled = compileModule(readFileSync(filename, "utf8"), filename, how ?? undefined);
    return compiled === null ? null : withInlineMap(compiled);
  } finally {
    isCompiling = false;
  }
}
