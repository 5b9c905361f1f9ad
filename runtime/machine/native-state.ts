/**
 * Calls of methods that make objects whose state nobody can read (`xs.entries()`, `f.bind(o)`): marked code gets objects that
 * mean the same and can be saved.
 */
import type { Code } from "../../abi/index.ts";
import { stamp } from "./closure.ts";
import { cursorMakers } from "./cursors.ts";
import type { Callable } from "./durable.ts";
import { $code, $record } from "./registry.ts";
import { builtin } from "./resolvers.ts";
import { machine } from "./run.ts";

/**
 * `object.name(...args)`
 * @param text the author's callee, for the message
 * @throws TypeError when `object` has no such method
 */
export function $method(object: unknown, name: string, args: unknown[], text: string): unknown {
  if (object === undefined || object === null)
    throw new TypeError(`Cannot read properties of ${object} (reading '${name}')`);
  const f: unknown = (object as { readonly [key: string]: unknown })[name];
  if (typeof f !== "function") throw new TypeError(`${text} is not a function`);
  if (f === bind && typeof object === "function") return bound(object as Callable, args);
  return cursorMakers.get(f)?.(object, args) ?? Reflect.apply(f, object, args);
}

const { bind } = Function.prototype;

/** What a bound function is made of (ECMA-262 §10.4.1). */
class Bound {
  target: Callable = () => undefined;
  receiver: unknown = undefined;
  args: unknown[] = [];
  name = "";
  length = 0;
}

const parts = Object.keys(new Bound());
$record("coldframe#bound.{}", Bound, parts);

const boundCode: Code = $code(builtin("coldframe#bound", parts, makeBound));

function bound(target: Callable, [receiver, ...args]: unknown[]): Callable {
  const record = new Bound();
  const native = Reflect.apply(bind, target, [receiver, ...args]) as Callable;
  Object.assign(record, { target, receiver, args, name: native.name, length: native.length });
  return makeBound(record);
}

/** Reads the record at each call, not now: a restored one is filled in later. */
function makeBound(record: Bound): Callable {
  const f = function (...rest: unknown[]): unknown {
    const { target, receiver } = record;
    const args = [...record.args, ...rest];
    return new.target === undefined
      ? Reflect.apply(target, receiver, args)
      : Reflect.construct(target, args, new.target === f ? target : new.target);
  };
  Object.defineProperties(f, {
    name: { get: () => record.name, configurable: true },
    length: { get: () => record.length, configurable: true },
  });
  f.prototype = undefined;
  return stamp(f, boundCode, [record], machine.run);
}
