/** Which decorators a file has: TypeScript decides by the nearest tsconfig.json. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Decorators } from "../compiler/index.ts";

const known = new Map<string, boolean>();

export function decoratorsOf(filename: string): Decorators {
  return /\.[cm]?tsx?$/.test(filename) && inFolder(dirname(filename)) ? "legacy" : "standard";
}

function inFolder(folder: string): boolean {
  let found = known.get(folder);
  if (found !== undefined) return found;
  const path = join(folder, "tsconfig.json");
  const parent = dirname(folder);
  found = existsSync(path) ? isLegacy(path, 0) : parent !== folder && inFolder(parent);
  known.set(folder, found);
  return found;
}

/** What the file says, or those that it extends; configurations of packages are not looked for. */
function isLegacy(path: string, depth: number): boolean {
  if (depth > 9 || !existsSync(path)) return false;
  let config: { extends?: string | string[]; compilerOptions?: { experimentalDecorators?: boolean } };
  try {
    config = JSON.parse(withoutComments(readFileSync(path, "utf8")));
  } catch {
    return false;
  }
  const own = config.compilerOptions?.experimentalDecorators;
  if (own !== undefined) return own;
  const bases = typeof config.extends === "string" ? [config.extends] : (config.extends ?? []);
  return bases.some((one) => {
    if (!one.startsWith(".")) return false;
    const base = resolve(dirname(path), one);
    return isLegacy(existsSync(base) ? base : `${base}.json`, depth + 1);
  });
}

/** JSON as TypeScript reads it: comments, and commas before a closing bracket. */
function withoutComments(text: string): string {
  return text
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string) => string ?? "")
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, string) => string ?? "");
}
