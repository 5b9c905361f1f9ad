/**
 * What a marked module stands on besides itself: the files that it imports by a relative path, one through the other, marked or not. They
 * are part of what a build is called by, since a run that stays with its build is to meet the helpers and constants of it. Found in the
 * text, alike by every tool. Packages are not part of it: they are installed, not built.
 */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { digestOf } from "../compiler/index.ts";
import { fileAt, isInModules, textOf } from "./files.ts";

export interface Imported {
  /** Empty: nothing is imported. */
  readonly digest: string;
  /** Absolute paths. */
  readonly files: readonly string[];
}

interface File {
  readonly version: string;
  readonly digest: string;
  readonly imports: readonly string[];
}

const NOTHING: Imported = { digest: "", files: [] };
const known = new Map<string, File>();

/** @param filename absolute path of the module */
export function importedBy(source: string, filename: string): Imported {
  if (isInModules(filename)) return NOTHING;
  const found = new Map<string, string>();
  const own = resolve(filename);
  const open = importsIn(source, own);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (path === own || found.has(path)) continue;
    const file = read(path);
    if (file === null) continue;
    found.set(path, file.digest);
    open.push(...file.imports);
  }
  if (found.size === 0) return NOTHING;
  return { digest: [...found.values()].sort().join(" "), files: [...found.keys()] };
}

/** Null: it is gone meanwhile. */
function read(path: string): File | null {
  try {
    const { mtimeMs, size } = statSync(path);
    const version = `${mtimeMs} ${size}`;
    const before = known.get(path);
    if (before?.version === version) return before;
    const text = textOf(path);
    if (text === null) return null;
    // A checkout on Windows has other ends of lines.
    const source = text.replace(/\r\n?/g, "\n");
    const isCode = CODE.test(path);
    const file = { version, digest: digestOf(source, path), imports: isCode ? importsIn(source, path) : [] };
    known.set(path, file);
    return file;
  } catch {
    return null;
  }
}

const CODE = /\.[cm]?[jt]sx?$/;
/** `import … from "./x"`, `import("./x")`, `export … from "./x"`, `require("./x")`. One that stands in a comment does no harm. */
const IMPORT = /\b(?:from|import|require)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]+)\1/g;
const TYPES = /\b(?:import|export)\s+type\b[^"';]*\bfrom\s*(["'])[^"'\n]+\1/g;

function importsIn(source: string, filename: string): string[] {
  const folder = dirname(filename);
  return [...source.replace(TYPES, "").matchAll(IMPORT)].flatMap(([, , specifier]) => {
    const path = fileAt(resolve(folder, specifier!.replace(/[?#].*$/, "")));
    return path === null || isInModules(path) ? [] : [path];
  });
}
