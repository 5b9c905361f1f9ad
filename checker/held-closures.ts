/** Which closures a variable holds, by their names: closures are named after what they feed. */
import type { ManifestCode } from "../abi/index.ts";

/** Methods that keep what they are given: `undo.push(() => …)` is called `undo.push`, and is in `undo`. */
const KEEPS = /^\.(push|unshift|set|add|defer|adopt|use|fill|splice|on|once|addEventListener)$/;

/** The closures that `variable` of the function `owner`, or of one around it, is given or collects. */
export function closuresIn(
  owner: string,
  variable: string,
  codes: Iterable<Pick<ManifestCode, "id" | "kind">>,
): string[] {
  const found: string[] = [];
  const starts: string[] = [];
  for (let path = owner; ; path = path.slice(0, path.lastIndexOf("."))) {
    starts.push(`${path}.${variable}`);
    if (!isNested(path)) break;
  }
  for (const { id, kind } of codes) {
    if (kind !== "sync" && kind !== "async") continue;
    const start = starts.find((one) => id.startsWith(one));
    if (start === undefined) continue;
    const rest = id.slice(start.length).replace(/[$#]\d+$/, "");
    if (rest === "" || KEEPS.test(rest)) found.push(id);
  }
  return found;
}

/** Functions at the top of a module go by reference; what stands in one is a closure. */
export function isNested(id: string): boolean {
  return id.slice(id.indexOf("#")).includes(".");
}
