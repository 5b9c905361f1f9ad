/** Entries of the name table: words separated by blanks, so that a person can read them and nothing has to be guessed. */
import { broken } from "./kind.ts";

/** A word of a name: blanks and percent signs in it are escaped. */
export function word(text: string): string {
  return /[ %]/.test(text) ? text.replaceAll("%", "%25").replaceAll(" ", "%20") : text;
}

const MAX_CACHED = 10_000;
const cache = new Map<string, readonly string[]>();

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
