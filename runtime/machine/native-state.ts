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

/** What a bound function is made of. */
class Bound {
  target: Callable | undefined = undefined;
  receiver: unknown = undefined;
  args: unknown[] = [];
}

$record("coldframe#bound.{}", Bound, ["target", "receiver", "args"]);

const boundCode: Code = $code(builtin("coldframe#bound", ["target", "receiver", "args"], makeBound));

function bound(target: Callable, [receiver, ...args]: unknown[]): Callable {
  const record = new Bound();
  record.target = target;
  record.receiver = receiver;
  record.args = args;
  return makeBound(record);
}

/** A bound function of the platform, stamped with what it was made of. */
function makeBound(record: Bound): Callable {
  const { target, receiver, args } = record;
  const f = Reflect.apply(bind, target, [receiver, ...args]) as Callable;
  return stamp(f, boundCode, [record], machine.run);
}
