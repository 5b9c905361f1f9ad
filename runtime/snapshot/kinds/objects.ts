/**
 * Plain objects and arrays, and the own table: what any object may carry beyond its kind.
 *
 *   {"a":1,"b":[3]}              a plain object; its node is the object
 *   ["{}",4,1,[3]]               the same with its keys in the name table, from the second object of a shape on
 *   [[1,2,[3]]]                  an array
 *   ["sparse",9,0,"a",7,"b"]     an array of length 9 with two elements
 *   ["arguments",1,2]            the arguments object of a strict function
 *
 * Own table: `[node, integrity, prototype, property…]`, where
 * integrity is 0 extensible, 1 not extensible, 2 sealed, 3 frozen;
 * prototype is 0 (that of the kind), null, or `[n]`: the `prototype` of class n;
 * `[n,0]` the object of node n itself;
 * a property is `[key]` when it is absent, `[key, value]`, `[key, value, attributes]` or `[key, get, set, attributes]`, with writable 1, enumerable 2, configurable 4.
 */
import { broken, type In, integer, isIndex, type Kind, list, type Node, type Out, quote } from "../kind.ts";

const WRITABLE = 1;
const ENUMERABLE = 2;
const CONFIGURABLE = 4;
const DEFAULT = WRITABLE | ENUMERABLE | CONFIGURABLE;
const EXTENSIBLE = 0;
const SEALED = 2;
const FROZEN = 3;
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
  const callee = Object.getOwnPropertyDescriptor(object, "callee");
  if (callee !== undefined && Object.prototype.toString.call(object) === "[object Arguments]") {
    return writeArguments(object, out);
  }
  writeOwn(object, 0, out, () => false);
  return "{}";
}

/** A plain object whose prototype is null. */
export function writeDictionary(object: object, out: Out): string {
  writeOwn(object, null, out, () => false);
  return "{}";
}

export function readShaped(node: Node, input: In): object {
  const keys = list(input.names[integer(node[1], input.names.length)]);
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
    Object.getOwnPropertyNames(array).length !== length + 1 ||
    Object.getOwnPropertySymbols(array).length > 0
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

function writeArguments(object: object, out: Out): string {
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

const strictArguments = function (..._values: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is the point
  return arguments;
};

/**
 * Writes the entry of the own table, if there is anything to say.
 * @param prototype 0: that of the kind; or null; or the text of a reference to a class; or `[n,0]`, an object itself
 * @param done whether the kind has written this property itself
 * @param removed properties that the object is made with, and does not have any more
 */
export function writeOwn(
  object: object,
  prototype: 0 | null | string,
  out: Out,
  done: (key: string | symbol) => boolean,
  removed: readonly PropertyKey[] = [],
): void {
  const level = integrity(object);
  let text = "";
  for (const key of removed) text += `,[${typeof key === "string" ? quote(key) : out.value(key)}]`;
  for (const key of Reflect.ownKeys(object)) {
    if (done(key)) continue;
    text += `,${property(key, Object.getOwnPropertyDescriptor(object, key)!, out)}`;
  }
  if (text !== "" || level !== EXTENSIBLE || prototype !== 0) {
    out.own(`[${out.current},${level},${prototype}${text}]`);
  }
}

function property(key: string | symbol, found: PropertyDescriptor, out: Out): string {
  const name = typeof key === "string" ? quote(key) : out.value(key);
  const rest = (found.enumerable ? ENUMERABLE : 0) | (found.configurable ? CONFIGURABLE : 0);
  if (found.get !== undefined || found.set !== undefined) {
    return `[${name},${out.value(found.get)},${out.value(found.set)},${rest}]`;
  }
  const attributes = rest | (found.writable ? WRITABLE : 0);
  return attributes === DEFAULT
    ? `[${name},${out.value(found.value)}]`
    : `[${name},${out.value(found.value)},${attributes}]`;
}

/** Gives an object what the own table says of it. Properties are defined, never assigned: no setter runs, no prototype changes. */
export function readOwn(object: object, entry: Node, prototype: object | null | undefined, input: In): void {
  if (prototype !== undefined) Object.setPrototypeOf(object, prototype);
  for (let i = 3; i < entry.length; i++) {
    const raw = list(entry[i]);
    const key = typeof raw[0] === "string" ? raw[0] : input.value(raw[0]);
    if (typeof key !== "string" && typeof key !== "symbol") broken("a key that is no name");
    if (raw.length === 1) {
      Reflect.deleteProperty(object, key as string);
      continue;
    }
    const attributes = raw.length === 2 ? DEFAULT : integer(raw[raw.length - 1], DEFAULT + 1);
    const common = {
      enumerable: (attributes & ENUMERABLE) !== 0,
      configurable: (attributes & CONFIGURABLE) !== 0,
    };
    if (raw.length === 4) {
      Object.defineProperty(object, key as string, {
        get: accessor(input.value(raw[1])) as () => unknown,
        set: accessor(input.value(raw[2])) as (value: unknown) => void,
        ...common,
      });
    } else {
      Object.defineProperty(object, key as string, {
        value: input.value(raw[1]),
        writable: (attributes & WRITABLE) !== 0,
        ...common,
      });
    }
  }
  switch (entry[1]) {
    case 0:
      return;
    case 1:
      Object.preventExtensions(object);
      return;
    case 2:
      Object.seal(object);
      return;
    case 3:
      Object.freeze(object);
      return;
    default:
      broken("an integrity level that is unknown");
  }
}

function accessor(value: unknown): unknown {
  return value === undefined || typeof value === "function"
    ? value
    : broken("an accessor that is no function");
}

/** 0 extensible, 1 not extensible, 2 sealed, 3 frozen */
function integrity(object: object): number {
  if (Object.isExtensible(object)) return EXTENSIBLE;
  return Object.isFrozen(object) ? FROZEN : Object.isSealed(object) ? SEALED : 1;
}

/** True when restoring the plain value and then the integrity level gives exactly this property. */
function isOrdinary(found: PropertyDescriptor, level: number): boolean {
  return (
    found.get === undefined &&
    found.set === undefined &&
    found.enumerable === true &&
    found.writable === (level !== FROZEN) &&
    found.configurable === level < SEALED
  );
}

function ordinary(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}
