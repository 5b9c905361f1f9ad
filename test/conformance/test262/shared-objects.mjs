/** What a program leaves in its realm: objects of its own in globals and built-ins, and built-ins that are no more what they were. */

/** How arrays iterate may be changed: nothing here is of use to the machine. */
const free = new Set([Symbol.iterator, "next"]);

/**
 * @param {object} global
 * @returns {() => { keeps: string | null, breaks: string | null }} called afterwards: the first key that holds another object than before,
 *   and the first that is gone, holds another one, or is an accessor or a constant that was not there
 */
export function inventory(global) {
  const before = new Map();
  for (const [object, key, parts] of properties(global)) {
    let keys = before.get(object);
    if (keys === undefined) before.set(object, (keys = new Map()));
    keys.set(key, parts);
  }
  return () => {
    const found = { keeps: null, breaks: null };
    const left = new Map([...before].map(([object, keys]) => [object, new Set(keys.keys())]));
    for (const [object, key, parts, isPlain] of properties(global, before)) {
      left.get(object)?.delete(key);
      const known = before.get(object)?.get(key);
      if (parts.some((part, i) => isObject(part) && part !== known?.[i])) found.keeps ??= String(key);
      const isOther =
        known === undefined ? !isPlain : known.some((part, i) => isObject(part) && part !== parts[i]);
      if (isOther && !free.has(key)) found.breaks ??= String(key);
    }
    for (const keys of left.values())
      for (const key of keys) if (!free.has(key)) found.breaks ??= String(key);
    return found;
  };
}

/** @param {Map<object, unknown> | null} known only these objects */
function* properties(global, known = null) {
  const seen = new Set([global]);
  for (const object of seen) {
    const visit = (value) => {
      if (isObject(value) && (known === null || known.has(value))) seen.add(value);
    };
    const parent = Object.getPrototypeOf(object);
    yield [object, "[[Prototype]]", [parent], true];
    visit(parent);
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set, writable } = Reflect.getOwnPropertyDescriptor(object, key);
      yield [object, key, [value, get, set], writable === true];
      for (const one of [value, get, set]) visit(one);
    }
  }
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
