/**
 * Methods of our classes as bindings: `await box.send(await price())` keeps the method across the inner await, as ECMA-262
 * evaluates it first, so that every method can stand in a frame.
 */

/**
 * For `$module`: each method as `Class.method`.
 * @param except names of methods that are bound by another name
 */
export function methodsOf(
  { name, prototype }: { readonly name: string; readonly prototype: object },
  ...except: readonly (string | symbol)[]
): Record<string, () => unknown> {
  const bindings: Record<string, () => unknown> = {};
  for (const key of Reflect.ownKeys(prototype)) {
    const { value } = Reflect.getOwnPropertyDescriptor(prototype, key)!;
    if (typeof value !== "function" || key === "constructor" || except.includes(key)) continue;
    bindings[`${name}.${String(key)}`] = () => value;
  }
  return bindings;
}
