/**
 * Closures that a module made when it was loaded and that no binding of it names, but something does that a binding names:
 * `handlers.open`, `Point.prototype.moved`, `rules.0`. They share variables with the rest of the module, so a frame refers to them
 * as it does to bindings.
 */
import type { Code } from "../../abi/index.ts";
import { isStamped } from "./closure.ts";
import type { Callable } from "./durable.ts";
import { loaded, nameOf } from "./registry.ts";

/** Objects that are looked at before a module is taken to have no more of its own. */
const MOST = 10_000;
const DEEPEST = 4;
const LONGEST = 1000;

/** `binding.key.key` of its module; null: it was looked for, and stands nowhere. */
const places = new WeakMap<object, string | null>();

/** Where the module of `code` keeps its closure `f`. Undefined when it keeps it nowhere that has a name. */
export function placeOf(f: Callable, code: Code): string | undefined {
  const known = places.get(f);
  if (known === null) return undefined;
  if (known !== undefined && closureAt(code, known) === f) return known;
  places.delete(f);
  search(moduleOf(code));
  if (!places.has(f)) places.set(f, null);
  return places.get(f) ?? undefined;
}

/** What the module of `code` has at `place`, if it is a closure. Reads data properties only. */
export function closureAt(code: Code, place: string): Callable | undefined {
  const [binding, ...keys] = place.split(".");
  const bindings = loaded().modules.get(moduleOf(code))?.bindings;
  if (bindings === undefined || !Object.hasOwn(bindings, binding!)) return undefined;
  let value = valueOf(bindings[binding!]!);
  for (const key of keys) {
    if (!isObject(value)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return isStamped(value) ? (value as Callable) : undefined;
}

function moduleOf({ id }: Code): string {
  return id.slice(0, id.indexOf("#"));
}

/** Breadth first, so that of several places the shortest counts. */
function search(module: string): void {
  const bindings = loaded().modules.get(module)?.bindings ?? {};
  const seen = new Set<object>();
  let level: [object, string][] = [];
  for (const [name, get] of Object.entries(bindings)) {
    const value = valueOf(get);
    // What another module has under a name is not searched a second time: an import.
    if (isObject(value) && nameOf(value) === `${module}#${name}`) level.push([value, name]);
  }
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: [object, string][] = [];
    for (const [object, path] of level) {
      if (seen.has(object) || seen.size > MOST) continue;
      seen.add(object);
      if (!isTransparent(object)) continue;
      for (const key of Object.getOwnPropertyNames(object)) {
        const value: unknown = Object.getOwnPropertyDescriptor(object, key)!.value;
        if (!isObject(value) || !/^[\w$]+$/.test(key)) continue;
        const place = `${path}.${key}`;
        if (isStamped(value) && nameOf(value) === undefined && !places.get(value)) places.set(value, place);
        next.push([value, place]);
      }
    }
    level = next;
  }
}

/** Functions, short arrays, and objects of literals and their like: what stands in others may change at any time. */
function isTransparent(object: object): boolean {
  if (Array.isArray(object)) return object.length <= LONGEST;
  if (typeof object === "function") return true;
  const above: unknown = Object.getPrototypeOf(object);
  return above === Object.prototype || above === null || Object.hasOwn(object, "constructor");
}

function valueOf(get: () => unknown): unknown {
  try {
    return get();
  } catch {
    // It is not initialised yet.
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
