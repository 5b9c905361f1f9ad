/**
 * The names of a function's variables over all of its suspend points, and whether a name still means the same after an edit.
 * The second `x` of a function is called `x$2`, and two scope records may each have an `x`: when one of them is removed, the
 * other takes its name. So names that were given more than once are trusted only where all of them are as they were.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";

export class VariableNames {
  /** Where each author's name occurs: `x`, `x$2`, `$s1.x`. */
  private readonly places = new Map<string, Set<string>>();

  constructor(points: readonly { readonly live: readonly string[] }[]) {
    for (const { live } of points) {
      for (const entry of live) {
        if (entry.endsWith(".")) continue;
        const base = baseOf(entry.slice(entry.indexOf(".") + 1));
        const known = this.places.get(base);
        if (known === undefined) this.places.set(base, new Set([entry]));
        else known.add(entry);
      }
    }
  }

  /** @throws ColdframeError CF2103 when `name` may mean another variable in `now` than it did here */
  check(name: string, now: VariableNames, code: Code): void {
    const base = baseOf(name);
    const before = this.places.get(base) ?? new Set();
    const after = now.places.get(base) ?? new Set();
    if (before.size < 2 && after.size < 2) return;
    if (before.size === after.size && [...before].every((place) => after.has(place))) return;
    throw new ColdframeError(
      "CF2103",
      `ambiguous: ${code.id} (${code.file}:${code.line}) has several variables called "${base}" and they changed, so the saved one may be another. Map it in a migration, or deploy the old build beside this one`,
    );
  }
}

/** The author's name, without the number that tells namesakes apart. */
export function baseOf(name: string): string {
  return name.replace(/\$\d+$/, "");
}

/** By that number. */
export function byOrdinal(one: string, other: string): number {
  return ordinalOf(one) - ordinalOf(other);
}

function ordinalOf(name: string): number {
  return Number(/\$(\d+)$/.exec(name)?.[1] ?? 1);
}
