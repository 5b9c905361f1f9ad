/** What every plugin does with a file: names the module, compiles it, and turns diagnostics into an error. */
import { dirname, relative, sep } from "node:path";
import {
  CompileError,
  type CompileOptions,
  compile,
  type Manifest,
  mayBeMarked,
  type SourceMap,
} from "../compiler/index.ts";
import { isInModules, packageIn, unlinked } from "./files.ts";
import { importedBy } from "./imported.ts";
import { type Included, included, ownSourceType, type PluginOptions } from "./include.ts";
import { decoratorsOf } from "./tsconfig.ts";
import { type Written, writtenBehind } from "./written.ts";

export interface CompiledModule {
  readonly code: string;
  readonly map: SourceMap | null;
  readonly manifest: Manifest;
  /** Files that the result depends on, besides its own: absolute paths. */
  readonly imported: readonly string[];
}

/**
 * @param filename absolute path, without query
 * @param written what the author wrote, where the text is not that; default: what the file itself says
 * @returns null when nothing in the file is marked
 * @throws CompileError with the diagnostics of the file
 */
export function compileModule(
  source: string,
  filename: string,
  options: Partial<Included> & Pick<CompileOptions, "lowerUsing" | "hot"> = {},
  written: Written | null = writtenBehind(source, filename),
): CompiledModule | null {
  const place = placeOf(filename);
  if (options.mark !== "all" && !mayBeMarked(source)) return null;
  const { file, moduleId } = place;
  const imported = importedBy(source, filename);
  const result = compile(source, {
    ...{ filename: file, moduleId, imported: imported.digest },
    ...decoratorsOf(filename),
    sourceType: ownSourceType(filename, source),
    mark: "directives",
    original: written === null ? undefined : { ...written, filename: placeOf(written.path).file },
    ...options,
  });
  if (result.diagnostics.some((one) => one.severity === "error")) throw new CompileError(result.diagnostics);
  if (result.code === null) return null;
  const map = result.map && { ...result.map, sources: [written?.path ?? filename] };
  return { code: result.code, map, manifest: result.manifest!, imported: imported.files };
}

/**
 * What plugins of bundlers and runtimes make of a file, given what the user told them.
 * @param written as for `compileModule`
 * @returns null when the file stays as it is
 * @throws CompileError with the diagnostics of the file
 */
export function compileWanted(
  source: string,
  filename: string,
  options: PluginOptions,
  hot: boolean,
  written?: Written | null,
): CompiledModule | null {
  const how = included(filename, options);
  if (how === null && !mayBeMarked(source)) return null;
  const file = unlinked(filename);
  if (how === null && isInModules(file)) return null;
  return compileModule(source, file, { ...how, hot }, written ?? undefined);
}

export interface Place {
  /** Package name (with the major version in `node_modules`) and path in the package: stable over machines. */
  readonly moduleId: string;
  /** Path in the package, as messages show it. */
  readonly file: string;
}

const packages = new Map<string, { root: string; id: string } | null>();

export function placeOf(filename: string): Place {
  const owner = packageOf(dirname(filename));
  if (owner === null) return { moduleId: nameIn(filename.split(SEPARATOR).slice(-2)), file: filename };
  const parts = relative(owner.root, filename).split(sep);
  return { moduleId: `${owner.id}/${nameIn(parts)}`, file: parts.join("/") };
}

/** Bundlers write `/` on Windows, too. */
const SEPARATOR = sep === "/" ? "/" : /[\\/]/;

/** Some systems take letters with accents apart in the names of files. */
const nameIn = (parts: readonly string[]): string => parts.join("/").normalize("NFC");

/** Name of the package that a file belongs to; null: none. */
export function packageNameOf(filename: string): string | null {
  return packageOf(dirname(filename))?.id ?? null;
}

/** The nearest folder upward whose package.json has a name. */
function packageOf(folder: string): { root: string; id: string } | null {
  const known = packages.get(folder);
  if (known !== undefined) return known;
  let found: { root: string; id: string } | null = null;
  const { name, version } = packageIn(folder) ?? {};
  const major = isInModules(`${folder}/`) ? `@${(version ?? "0").split(".")[0]}` : "";
  if (name !== undefined) found = { root: folder, id: `${name}${major}` };
  const parent = dirname(folder);
  if (found === null && parent !== folder) found = packageOf(parent);
  packages.set(folder, found);
  return found;
}

/** The code with its source map as a comment, for loaders that take nothing but text. */
export function withInlineMap(module: Pick<CompiledModule, "code" | "map">): string {
  if (module.map === null) return module.code;
  const encoded = Buffer.from(JSON.stringify(module.map)).toString("base64");
  return `${module.code}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}
