/** Small operations of the language that compiled code spells out around a suspend point. */
import { TDZ } from "../../abi/index.ts";

/** The sentinel of the temporal dead zone, as compiled code stores it. */
export const $TDZ: unknown = TDZ;

/** ToPropertyKey (ECMA-262 §7.1.19). */
export function $key(value: unknown): PropertyKey {
  if (typeof value === "string" || typeof value === "symbol" || typeof value === "number") return value;
  const [key] = Reflect.ownKeys({ [value as PropertyKey]: 0 });
  return key!;
}

/** `{ [key]: f }` with an anonymous function or class, which takes the key as its name (ECMA-262 §13.2.5.5). */
export function $entry(value: unknown, f: object): object {
  const key = $key(value);
  nameAfter(f, key, "");
  return { [key]: f };
}

/** SetFunctionName (§10.2.9), unless a static member is called `name`. */
function nameAfter(f: object, key: PropertyKey, prefix: "" | "get " | "set "): void {
  if (Object.getOwnPropertyDescriptor(f, "name")?.value !== prefix) return;
  const name =
    typeof key === "symbol" ? (key.description === undefined ? "" : `[${key.description}]`) : String(key);
  Object.defineProperty(f, "name", { value: `${prefix}${name}`, configurable: true });
}

/**
 * RequireObjectCoercible (ECMA-262 §7.2.1).
 * @throws TypeError for undefined and null
 */
export function $coercible<T>(value: T): T {
  if (value === undefined || value === null)
    throw new TypeError(`Cannot destructure '${value}' as it is ${value}.`);
  return value;
}

/** A number among the keys is the name of an index. */
const excludes = (keys: readonly PropertyKey[], key: string | symbol): boolean =>
  keys.some((one) => (typeof one === "number" ? String(one) : one) === key);

/** The object of a rest property: own enumerable properties but those named (ECMA-262 §14.3.3.3). */
export function $without(source: object, keys: readonly PropertyKey[]): object {
  const from = Object(source) as { [key: PropertyKey]: unknown };
  const rest: { [key: PropertyKey]: unknown } = {};
  const own = Reflect.ownKeys(from);
  for (let i = 0; i < own.length; i++) {
    const key = own[i]!;
    if (excludes(keys, key) || !Object.prototype.propertyIsEnumerable.call(from, key)) continue;
    Object.defineProperty(rest, key, {
      value: from[key],
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return rest;
}

const asyncFunctionPrototype: object = Object.getPrototypeOf(async () => {});

/**
 * Makes `f`, which starts a task, look like the async function that it is: [[Prototype]], and with it `constructor` and tag
 * (ECMA-262 §27.7.3). Costs 65 ns. A declaration that could not be emitted as a method loses what it has too much.
 */
export function $async<F extends object>(f: F): F {
  Object.setPrototypeOf(f, asyncFunctionPrototype);
  if (Object.hasOwn(f, "prototype")) Object.defineProperty(f, "prototype", { value: undefined });
  return f;
}

/** A scope record for the next iteration (CreatePerIterationEnvironment, ECMA-262 §14.7.4.4). */
export function $copy<R extends object>(record: R): R {
  return Object.assign(new (Object.getPrototypeOf(record).constructor as new () => R)(), record);
}

/**
 * Adds to an object literal what follows its first accessor (ECMA-262 §13.2.5.5).
 * @param kind `get`, `set`: the accessor `value` of `key`; `all`: every own property of `value`, and what it inherits from
 */
export function $define(
  object: object,
  kind: "get" | "set" | "all",
  key: PropertyKey,
  value: object,
): object {
  if (kind === "all") {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype) Object.setPrototypeOf(object, prototype);
    return Object.defineProperties(object, Object.getOwnPropertyDescriptors(value));
  }
  nameAfter(value, key, `${kind} `);
  return Object.defineProperty(object, key, { [kind]: value, enumerable: true, configurable: true });
}

/** SetFunctionName (§10.2.9) for the value of a field under a computed key. Returns it. */
export function $name<F extends object>(f: F, key: PropertyKey): F {
  nameAfter(f, key, "");
  return f;
}
