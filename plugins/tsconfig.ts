/** What decorators a file has: TypeScript decides by the nearest tsconfig.json. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { CompileOptions } from "../compiler/index.ts";
import { textOf } from "./files.ts";

type DecoratorOptions = Pick<CompileOptions, "decorators" | "decoratorMetadata">;

interface TypeScriptOptions {
  readonly experimentalDecorators?: boolean;
  readonly emitDecoratorMetadata?: boolean;
  readonly strict?: boolean;
  readonly strictNullChecks?: boolean;
}

const known = new Map<string, DecoratorOptions>();
const standard: DecoratorOptions = { decorators: "standard" };

/** What to tell the compiler of the decorators of a file. */
export function decoratorsOf(filename: string): DecoratorOptions {
  return /\.[cm]?tsx?$/.test(filename) ? inFolder(dirname(filename)) : standard;
}

function inFolder(folder: string): DecoratorOptions {
  let found = known.get(folder);
  if (found !== undefined) return found;
  const path = join(folder, "tsconfig.json");
  const parent = dirname(folder);
  if (textOf(path) !== null) found = meaning(optionsOf(path, 0));
  else found = parent === folder ? standard : inFolder(parent);
  known.set(folder, found);
  return found;
}

function meaning(options: TypeScriptOptions): DecoratorOptions {
  if (options.experimentalDecorators !== true) return standard;
  if (options.emitDecoratorMetadata !== true) return { decorators: "legacy" };
  const strictNullChecks = options.strictNullChecks ?? options.strict ?? true;
  return { decorators: "legacy", decoratorMetadata: { strictNullChecks } };
}

/** What a tsconfig.json says, over what those say that it extends: of several the last. */
function optionsOf(path: string, depth: number): TypeScriptOptions {
  if (depth > 9) return {};
  let config: { extends?: string | string[]; compilerOptions?: TypeScriptOptions };
  try {
    config = JSON.parse(withoutComments(textOf(path) ?? "{}"));
  } catch {
    return {};
  }
  const bases = typeof config.extends === "string" ? [config.extends] : (config.extends ?? []);
  const inherited = bases.map((one) => {
    const base = baseOf(one, path);
    return base === null ? {} : optionsOf(base, depth + 1);
  });
  return Object.assign({}, ...inherited, config.compilerOptions);
}

/** The file that `extends` names, relative or of a package; null: there is none. */
function baseOf(name: string, path: string): string | null {
  if (name.startsWith(".") || isAbsolute(name)) {
    const base = resolve(dirname(path), name);
    return existsSync(base) ? base : `${base}.json`;
  }
  const { resolve: find } = createRequire(path);
  for (const one of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      const found = find(one);
      if (found.endsWith(".json")) return found;
    } catch {}
  }
  return null;
}

/** JSON as TypeScript reads it: comments, and commas before a closing bracket. */
function withoutComments(text: string): string {
  return text
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string) => string ?? "")
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, string) => string ?? "");
}
