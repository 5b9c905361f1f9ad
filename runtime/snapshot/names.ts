/** Entries of the name table: words separated by blanks, so that a person can read them and nothing has to be guessed. */
import { broken } from "./kind.ts";

/** A word of a name: blanks and percent signs in it are escaped. */
export function word(text: string): string {
  return /[ %]/.test(text) ? text.replaceAll("%", "%25").replaceAll(" ", "%20") : text;
}

const MAX_CACHED = 10_000;
const cache = new Map<string, readonly string[]>();

/** What the name of a suspend point says. */
export interface PointName {
  readonly id: string;
  readonly hash: string;
  /** What it says of others of its name: `namesakes.ts`. */
  readonly mark: string | undefined;
  readonly point: string;
  readonly slots: readonly string[];
}

/** `id hash @point slot…`, with what it says of namesakes before the point. */
export function splitPoint(name: unknown): PointName {
  const [id, hash, ...words] = splitName(name);
  const mark = words[0]?.startsWith("~") ? words.shift() : undefined;
  const [at, ...slots] = words;
  if (hash === undefined || !at?.startsWith("@")) return broken("a name of no point");
  return { id: id!, hash, mark, point: at.slice(1), slots };
}

/** The words of a name. */
export function splitName(name: unknown): readonly string[] {
  if (typeof name !== "string") return broken("a name is missing");
  let words = cache.get(name);
  if (words === undefined) {
    words = name.split(" ").map((part) => part.replaceAll("%20", " ").replaceAll("%25", "%"));
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(name, words);
  }
  return words;
}
