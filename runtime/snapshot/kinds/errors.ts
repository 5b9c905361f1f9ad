/**
 * Errors with the text of their stack.
 *
 *   ["error","TypeError","TypeError: x\n    at …","message","x"]      class, stack (null: none), then own properties
 *   ["domexception","AbortError","message","stack"]
 *
 * The properties in the node are those as the language makes them (writable, configurable, not enumerable): message, cause,
 * errors. What else an error carries is in the own table.
 */
import { $SuppressedError, markTraced } from "../../machine/index.ts";
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
  done: (key, value) => key === "stack" || isStandard(Object.getOwnPropertyDescriptor(value, key)!),
  write(value: Error, out: Out): string {
    if (Object.prototype.toString.call(value) !== "[object Error]") {
      return out.refuse("an object that only looks like an Error");
    }
    let prototype: object | null = Object.getPrototypeOf(value);
    while (prototype !== null && !nameOfPrototype.has(prototype))
      prototype = Object.getPrototypeOf(prototype);
    const name = prototype === null ? "Error" : nameOfPrototype.get(prototype)!;
    const { stack } = value;
    let text = `["error","${name}",${typeof stack === "string" ? out.value(stack) : "null"}`;
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
    if (node[2] === null) Reflect.deleteProperty(value, "stack");
    else setStack(value, string(input.value(node[2])));
    for (let i = 3; i < node.length; i += 2) define(value, string(node[i]), input.value(node[i + 1]));
    // An error of a run has been thrown there; what a step failed with comes in, and its stack is about to be completed.
    if ((input as Partial<RunIn>).run != null) markTraced(value);
  },
};

export const domException: Kind = {
  tags: ["domexception"],
  prototypes: typeof DOMException === "function" ? [DOMException.prototype] : [],
  pristine: () => new DOMException(),
  done: (key) => key === "stack",
  write: (value: DOMException, out: Out) =>
    `["domexception",${quote(value.name)},${quote(value.message)},${typeof value.stack === "string" ? out.value(value.stack) : "null"}]`,
  allocate: (node: Node) => new DOMException(string(node[2]), string(node[1])),
  fill(value: DOMException, node: Node, input: In): void {
    if (node[3] === null) Reflect.deleteProperty(value, "stack");
    else setStack(value, string(input.value(node[3])));
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

/** Newer engines have an accessor of their own there, which stays. */
function setStack(object: { stack?: string }, text: string): void {
  if (Object.hasOwn(object, "stack")) object.stack = text;
  else define(object, "stack", text);
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
}
