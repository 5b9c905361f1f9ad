/**
 * What the author wrote, where another tool has compiled it before: tsc or swc wrote the file, with a source map behind it, or a loader
 * hands on its map with the text. A text that was put together of several files stays what it is.
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isInModules, textOf } from "./files.ts";

export interface Written {
  /** Absolute path of the author's file. */
  readonly path: string;
  /** Null: it is not known. */
  readonly source: string | null;
  readonly mappings: string;
}

/** What is used of a source map, version 3. */
interface SourceMap {
  readonly version?: number;
  readonly sourceRoot?: string | null;
  readonly sources?: readonly (string | null)[];
  readonly sourcesContent?: readonly (string | null)[] | null;
  readonly mappings?: string;
}

/** What the last comment of a file leads to; null: nothing. */
export function writtenBehind(source: string, filename: string): Written | null {
  const at = source.lastIndexOf("//# sourceMappingURL=");
  if (at < 0 || isInModules(filename)) return null;
  const url = /^\S+/.exec(source.slice(at + "//# sourceMappingURL=".length))?.[0] ?? "";
  if (source.slice(at).trimEnd().includes("\n")) return null;
  const data = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(url);
  if (data !== null) {
    const text =
      data[1] === undefined ? decodeURIComponent(data[2]!) : Buffer.from(data[2]!, "base64").toString();
    return writtenIn(parsed(text), filename);
  }
  const path = url.startsWith("file:")
    ? fileURLToPath(url)
    : /^[a-z]{2,}:/i.test(url)
      ? null
      : resolve(dirname(filename), decodeURI(url));
  const text = path === null ? null : textOf(path);
  return text === null ? null : writtenIn(parsed(text), path!);
}

/** The map that a loader was given with the text of a file; it may be text itself. */
export function givenMap(filename: string, map: unknown): Written | null {
  const of = typeof map === "string" ? parsed(map) : ((map ?? null) as SourceMap | null);
  const written = writtenIn(of, filename);
  return written && { ...written, path: filename, source: of?.sourcesContent?.[0] ?? textOf(filename) };
}

/** @param path of the map, or of the file that it stands in */
function writtenIn(map: SourceMap | null, path: string): Written | null {
  if (map?.version !== 3 || typeof map.mappings !== "string" || map.sources?.length !== 1) return null;
  const [source] = map.sources;
  if (typeof source !== "string") return null;
  const named = `${map.sourceRoot ?? ""}${map.sourceRoot && !map.sourceRoot.endsWith("/") ? "/" : ""}${source}`;
  if (/^(?!file:)[a-z]{2,}:/i.test(named)) return null;
  const file = named.startsWith("file:") ? fileURLToPath(named) : resolve(dirname(path), named);
  return { path: file, source: map.sourcesContent?.[0] ?? textOf(file), mappings: map.mappings };
}

function parsed(text: string): SourceMap | null {
  try {
    return JSON.parse(text) as SourceMap;
  } catch {
    return null;
  }
}
