/**
 * Iterators that marked code makes with `xs.entries()`, `map.keys()` and the like. Those of the platform keep their position
 * where nobody can read it; these keep it in an `Iteration`, so that they can be saved. They inherit from the platform's, so
 * that `instanceof`, `toString` and iterator helpers say and do the same, and have no properties of their own.
 */
import {
  arrayIteratorPrototype,
  Iteration,
  mapIteratorPrototype,
  setIteratorPrototype,
  stringIteratorPrototype,
} from "./iterate.ts";
import { giveHelpers } from "./iterator-helpers.ts";
import { $module } from "./registry.ts";

export type CursorMode = "entries" | "keys" | "values";
export type CursorFamily = "array" | "string" | "map" | "set";

/** What a cursor keeps. */
export interface CursorState {
  readonly family: CursorFamily;
  readonly mode: CursorMode;
  /** The snapshot puts it here when both exist. */
  iteration: Iteration;
}

export class Cursor {
  readonly #state: CursorState;

  constructor(state: CursorState) {
    this.#state = state;
  }

  static state(cursor: Cursor): CursorState {
    return cursor.#state;
  }

  /** %ArrayIteratorPrototype%.next (ECMA-262 §23.1.5.2.1) and its like. @throws TypeError when `this` is none of these */
  next(): IteratorResult<unknown, undefined> {
    const { iteration, mode } = this.#state;
    const { kind } = iteration;
    if (kind === "index" && mode === "keys")
      return iteration.nextIndex()
        ? { value: iteration.index - 1, done: false }
        : { value: undefined, done: true };
    if (!iteration.next()) return { value: undefined, done: true };
    const { value } = iteration;
    iteration.value = undefined;
    return { value: project(iteration, mode, value), done: false };
  }
}

function project({ kind, index }: Iteration, mode: CursorMode, value: unknown): unknown {
  switch (kind) {
    case "index":
      return mode === "values" ? value : [index - 1, value];
    case "set":
      return mode === "entries" ? [value, value] : value;
    case "map":
      return mode === "entries" ? value : (value as [unknown, unknown])[mode === "keys" ? 0 : 1];
    default:
      return value;
  }
}

const { next } = Cursor.prototype;

// `next` of an iterator is read once and kept beside it: it has to have a name to be saved.
$module("coldframe/machine.cursors", "1", { next: () => next });

/**
 * A class as `Class`, but that its objects have only `next` of it and inherit the rest from the platform's prototype. A subclass:
 * `Reflect.construct` with another prototype took 25 times as long (650 against 26 ns, Node 20).
 */
export function shell<S, T extends { next: unknown }>(
  Class: new (state: S) => T,
  platform: object,
): new (
  state: S,
) => T {
  const Shell = class extends (Class as new (state: S) => object) {};
  const { prototype } = Shell;
  Object.setPrototypeOf(prototype, platform);
  Reflect.deleteProperty(prototype, "constructor");
  Object.defineProperty(prototype, "next", {
    value: Class.prototype.next,
    writable: true,
    configurable: true,
  });
  giveHelpers(prototype);
  return Shell as unknown as new (
    state: S,
  ) => T;
}

const shells: { readonly [family in CursorFamily]: new (state: CursorState) => Cursor } = {
  array: shell(Cursor, arrayIteratorPrototype),
  string: shell(Cursor, stringIteratorPrototype),
  map: shell(Cursor, mapIteratorPrototype),
  set: shell(Cursor, setIteratorPrototype),
};

export const cursorPrototypes: readonly object[] = Object.values(shells).map((Shell) => Shell.prototype);

/** @param iteration null only while the snapshot has not made it yet */
export function createCursor(family: CursorFamily, mode: CursorMode, iteration: Iteration): Cursor {
  return new shells[family]({ family, mode, iteration });
}

/** What to make instead of what `f` would: `f` is a method of the platform. Undefined: leave it to `f`. */
export type Maker = (f: never, object: unknown, args: readonly unknown[]) => object | undefined;

const untouched: {
  readonly [family in CursorFamily]: readonly [prototype: { next: unknown }, next: unknown];
} = {
  array: [arrayIteratorPrototype, arrayIteratorPrototype.next],
  string: [stringIteratorPrototype, stringIteratorPrototype.next],
  map: [mapIteratorPrototype, mapIteratorPrototype.next],
  set: [setIteratorPrototype, setIteratorPrototype.next],
};

const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;

/** Somebody who replaces `next` of the platform wants to be called. */
function maker(
  family: CursorFamily,
  mode: CursorMode,
  open: (f: never, object: unknown) => Iteration,
): Maker {
  const [prototype, original] = untouched[family];
  return (f, object) =>
    object === undefined || object === null || prototype.next !== original
      ? undefined
      : createCursor(family, mode, open(f, object));
}

function ofArrayLike(_f: never, object: unknown): Iteration {
  return new Iteration("index", Object(object));
}

// The platform's own method is called first in these, for the TypeError that it throws when `object` is no such thing.

function ofTypedArray(f: never, object: unknown): Iteration {
  Reflect.apply(f, object, []);
  return new Iteration("index", object);
}

function ofString(_f: never, object: unknown): Iteration {
  return new Iteration("string", `${object}`);
}

function ofMap(f: never, object: unknown): Iteration {
  Reflect.apply(f, object, []);
  const iteration = new Iteration("map", object);
  iteration.iterator = Reflect.apply(mapEntries, object, []);
  return iteration;
}

function ofSet(f: never, object: unknown): Iteration {
  Reflect.apply(f, object, []);
  const iteration = new Iteration("set", object);
  iteration.iterator = Reflect.apply(setValues, object, []);
  return iteration;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Record<CursorMode, unknown>;

/** By method of the platform. `Symbol.iterator` of them is one of these, and `keys` of a Set is its `values`. */
export const cursorMakers: readonly (readonly [method: unknown, make: Maker])[] = [
  ...(["entries", "keys", "values"] as const).flatMap((mode) => [
    [Array.prototype[mode], maker("array", mode, ofArrayLike)] as const,
    [typedArray[mode], maker("array", mode, ofTypedArray)] as const,
    [Map.prototype[mode], maker("map", mode, ofMap)] as const,
    [Set.prototype[mode], maker("set", mode, ofSet)] as const,
  ]),
  [String.prototype[Symbol.iterator], maker("string", "values", ofString)],
];
