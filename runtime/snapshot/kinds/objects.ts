/**
 * Plain objects and arrays.
 *
 *   {"a":1,"b":[3]}              a plain object; its node is the object
 *   ["{}",4,1,[3]]               the same with its keys in the name table, from the second object of a shape on
 *   [[1,2,[3]]]                  an array
 *   ["sparse",9,0,"a",7,"b"]     an array of length 9 with two elements
 */
import { broken, type In, integer, isIndex, type Kind, list, type Node, type Out, quote } from "../kind.ts";
import { isArguments, writeArguments } from "./arguments.ts";
import { EXTENSIBLE, FROZEN, integrity, isOrdinary, ordinary, writeOwn } from "./own-table.ts";

/** Objects with more keys than this are dictionaries: their key list would not come again. */
const MAX_SHAPE = 64;

/** Undefined: it is more, or less, than a list of ordinary properties. */
export function writePlain(object: object, out: Out): string | undefined {
  if (!Object.isExtensible(object) || Object.getOwnPropertySymbols(object).length > 0) return undefined;
  const keys = Object.getOwnPropertyNames(object);
  // What hides that it is an array or a map has no keys, or begins with an index.
  if (keys.length === 0 || keys[0] === "0") return undefined;
  const shape = keys.length > 0 && keys.length <= MAX_SHAPE ? out.shape(keys) : undefined;
  let text = shape === undefined ? "{" : `["{}",${shape}`;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const found = Object.getOwnPropertyDescriptor(object, key)!;
    // What was reached so far is reached again through the own table.
    if (!isOrdinary(found, EXTENSIBLE)) return undefined;
    if (shape !== undefined) text += `,${out.value(found.value)}`;
    else text += `${i === 0 ? "" : ","}${quote(key)}:${out.value(found.value)}`;
  }
  return shape === undefined ? `${text}}` : `${text}]`;
}

/** An object that is more than a list of ordinary properties: all of them stand in the own table, in their order. */
export function writeOdd(object: object, out: Out): string {
  if (isArguments(object)) return writeArguments(object, out);
  writeOwn(object, 0, out, () => false);
  return "{}";
}

/** A plain object whose prototype is null. */
export function writeDictionary(object: object, out: Out): string {
  writeOwn(object, null, out, () => false);
  return "{}";
}

export function readShaped(node: Node, input: In): object {
  const index = integer(node[1], input.names.length);
  // A copy takes a third of the time of setting one key after the other.
  return { ...(input.templates[index] ??= keyTemplate(list(input.names[index]))) };
}

/** An object with these keys. */
export function keyTemplate(keys: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const key of keys) {
    if (typeof key !== "string") return broken("a key that is no string");
    if (key === "__proto__") Object.defineProperty(object, key, ordinary(undefined));
    else object[key] = undefined;
  }
  return object;
}

export function fillShaped(object: Record<string, unknown>, node: Node, input: In): void {
  const keys = input.names[node[1] as number] as readonly string[];
  if (node.length !== keys.length + 2) broken("an object with too few or too many values");
  for (let i = 0; i < keys.length; i++) object[keys[i]!] = input.value(node[i + 2]);
}

/** The parsed node is the object: only what refers to something else is put in its place. `__proto__` is an own property of it. */
export function fillPlain(object: Record<string, unknown>, input: In): void {
  for (const key of Object.keys(object)) {
    const raw = object[key];
    if (typeof raw === "object" && raw !== null) object[key] = input.value(raw);
  }
}

export function writeArray(array: readonly unknown[], out: Out, prototype: 0 | null | string = 0): string {
  const { length } = array;
  const level = integrity(array);
  let text = "[[";
  for (let i = 0; i < length; i++) {
    const found = Object.getOwnPropertyDescriptor(array, i);
    if (found === undefined || !isOrdinary(found, level)) return writeSparse(array, level, prototype, out);
    text += i === 0 ? out.value(found.value) : `,${out.value(found.value)}`;
  }
  const ordinaryLength = Object.getOwnPropertyDescriptor(array, "length")!.writable === (level !== FROZEN);
  if (
    level !== EXTENSIBLE ||
    !ordinaryLength ||
    prototype !== 0 ||
    // Symbols among them: one list is made faster than two.
    Reflect.ownKeys(array).length !== length + 1
  ) {
    writeOwn(array, prototype, out, (key) => (key === "length" ? ordinaryLength : isIndex(key, length)));
  }
  return `${text}]]`;
}

/** An array with holes, or with elements that are no ordinary properties: those stand in the own table. */
function writeSparse(
  array: readonly unknown[],
  level: number,
  prototype: 0 | null | string,
  out: Out,
): string {
  let text = `["sparse",${array.length}`;
  const done = new Set<string>();
  for (const key of Object.getOwnPropertyNames(array)) {
    const found = Object.getOwnPropertyDescriptor(array, key)!;
    if (key === "length") {
      if (found.writable === (level !== FROZEN)) done.add(key);
    } else if (isIndex(key, array.length) && isOrdinary(found, level)) {
      done.add(key);
      text += `,${key},${out.value(found.value)}`;
    }
  }
  writeOwn(array, prototype, out, (key) => done.has(key as string));
  return `${text}]`;
}

export function fillArray(array: unknown[], input: In): void {
  for (let i = 0; i < array.length; i++) {
    const raw = array[i];
    if (typeof raw === "object" && raw !== null) array[i] = input.value(raw);
  }
}

export const sparse: Kind = {
  tags: ["sparse"],
  prototypes: [],
  write: () => broken("written as an array"),
  allocate(node: Node): unknown {
    const array: unknown[] = [];
    array.length = integer(node[1], 2 ** 32);
    return array;
  },
  fill(array: unknown[], node: Node, input: In): void {
    for (let i = 2; i < node.length; i += 2) {
      Object.defineProperty(array, integer(node[i], array.length), ordinary(input.value(node[i + 1])));
    }
  },
};
