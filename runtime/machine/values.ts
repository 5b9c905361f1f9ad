/** Small operations of the language that compiled code spells out around a suspend point. */
import { TDZ } from "../../abi/index.ts";

/** The sentinel of the temporal dead zone, as compiled code stores it. */
export const $TDZ: unknown = TDZ;

/**
 * Calls a function that was read before its arguments were evaluated (ECMA-262 §13.3.6.2).
 * @param text the author's callee, for the message
 * @throws TypeError when `f` is no function
 */
export function $apply(f: unknown, receiver: unknown, args: unknown[], text: string): unknown {
  if (typeof f !== "function") throw new TypeError(`${text} is not a function`);
  return Reflect.apply(f, receiver, args);
}

/** ToPropertyKey (ECMA-262 §7.1.19). */
export function $key(value: unknown): PropertyKey {
  if (typeof value === "string" || typeof value === "symbol" || typeof value === "number") return value;
  const [key] = Reflect.ownKeys({ [value as PropertyKey]: 0 });
  return key!;
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

/** The object of a rest property: own enumerable properties but those named (ECMA-262 §14.3.3.3). */
export function $rest(source: object, keys: readonly PropertyKey[]): object {
  const rest: { [key: PropertyKey]: unknown } = { ...source };
  for (const key of keys) delete rest[key];
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
 * @param kind `get`, `set`: the accessor `value` of `key`; `all`: every own property of `value`
 */
export function $define(
  object: object,
  kind: "get" | "set" | "all",
  key: PropertyKey,
  value: object,
): object {
  if (kind === "all") return Object.defineProperties(object, Object.getOwnPropertyDescriptors(value));
  return Object.defineProperty(object, key, { [kind]: value, enumerable: true, configurable: true });
}
