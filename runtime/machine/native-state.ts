/**
 * Calls of methods that make objects whose state nobody can read (`xs.entries()`, `f.bind(o)`): marked code gets objects that
 * mean the same and can be saved.
 */
import { signalMakers } from "./abort-signals.ts";
import { createBound } from "./bound.ts";
import { cursorMakers, type Maker } from "./cursors.ts";
import type { Callable } from "./durable.ts";
import { matchesMakers } from "./matches.ts";

const ofFunction: Maker = (_f, object, args) =>
  typeof object === "function" ? createBound(object as Callable, args[0], args.slice(1)) : undefined;

/** By method of the platform. The snapshot adds what is only of use to it. */
export const makers: Map<unknown, Maker> = new Map<unknown, Maker>([
  ...cursorMakers,
  ...matchesMakers,
  ...signalMakers,
  [Function.prototype.bind, ofFunction],
]);

/**
 * `object.name(...args)`
 * @param text the author's callee, for the message
 * @throws TypeError when `object` has no such method
 */
export function $method(object: unknown, name: PropertyKey, args: unknown[], text: string): unknown {
  return invoke(read(object, name), object, args, text);
}

/**
 * `object.name` of `object.name(…)` whose arguments have effects: what it returns takes the arguments, evaluated after the method
 * was read (ECMA-262 §13.3.6.1).
 * @param text the author's callee, for the message
 * @throws TypeError when `object` is undefined or null; when called: when there is no such method
 */
export function $callee(object: unknown, name: PropertyKey, text: string): (args: unknown[]) => unknown {
  const f = read(object, name);
  return (args) => invoke(f, object, args, text);
}

/** `object?.…`: `rest` says how the chain goes on (ECMA-262 §13.3.9.1). */
export function $chain<T, R>(object: T, rest: (object: NonNullable<T>) => R): R | undefined {
  return object === undefined || object === null ? undefined : rest(object);
}

function read(object: unknown, name: PropertyKey): unknown {
  if (object === undefined || object === null)
    throw new TypeError(`Cannot read properties of ${object} (reading '${String(name)}')`);
  return (object as { readonly [key: PropertyKey]: unknown })[name];
}

/**
 * Calls a function that was read before its arguments were evaluated (ECMA-262 §13.3.6.2).
 * @param text the author's callee, for the message
 * @throws TypeError when `f` is no function
 */
export function invoke(f: unknown, receiver: unknown, args: unknown[], text: string): unknown {
  if (typeof f !== "function") throw new TypeError(`${text} is not a function`);
  return makers.get(f)?.(f as never, receiver, args) ?? Reflect.apply(f, receiver, args);
}
