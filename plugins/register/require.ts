/**
 * CommonJS of included packages where Node has no synchronous hooks (before 22.15): `Module._extensions`, which all of Node's
 * CommonJS goes through, also what an ES module imports.
 */
import { readFileSync } from "node:fs";
import Module from "node:module";
import { compileModule, withInlineMap } from "../compile-module.ts";
import { included, MACHINE, type PluginOptions } from "../include.ts";

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
  const load = (module: Loading, filename: string): void => {
    const how = included(filename, options);
    const compiled =
      how?.sourceType === "commonjs" ? compileModule(readFileSync(filename, "utf8"), filename, how) : null;
    if (compiled === null) original(module, filename);
    else module._compile(withInlineMap(compiled), filename);
  };
  extensions[".js"] = load;
  extensions[".cjs"] = load;
  // A package does not depend on coldframe, and may be installed where it is not found.
  const machine = Module.createRequire(import.meta.url).resolve(MACHINE);
  const resolve = internals._resolveFilename;
  internals._resolveFilename = function (request, parent, ...rest) {
    const ours =
      request === MACHINE && parent?.filename != null && included(parent.filename, options) !== null;
    return ours ? machine : Reflect.apply(resolve, this, [request, parent, ...rest]);
  };
}
