/**
 * The own table: what any object may carry beyond its kind.
 *
 * An entry is `[node, integrity, prototype, property…]`, where
 * integrity is 0 extensible, 1 not extensible, 2 sealed, 3 frozen;
 * prototype is 0 (that of the kind), null, or `[n]`: the `prototype` of class n;
 * `[n,0]` the object of node n itself;
 * a property is `[key]` when it is absent, `[key, value]`, `[key, value, attributes]` or `[key, get, set, attributes]`, with writable 1, enumerable 2, configurable 4.
 */
import { broken, type In, integer, list, type Node, type Out, quote } from "../kind.ts";

const WRITABLE = 1;
const ENUMERABLE = 2;
const CONFIGURABLE = 4;
const DEFAULT = WRITABLE | ENUMERABLE | CONFIGURABLE;
export const EXTENSIBLE = 0;
const SEALED = 2;
export const FROZEN = 3;

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
  if (!("value" in found)) {
    return `[${name},${out.value(found.get)},${out.value(found.set)},${rest}]`;
  }
  const attributes = rest | (found.writable ? WRITABLE : 0);
  return attributes === DEFAULT
    ? `[${name},${out.value(found.value)}]`
    : `[${name},${out.value(found.value)},${attributes}]`;
}

/**
 * Gives an object what the own table says of it. Properties are defined, never assigned: no setter runs, no prototype changes.
 * @param isOpen it will be written to before it is as the entry says: `close` makes it that
 */
export function readOwn(
  object: object,
  entry: Node,
  prototype: object | null | undefined,
  input: In,
  isOpen = false,
): void {
  if (prototype !== undefined) Object.setPrototypeOf(object, prototype);
  for (let i = 3; i < entry.length; i++) {
    const raw = list(entry[i]);
    const key = typeof raw[0] === "string" ? raw[0] : input.value(raw[0]);
    if (typeof key !== "string" && typeof key !== "symbol") broken("a key that is no name");
    if (raw.length === 1) {
      Reflect.deleteProperty(object, key as string);
      continue;
    }
    const attributes = raw.length === 2 || isOpen ? DEFAULT : integer(raw[raw.length - 1], DEFAULT + 1);
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
  if (!isOpen) setIntegrity(object, entry);
}

/** Ends what `readOwn` of an open object began: attributes of the properties that are still there, and how far it can be changed. */
export function close(object: object, entry: Node, input: In): void {
  for (let i = 3; i < entry.length; i++) {
    const raw = list(entry[i]);
    const key = typeof raw[0] === "string" ? raw[0] : (input.value(raw[0]) as symbol);
    if (raw.length < 3 || !Object.hasOwn(object, key)) continue;
    const attributes = integer(raw[raw.length - 1], DEFAULT + 1);
    Object.defineProperty(object, key, {
      ...(raw.length === 3 ? { writable: (attributes & WRITABLE) !== 0 } : {}),
      enumerable: (attributes & ENUMERABLE) !== 0,
      configurable: (attributes & CONFIGURABLE) !== 0,
    });
  }
  setIntegrity(object, entry);
}

function setIntegrity(object: object, entry: Node): void {
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
export function integrity(object: object): number {
  if (Object.isExtensible(object)) return EXTENSIBLE;
  return Object.isFrozen(object) ? FROZEN : Object.isSealed(object) ? SEALED : 1;
}

/** True when restoring the plain value and then the integrity level gives exactly this property. */
export function isOrdinary(found: PropertyDescriptor, level: number): boolean {
  // An accessor is neither writable nor not.
  return (
    found.enumerable === true &&
    found.writable === (level !== FROZEN) &&
    found.configurable === level < SEALED
  );
}

export function ordinary(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}
