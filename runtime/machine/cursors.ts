/**
 * Iterators that marked code makes with `xs.entries()`, `map.keys()`, `text.matchAll(re)` and the like. Those of the platform
 * keep their position where nobody can read it; these keep it in an `Iteration`, so that they can be saved. They inherit from
 * the platform's, so that `instanceof`, `toString` and iterator helpers say and do the same.
 */
import type { Callable } from "./durable.ts";
import { $iterate, Iteration } from "./iterate.ts";
import { $module } from "./registry.ts";

export type CursorMode = "entries" | "keys" | "values";

const families = {
  array: Object.getPrototypeOf([][Symbol.iterator]()) as object,
  map: Object.getPrototypeOf(new Map()[Symbol.iterator]()) as object,
  set: Object.getPrototypeOf(new Set()[Symbol.iterator]()) as object,
};

export type CursorFamily = keyof typeof families;

/** An iterator of an array, typed array, Map or Set. */
export interface Cursor {
  iteration: Iteration;
  mode: CursorMode;
}

/** An iterator of `matchAll`: a copy of the regular expression, which keeps the position in `lastIndex`. */
export interface Matches {
  matcher: RegExp;
  text: string;
  done: boolean;
}

function cursorNext(this: Cursor): IteratorResult<unknown, undefined> {
  const { iteration, mode } = this;
  if (!iteration.next()) return { value: undefined, done: true };
  return { value: project(iteration, mode), done: false };
}

function project({ kind, index, value }: Iteration, mode: CursorMode): unknown {
  if (kind === "index") return mode === "keys" ? index - 1 : mode === "values" ? value : [index - 1, value];
  if (kind === "set") return mode === "entries" ? [value, value] : value;
  const [key, item] = value as [unknown, unknown];
  return mode === "keys" ? key : mode === "values" ? item : [key, item];
}

/** %RegExpStringIteratorPrototype%.next (ECMA-262 §22.2.9.2.1) */
function matchesNext(this: Matches): IteratorResult<RegExpExecArray, undefined> {
  if (this.done) return { value: undefined, done: true };
  const { matcher, text } = this;
  const match = matcher.exec(text);
  if (match === null) {
    this.done = true;
    return { value: undefined, done: true };
  }
  if (match[0] === "") {
    const at = matcher.lastIndex;
    const wide = matcher.unicode && (text.codePointAt(at) ?? 0) > 0xffff;
    matcher.lastIndex = at + (wide ? 2 : 1);
  }
  return { value: match, done: false };
}

// `next` of an iterator is read once and kept beside it: it has to have a name to be saved.
$module("coldframe/machine", "1", { cursorNext: () => cursorNext, matchesNext: () => matchesNext });

const inherit = (parent: object, next: Callable): object =>
  Object.create(parent, { next: { value: next, writable: true, configurable: true } });

export const cursorPrototypes: { readonly [family in CursorFamily]: object } = {
  array: inherit(families.array, cursorNext),
  map: inherit(families.map, cursorNext),
  set: inherit(families.set, cursorNext),
};

export const matchesPrototype: object = inherit(
  Object.getPrototypeOf("".matchAll(/x/g)) as object,
  matchesNext,
);

/** An iterator as the snapshot makes it; `iteration` and `mode` are filled in later. */
export function createCursor(family: CursorFamily, iteration: Iteration, mode: CursorMode): Cursor {
  const cursor: Cursor = Object.create(cursorPrototypes[family]);
  cursor.iteration = iteration;
  cursor.mode = mode;
  return cursor;
}

export function createMatches(matcher: RegExp, text: string): Matches {
  const matches: Matches = Object.create(matchesPrototype);
  matches.matcher = matcher;
  matches.text = text;
  matches.done = false;
  return matches;
}

type Maker = (object: unknown, args: readonly unknown[]) => object | undefined;

/** What to make instead of what a method of the platform would; undefined: leave it to the method. */
export const cursorMakers = new Map<unknown, Maker>();

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Record<CursorMode, unknown>;
for (const mode of ["entries", "keys", "values"] as const) {
  const list: Maker = (object) =>
    typeof object === "object" && object !== null
      ? createCursor("array", new Iteration("index", object), mode)
      : undefined;
  cursorMakers.set(Array.prototype[mode], list);
  cursorMakers.set(typedArray[mode], (object, args) =>
    ArrayBuffer.isView(object) ? list(object, args) : undefined,
  );
  cursorMakers.set(Map.prototype[mode], (object) => ofCollection("map", object, mode));
  if (mode !== "keys") cursorMakers.set(Set.prototype[mode], (object) => ofCollection("set", object, mode));
}

function ofCollection(family: "map" | "set", object: unknown, mode: CursorMode): Cursor | undefined {
  const iteration = object instanceof Map || object instanceof Set ? $iterate(object) : null;
  return iteration?.kind === family ? createCursor(family, iteration, mode) : undefined;
}

const { exec } = RegExp.prototype;
const regExpMatchAll = RegExp.prototype[Symbol.matchAll];

cursorMakers.set(String.prototype.matchAll, (object, [pattern]) => {
  if (typeof object !== "string") return undefined;
  if (typeof pattern === "string") return createMatches(new RegExp(pattern, "g"), object);
  if (!(pattern instanceof RegExp) || !pattern.global || pattern.constructor !== RegExp) return undefined;
  if (pattern.exec !== exec || pattern[Symbol.matchAll] !== regExpMatchAll) return undefined;
  const matcher = new RegExp(pattern.source, pattern.flags);
  matcher.lastIndex = pattern.lastIndex;
  return createMatches(matcher, object);
});
