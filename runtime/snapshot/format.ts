/**
 * The text of a snapshot: header, checksum, version. `docs/snapshot-format.md` is the reference; this file owns its outermost layer.
 *
 *   ["coldframe 1.1 7f3a91c2",next,names,nodes,more?]
 *
 * Format version, ABI version and the xxHash32 of everything behind the header's comma. The whole is one JSON array.
 */
import { ABI_VERSION } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { checksum } from "./checksum.ts";
import { unreadable } from "./sealed-text.ts";

/** Raised when a reader of this version could misread what a later writer wrote. */
export const FORMAT_VERSION = 1;

const MARK = `["coldframe ${FORMAT_VERSION}.${ABI_VERSION} `;
const HEADER = /^\["coldframe (\d{1,6})\.(\d{1,6}) ([0-9a-f]{8})",/;

/** Two digits of each byte: four look-ups take a third of the time of `toString(16).padStart(8, "0")`. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Puts the header before a body that begins with the second element and ends with the closing bracket.
 * @param parts of the body
 */
export function seal(...parts: readonly string[]): string {
  let text = `${MARK}${digits(checksum(...parts))}",`;
  for (let i = 0; i < parts.length; i++) text += parts[i]!;
  return text;
}

/** Eight hexadecimal digits. */
export function digits(sum: number): string {
  return `${hex[sum >>> 24]}${hex[(sum >>> 16) & 255]}${hex[(sum >>> 8) & 255]}${hex[sum & 255]}`;
}

/**
 * Checks header, version and checksum, and parses the text.
 * @returns the elements behind the header
 * @throws ColdframeError CF2102 for damaged text, CF2103 for a format or ABI that this build does not know
 */
export function unseal(text: string): readonly unknown[] {
  const header = typeof text === "string" ? HEADER.exec(text) : null;
  if (header === null) throw unreadable(text) ?? damaged("the text does not begin like a snapshot");
  const [whole, format, abi, sum] = header as unknown as [string, string, string, string];
  if (checksum(text.slice(whole.length)) !== Number.parseInt(sum, 16)) {
    throw damaged("the checksum does not match the text; restore the row from a backup");
  }
  if (Number(format) !== FORMAT_VERSION || Number(abi) !== ABI_VERSION) {
    throw new ColdframeError(
      "CF2103",
      `it was written in format ${format} for ABI ${abi}; this build reads format ${FORMAT_VERSION}, ABI ${ABI_VERSION}. Carry the run on with the build that wrote it, or install a later coldframe`,
    );
  }
  const parsed = parse(text);
  return (parsed as unknown[]).slice(1);
}

/** `JSON.parse` that tells damage by its code. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(text) ?? damaged("it is not JSON", error);
  }
}

/** CF2102 with what was found. */
export function damaged(detail: string, cause?: unknown): ColdframeError {
  return new ColdframeError("CF2102", detail, cause === undefined ? undefined : { cause });
}

/** Runs a part of the reader; whatever it throws that is no error of ours is damage, never a crash. */
export function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ColdframeError) throw error;
    throw damaged(error instanceof Error ? error.message : "unreadable", error);
  }
}
