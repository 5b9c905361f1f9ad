/**
 * Arguments objects.
 *
 *   ["arguments",1,2]            the arguments object of a strict function
 *   ["mapped",4,2,0,1]           that of a sloppy one, of two elements, the first two of which are the parameters in the record of node 4
 */
import { isMapped, linkAgain, type Mapping, mappingOf } from "../../machine/index.ts";
import { broken, type In, integer, isIndex, type Kind, type Node, type Out } from "../kind.ts";
import type { HeapOut } from "./functions.ts";
import { EXTENSIBLE, integrity, isOrdinary, writeOwn } from "./own-table.ts";

export function isArguments(object: object): boolean {
  return Object.hasOwn(object, "callee") && Object.prototype.toString.call(object) === "[object Arguments]";
}

export function writeArguments(object: object, out: Out): string {
  const mapping = out.isOfRun ? mappingOf(object) : undefined;
  if (mapping !== undefined) return writeMapped(object, mapping, out as HeapOut);
  if ("value" in Object.getOwnPropertyDescriptor(object, "callee")!)
    return out.refuse("the arguments of a sloppy function; copy them with [...arguments]");
  const level = integrity(object);
  const keys = Reflect.ownKeys(object);
  const indexes = keys.filter((key) => isIndex(key, 2 ** 32 - 1)).map(Number);
  const count = indexes.length === 0 ? 0 : indexes.at(-1)! + 1;
  if (count > 2 * indexes.length + 64) return out.refuse("an arguments object with far elements");
  let text = '["arguments"';
  for (let i = 0; i < count; i++) text += `,${out.value(Object.getOwnPropertyDescriptor(object, i)?.value)}`;
  const made: Record<PropertyKey, unknown> = { length: count, [Symbol.iterator]: Array.prototype.values };
  const done = (key: string | symbol) => {
    const found = Object.getOwnPropertyDescriptor(object, key)!;
    if (key === "callee") return true;
    if (isIndex(key, count)) return isOrdinary(found, level);
    return (
      Object.hasOwn(made, key) &&
      found.value === made[key] &&
      isOrdinary({ ...found, enumerable: !found.enumerable }, level)
    );
  };
  const removed: PropertyKey[] = Reflect.ownKeys(made).filter((key) => !keys.includes(key));
  for (let i = 0; i < count; i++) if (!Object.hasOwn(object, i)) removed.push(String(i));
  writeOwn(object, 0, out, done, removed);
  return `${text}]`;
}

export const argumentsObject: Kind = {
  tags: ["arguments"],
  prototypes: [],
  write: () => broken("written as a plain object"),
  allocate(node: Node): unknown {
    return strictArguments(...new Array<unknown>(node.length - 1));
  },
  fill(object: Record<number, unknown>, node: Node, input: In): void {
    for (let i = 1; i < node.length; i++) object[i - 1] = input.value(node[i]);
  },
};

function writeMapped(object: object, mapping: Mapping, out: HeapOut): string {
  const indexes = mapping.params.map((_, i) => i).filter((i) => isMapped(object, i, mapping));
  const count = indexes.length === 0 ? 0 : Math.max(...indexes) + 1;
  const names = indexes.map((i) => mapping.params[i]!);
  const text = `["mapped",${[out.scope(mapping.record, names), count, ...indexes].join()}]`;
  const isPlain = (key: string | symbol) => {
    const found = Object.getOwnPropertyDescriptor(object, key)!;
    return isIndex(key, count) && indexes.includes(Number(key)) && isOrdinary(found, EXTENSIBLE);
  };
  writeOwn(object, 0, out, (key) => key === Symbol.iterator || isPlain(key));
  return text;
}

export const mappedArguments: Kind = {
  tags: ["mapped"],
  prototypes: [],
  write: () => broken("written as a plain object"),
  allocate(node: Node, input: In): unknown {
    const record = input.node(node[1], ["scope"]);
    if (typeof record !== "object" || record === null) return broken("arguments without parameters");
    const count = integer(node[2], 2 ** 16);
    const made = linkAgain(record, count);
    for (let i = 0; i < count; i++) if (!node.includes(i, 3)) Reflect.deleteProperty(made, i);
    return made;
  },
};

const strictArguments = function (..._values: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is the point
  return arguments;
};
