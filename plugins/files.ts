/** What the plugins ask the disk: which file an id of a tool means, and what the files around it say. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const inModules = /[\\/]node_modules[\\/]/;

export const isInModules = (filename: string): boolean => inModules.test(filename);

/**
 * The path in an id of a bundler, which may be a URL, and have a query or a fragment behind it. A folder may be called `a#b`, so
 * what is there decides.
 */
export function fileOf(id: string): string {
  if (id.startsWith("file:")) return fileURLToPath(id.replace(/[?#].*$/, ""));
  if (!/[?#]/.test(id)) return id;
  for (let end = id.length; end > 0; end = lastMark(id, end))
    if (isFile(id.slice(0, end))) return id.slice(0, end);
  return id.replace(/[?#].*$/, "");
}

const lastMark = (id: string, before: number): number =>
  Math.max(id.lastIndexOf("?", before - 1), id.lastIndexOf("#", before - 1));

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

/**
 * A package of the workspace is linked into `node_modules`, and no less the author's own where a tool does not follow links
 * (`--preserve-symlinks`): it has the name that it has everywhere.
 */
export function unlinked(filename: string): string {
  if (!isInModules(filename)) return filename;
  try {
    const real = realpathSync(filename);
    return isInModules(real) ? filename : real;
  } catch {
    return filename;
  }
}

/** The text of a file without its byte order mark; null: there is none, or it may not be read, as above a project under `--permission`. */
export function textOf(path: string): string | null {
  try {
    return withoutMark(readFileSync(path, "utf8"));
  } catch (error) {
    if (UNREADABLE.has((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}

const UNREADABLE: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "EACCES",
  "EPERM",
  "ERR_ACCESS_DENIED",
]);

/** Windows' editors write it. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  /** What the user says to the plugins. */
  readonly coldframe?: { readonly include?: readonly string[] };
}

/**
 * The `package.json` in a folder; null: there is none.
 * @throws SyntaxError with its path
 */
export function packageIn(folder: string): PackageJson | null {
  const path = join(folder, "package.json");
  const text = textOf(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as PackageJson;
  } catch (error) {
    throw new SyntaxError(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

const ENDINGS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/** The file that is meant by a path: as it is, `.js` that is `.ts`, without its ending, a folder's index. */
export function fileAt(path: string): string | null {
  const asTypeScript = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  const all = [
    path,
    asTypeScript,
    ...ENDINGS.map((one) => path + one),
    ...ENDINGS.map((one) => join(path, `index${one}`)),
  ];
  return all.find((one) => isFile(one)) ?? null;
}
