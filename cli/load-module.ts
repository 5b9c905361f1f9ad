/** Modules that a person names on the command line: a path, or what `import` takes. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ColdframeError } from "../runtime/errors.ts";
import type { Terminal } from "./page.ts";

/**
 * Loads a module; compiled, TypeScript included.
 * @throws ColdframeError CF3203 when there is no such file
 */
export async function loadModule(module: string, { cwd }: Pick<Terminal, "cwd">): Promise<object> {
  await import("../plugins/register/index.ts");
  const isPath = /^(?:\.{0,2}|[a-z]:)[\\/]/i.test(module) || /\.[cm]?[jt]sx?$/.test(module);
  const path = resolve(cwd, module);
  if (isPath && !existsSync(path)) throw new ColdframeError("CF3203", `there is no module "${path}"`);
  return import(isPath ? pathToFileURL(path).href : module);
}
