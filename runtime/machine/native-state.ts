/** Calls of methods that make objects with hidden state (`xs.entries()`, `f.bind(o)`). */

/**
 * @param text the author's callee, for the message
 * @throws TypeError when `object` has no such method
 */
export function $method(object: unknown, name: string, args: unknown[], text: string): unknown {
  if (object === undefined || object === null)
    throw new TypeError(`Cannot read properties of ${object} (reading '${name}')`);
  const f: unknown = (object as { readonly [key: string]: unknown })[name];
  if (typeof f !== "function") throw new TypeError(`${text} is not a function`);
  return Reflect.apply(f, object, args);
}
