/** Which objects a program leaves in its realm: in globals, in built-ins, in what these hold. */

/**
 * @param {object} global
 * @returns {() => string | null} called afterwards: the first key that holds another object than before
 */
export function inventory(global) {
  const before = new Map();
  for (const [object, key, values] of properties(global)) {
    let keys = before.get(object);
    if (keys === undefined) before.set(object, (keys = new Map()));
    keys.set(key, values);
  }
  return () => {
    for (const [object, key, values] of properties(global, before)) {
      const known = before.get(object)?.get(key) ?? [];
      if (values.some((value, i) => isObject(value) && value !== known[i])) return String(key);
    }
    return null;
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
    yield [object, "[[Prototype]]", [parent]];
    visit(parent);
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key);
      yield [object, key, [value, get, set]];
      for (const one of [value, get, set]) visit(one);
    }
  }
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
