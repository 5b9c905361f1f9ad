/** Names of what stands in an object, module or class that an immutable binding holds: `module#bank.charge`. */
import { loaded, registry } from "../machine/index.ts";

/** How many objects deep it is looked for in what a binding holds. */
const DEPTH = 3;

/** The name by which `bindingOf` finds a step or schema, which is then its name; undefined: it is in none. */
export function heldNameOf(object: object): string | undefined {
  const name = placeInBindings(object);
  if (name !== undefined) loaded().names.set(object, name);
  return name;
}

/** The name of a place in what some binding holds; undefined: it is in none. Looks through all bindings. */
export function placeInBindings(object: object): string | undefined {
  for (const { id, bindings, copies } of loaded().modules.values())
    for (const copy of [bindings, ...copies])
      for (const binding of Object.keys(copy)) {
        const path = pathTo(object, valueOf(copy[binding]!), DEPTH);
        if (path !== null) return `${id}#${binding}${path}`;
      }
  return undefined;
}

registry.nameHeld = heldNameOf;

/** `.bank.charge` where that is found from `value` by own properties; null: nowhere. Getters are not called. */
function pathTo(object: object, value: unknown, depth: number): string | null {
  if (depth === 0 || !mayHold(value)) return null;
  // Static methods are not enumerable.
  const keys = typeof value === "function" ? Object.getOwnPropertyNames(value) : Object.keys(value);
  for (const key of keys) {
    if (/[.#]/.test(key) || (key === "prototype" && typeof value === "function")) continue;
    const held = valueOf(() => Object.getOwnPropertyDescriptor(value, key)?.value);
    const path = held === object ? "" : pathTo(object, held, depth - 1);
    if (path !== null) return `.${key}${path}`;
  }
  return null;
}

/** Object literals, modules and classes: what an author keeps functions in. */
function mayHold(value: unknown): value is object {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Undefined in the dead zone of a binding or export. */
function valueOf(get: () => unknown): unknown {
  try {
    return get();
  } catch {
    return undefined;
  }
}
