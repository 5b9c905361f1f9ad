/** Texts of nodes: put together, and measured. */

/** Texts of so many characters are not copied to be put together. */
const LONG_TEXT = 64 * 1024;

/** What stands between the brackets of a list. `join` takes as long for two as this for ten. */
export function list(texts: readonly string[]): string {
  let text = "";
  for (let i = 0; i < texts.length; i++) text += i === 0 ? texts[i]! : `,${texts[i]!}`;
  return text;
}

/**
 * The same behind `before`, with long texts in `parts`.
 * @param long texts that are in parts already, by their place
 * @returns what comes behind the last of these
 */
export function listInto(
  parts: string[],
  before: string,
  texts: readonly string[],
  long: ReadonlyMap<number, readonly string[]> | null,
): string {
  let text = before;
  for (let i = 0; i < texts.length; i++) {
    const node = texts[i]!;
    if (i > 0) text += ",";
    const pieces = node === "" ? long?.get(i) : undefined;
    if (pieces === undefined && node.length < LONG_TEXT) text += node;
    else {
      parts.push(text);
      for (const piece of pieces ?? [node]) parts.push(piece);
      text = "";
    }
  }
  return text;
}

/** Characters in all. */
export function lengthOf(parts: readonly string[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** How much a node takes: of a large value the length of that. */
export function sizeOfNode(text: string): number {
  const large = /^\["(?:large|bytes",\["large)","\w+",(\d+),/.exec(text);
  return large === null ? text.length : Number(large[1]);
}
