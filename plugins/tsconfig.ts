/** What the nearest tsconfig.json says of a file: what decorators mean in it, and where its aliases lead. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { CompileOptions } from "../compiler/index.ts";
import { fileAt, textOf } from "./files.ts";

type DecoratorOptions = Pick<CompileOptions, "decorators" | "decoratorMetadata">;

interface TypeScriptOptions {
  readonly experimentalDecorators?: boolean;
  readonly emitDecoratorMetadata?: boolean;
  readonly strict?: boolean;
  readonly strictNullChecks?: boolean;
  readonly baseUrl?: string;
  readonly paths?: { readonly [pattern: string]: readonly string[] };
}

/** `"@/*": ["./src/*"]`, cut at the star; without one there is no end. */
interface Alias {
  readonly start: string;
  readonly end: string | null;
  /** Absolute. */
  readonly targets: readonly string[];
}

interface Config {
  readonly decorators: DecoratorOptions;
  /** The longest first. */
  readonly aliases: readonly Alias[];
}

const known = new Map<string, Config>();
const standard: DecoratorOptions = { decorators: "standard" };
const nothing: Config = { decorators: standard, aliases: [] };

/** What to tell the compiler of the decorators of a file. */
export function decoratorsOf(filename: string): DecoratorOptions {
  return TYPESCRIPT.test(filename) ? inFolder(dirname(filename)).decorators : standard;
}

/**
 * The file that a specifier of a TypeScript file means by `paths`.
 * @returns null: no alias leads to a file
 */
export function aliased(specifier: string, filename: string): string | null {
  if (!TYPESCRIPT.test(filename)) return null;
  for (const { start, end, targets } of inFolder(dirname(filename)).aliases) {
    const isMeant =
      end === null
        ? specifier === start
        : specifier.length >= start.length + end.length &&
          specifier.startsWith(start) &&
          specifier.endsWith(end);
    if (!isMeant) continue;
    const star = specifier.slice(start.length, specifier.length - (end?.length ?? 0));
    for (const target of targets) {
      const found = fileAt(target.replace("*", () => star));
      if (found !== null && !found.endsWith(".d.ts")) return found;
    }
  }
  return null;
}

const TYPESCRIPT = /\.[cm]?tsx?$/;

function inFolder(folder: string): Config {
  let found = known.get(folder);
  if (found !== undefined) return found;
  const path = join(folder, "tsconfig.json");
  const parent = dirname(folder);
  if (textOf(path) !== null) {
    const options = optionsOf(path, 0);
    found = { decorators: meaning(options), aliases: aliasesIn(options) };
  } else found = parent === folder ? nothing : inFolder(parent);
  known.set(folder, found);
  return found;
}

function aliasesIn({ paths = {} }: TypeScriptOptions): Alias[] {
  return Object.entries(paths)
    .map(([pattern, targets]) => {
      const star = pattern.indexOf("*");
      const start = star < 0 ? pattern : pattern.slice(0, star);
      return { start, end: star < 0 ? null : pattern.slice(star + 1), targets };
    })
    .sort((a, b) => b.start.length - a.start.length);
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
  const { paths, baseUrl = "." } = config.compilerOptions ?? {};
  // They are relative to the file that has them.
  const from = resolve(dirname(path), baseUrl);
  const own = Object.entries(paths ?? {}).map(([pattern, all]) => [
    pattern,
    all.map((one) => resolve(from, one)),
  ]);
  return Object.assign({}, ...inherited, config.compilerOptions, paths && { paths: Object.fromEntries(own) });
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
