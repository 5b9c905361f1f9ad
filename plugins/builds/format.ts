/**
 * The file of a kept build: an ES module whose first line says what is in it, named by its build and its content. Nothing of it is
 * evaluated before its content was found to be what its name says.
 */
import { createHash } from "node:crypto";
import type { ModuleHash } from "../../abi/index.ts";
import { ColdframeError } from "../../runtime/errors.ts";

/** Raised when files of an earlier form cannot be read as they are any more. */
export const KEPT_FORMAT = 1;

/** What kept files find the helpers by, on `globalThis`: a Map by build. */
export const KEPT: unique symbol = Symbol.for("coldframe.kept@1") as never;

/** Stands in a bundle for the id of its build, which is known once it is made. */
export const BUILD_MARK = "%coldframe build%";

export interface KeptHeader {
  readonly format: number;
  readonly abi: number;
  readonly build: string;
  /** Package and its version. */
  readonly project: string;
  readonly version: string;
  /** The marked modules in it. */
  readonly modules: readonly ModuleHash[];
}

/** First line of a bundle, where its header is put. */
export const HEADER_PLACE = "// header";

const OPENING = "// coldframe kept build ";

export function keptText(header: KeptHeader, code: string): string {
  const body = code.replace(`${HEADER_PLACE}\n`, "").replaceAll(BUILD_MARK, header.build);
  return `${OPENING}${JSON.stringify(header)}\n${body}`;
}

/** `3f2a….9c1b….mjs` */
export function keptName(build: string, text: string): string {
  return `${build}.${contentHash(text)}.mjs`;
}

/** Build and content of a file by its name; null: it is none of ours. */
export function keptNameIn(name: string): { readonly build: string; readonly content: string } | null {
  const found = /^([0-9a-f]{12})\.([0-9a-f]{32})\.mjs$/.exec(name);
  return found === null ? null : { build: found[1]!, content: found[2]! };
}

function contentHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * What is in a file.
 * @param name of the file, which says what its content is
 * @throws ColdframeError CF3502 when it is not as it was kept
 */
export function readKept(path: string, name: string, text: string): KeptHeader {
  const named = keptNameIn(name)!;
  if (contentHash(text) !== named.content)
    throw unfit(
      path,
      "its content is not what its name says: it was changed, or cut off. Nothing of it was run",
    );
  const header = headerOf(path, text);
  if (header.build !== named.build) throw unfit(path, `it holds the build ${header.build}`);
  return header;
}

function headerOf(path: string, text: string): KeptHeader {
  try {
    if (!text.startsWith(OPENING)) throw new SyntaxError("it does not say what it is");
    const header = JSON.parse(text.slice(OPENING.length, text.indexOf("\n"))) as KeptHeader;
    if (typeof header.build === "string" && Array.isArray(header.modules)) return header;
    throw new SyntaxError("its first line lacks the build or its modules");
  } catch (error) {
    throw unfit(path, (error as Error).message);
  }
}

/** CF3502 */
export function unfit(path: string, why: string, cause?: unknown): ColdframeError {
  return new ColdframeError(
    "CF3502",
    `"${path}": ${why}. Keep the build again from its sources ("coldframe build … --keep"), or delete the file`,
    cause === undefined ? undefined : { cause },
  );
}
