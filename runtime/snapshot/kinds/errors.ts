/**
 * Errors with the text of their stack.
 *
 *   ["error","TypeError","TypeError: x\n    at …","message","x"]      class, stack (null: none, false: in the own table), then own properties
 *   ["domexception","AbortError","message","stack"]
 *
 * The properties in the node are those as the language makes them (writable, configurable, not enumerable): message, cause,
 * errors. What else an error carries is in the own table.
 */
import { $SuppressedError, markTraced } from "../../machine/index.ts";
import { isNativeError } from "../brand.ts";
import { type In, type Kind, lacking, type Node, type Out, quote, string } from "../kind.ts";
import type { RunIn } from "./promises.ts";

type ErrorClass = (new (...args: unknown[]) => Error) & { readonly prototype: Error };

const classes = new Map<string, ErrorClass>();
for (const name of [
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "ReferenceError",
  "EvalError",
  "URIError",
  "AggregateError",
  "SuppressedError",
]) {
  const found: unknown = name === "SuppressedError" ? $SuppressedError : Reflect.get(globalThis, name);
  if (typeof found === "function") classes.set(name, found as ErrorClass);
}
const nameOfPrototype = new Map<object, string>();
for (const [name, Class] of classes) nameOfPrototype.set(Class.prototype, name);

export const error: Kind = {
  tags: ["error"],
  prototypes: [...nameOfPrototype.keys()],
  done: (key, value) =>
    key === "stack" ? stackOf(value) !== false : isStandard(Object.getOwnPropertyDescriptor(value, key)!),
  write(value: Error, out: Out): string {
    if (!isNativeError(value)) return out.refuse("an object that only looks like an Error");
    let prototype: object | null = Object.getPrototypeOf(value);
    while (prototype !== null && !nameOfPrototype.has(prototype))
      prototype = Object.getPrototypeOf(prototype);
    const name = prototype === null ? "Error" : nameOfPrototype.get(prototype)!;
    let text = `["error","${name}",${writeStack(value, out)}`;
    for (const key of Object.getOwnPropertyNames(value)) {
      const found = Object.getOwnPropertyDescriptor(value, key)!;
      if (key !== "stack" && isStandard(found)) text += `,${quote(key)},${out.value(found.value)}`;
    }
    return `${text}]`;
  },
  allocate(node: Node): unknown {
    const name = string(node[1]);
    const Class = classes.get(name);
    if (Class === undefined) return lacking(name);
    const made = name === "AggregateError" ? new Class([]) : new Class();
    for (const key of Reflect.ownKeys(made)) if (key !== "stack") Reflect.deleteProperty(made, key);
    return made;
  },
  fill(value: Error, node: Node, input: In): void {
    readStack(value, node[2], input);
    for (let i = 3; i < node.length; i += 2) define(value, string(node[i]), input.value(node[i + 1]));
    // An error of a run has been thrown there; what a step failed with comes in, and its stack is about to be completed.
    if ((input as Partial<RunIn>).run != null) markTraced(value);
  },
};

export const domException: Kind = {
  tags: ["domexception"],
  prototypes: typeof DOMException === "function" ? [DOMException.prototype] : [],
  pristine: () => new DOMException(),
  done: (key, value) => key === "stack" && stackOf(value) !== false,
  write(value: DOMException, out: Out): string {
    return `["domexception",${quote(domText(value, "name"))},${quote(domText(value, "message"))},${writeStack(value, out)}]`;
  },
  allocate: (node: Node) => new DOMException(string(node[2]), string(node[1])),
  fill(value: DOMException, node: Node, input: In): void {
    readStack(value, node[3], input);
  },
};

function isStandard(found: PropertyDescriptor): boolean {
  return (
    found.get === undefined &&
    found.set === undefined &&
    found.writable === true &&
    found.enumerable === false &&
    found.configurable === true
  );
}

function domText(value: DOMException, key: "name" | "message"): string {
  const get = Object.getOwnPropertyDescriptor(DOMException.prototype, key)?.get;
  return get === undefined ? value[key] : (get.call(value) as string);
}

const engineStack = Object.getOwnPropertyDescriptor(new Error(), "stack")?.get;

/**
 * What an engine keeps as the stack: a text, or what a program has assigned where the engine has an accessor. Null: there is none;
 * false: the program has made a property of its own there, which goes to the own table. Runs no getter but the engine's.
 */
function stackOf(object: object): { readonly value: unknown } | null | false {
  const found = Object.getOwnPropertyDescriptor(object, "stack");
  if (found === undefined) return inheritedStack(object);
  if (found.enumerable !== false) return false;
  if (found.get !== undefined) {
    const value: unknown = found.get === engineStack ? found.get.call(object) : null;
    return value === null ? false : { value };
  }
  if (typeof found.value !== "string" || (found.writable === false && !Object.isFrozen(object))) return false;
  return { value: found.value };
}

function writeStack(object: object, out: Out): string {
  const stack = stackOf(object);
  return stack === null || stack === false ? String(stack) : out.value(stack.value);
}

/** Where the stack of an error is an accessor of its prototype. */
function inheritedStack(object: object): { readonly value: string } | null {
  const value: unknown = Object.getOwnPropertyDescriptor(Error.prototype, "stack")?.get?.call(object);
  return typeof value === "string" ? { value } : null;
}

function readStack(object: object, raw: unknown, input: In): void {
  if (raw === null) Reflect.deleteProperty(object, "stack");
  else if (raw !== false) setStack(object, input.value(raw));
}

/** Newer engines have an accessor of their own there, which stays. */
function setStack(object: { stack?: unknown }, stack: unknown): void {
  if (Object.hasOwn(object, "stack")) object.stack = stack;
  else define(object, "stack", stack);
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
}
