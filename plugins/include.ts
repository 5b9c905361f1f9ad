/**
 * The option `include` of all plugins: packages whose files are compiled as they are, every function of them. A promise limiter or
 * mapper that calls closures of a workflow then has its promises and queues in the run, like code of the author.
 */
import { dirname } from "node:path";
import type { CompileOptions } from "../compiler/index.ts";
import { packageIn } from "./files.ts";

export interface PluginOptions {
  /** Names of packages in `node_modules`, or of the workspace: `["p-limit", "@scope/queue"]`. */
  readonly include?: readonly string[];
}

/** How a file is compiled. */
export interface Included {
  readonly sourceType: "module" | "commonjs";
  readonly mark: NonNullable<CompileOptions["mark"]>;
}

/** What compiled code imports. */
export const MACHINE = "coldframe/machine";

/** Null: the file belongs to no package that is included. */
export function included(filename: string, { include = [] }: PluginOptions): Included | null {
  if (include.length === 0) return null;
  const name = packageOf(filename);
  return name !== null && include.includes(name) ? { sourceType: sourceTypeOf(filename), mark: "all" } : null;
}

/**
 * `@scope/queue` for `…/node_modules/@scope/queue/index.js`, also in the store of pnpm; for a package of a workspace, which is linked there
 * and stands elsewhere, the name in its package.json.
 */
function packageOf(filename: string): string | null {
  const parts = filename.split(/[\\/]/);
  const at = parts.lastIndexOf("node_modules");
  const first = parts[at + 1];
  if (at < 0) return nameIn(dirname(filename));
  if (first === undefined) return null;
  return first.startsWith("@") ? `${first}/${parts[at + 2]}` : first;
}

const names = new Map<string, string | null>();

/** The name in the package.json of `folder`, or in the nearest one around it that has a name. */
function nameIn(folder: string): string | null {
  let found = names.get(folder);
  if (found !== undefined) return found;
  found = packageIn(folder)?.name ?? (dirname(folder) === folder ? null : nameIn(dirname(folder)));
  names.set(folder, found);
  return found;
}

/** A statement of an ES module, at the beginning of a line. */
const moduleSyntax = /^\s*(?:import|export)(?:\s+\w|\s*[{*"'])/m;

/**
 * What a marked file of the author's own is. TypeScript is written as ES modules, whatever the package.json says; JavaScript is CommonJS
 * where Node takes it for that.
 */
export function ownSourceType(filename: string, source: string): "module" | "commonjs" {
  if (/\.[mc]?tsx?$/.test(filename) && !filename.endsWith(".cts")) return "module";
  return sourceTypeOf(filename) === "commonjs" && !moduleSyntax.test(source) ? "commonjs" : "module";
}

/** As Node decides it: by the ending, then by `type` of the nearest package.json. */
export function sourceTypeOf(filename: string): "module" | "commonjs" {
  if (/\.[cm][jt]s$/.test(filename)) return filename.at(-3) === "c" ? "commonjs" : "module";
  for (let folder = dirname(filename); ; folder = dirname(folder)) {
    const found = packageIn(folder);
    if (found !== null) return found.type === "module" ? "module" : "commonjs";
    if (dirname(folder) === folder) return "commonjs";
  }
}

/** `"coldframe": { "include": [ … ] }` of the package.json in `folder`, or in the nearest one around it. */
export function optionsOf(folder: string): PluginOptions {
  for (let at = folder; ; at = dirname(at)) {
    const found = packageIn(at);
    if (found !== null) return found.coldframe ?? {};
    if (dirname(at) === at) return {};
  }
}
