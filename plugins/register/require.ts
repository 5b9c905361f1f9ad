/**
 * CommonJS of included packages where Node has no synchronous hooks (before 22.15): `Module._extensions`, which all of Node's
 * CommonJS goes through, also what an ES module imports.
 */
import { readFileSync } from "node:fs";
import Module from "node:module";
import { compileModule, withInlineMap } from "../compile-module.ts";
import { included, optionsOf } from "../include.ts";

interface Loading {
  _compile(code: string, filename: string): void;
}
type Extensions = Record<string, (module: Loading, filename: string) => void>;

export function hookRequire(): void {
  const options = optionsOf(process.cwd());
  if ((options.include ?? []).length === 0) return;
  const extensions = (Module as unknown as { _extensions: Extensions })._extensions;
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
}
