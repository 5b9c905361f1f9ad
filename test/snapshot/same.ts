/** Whether two heaps are equal in everything that a program could tell apart: identity, prototypes, properties, contents. */
import { types as nodeTypes } from "node:util";
import { Vault } from "./kinds.ts";

/** Where they differ, as a path; null when they do not. */
export function difference(one: unknown, other: unknown): string | null {
  const pairs = new Map<unknown, unknown>();
  const work: [unknown, unknown, string][] = [[one, other, "value"]];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [a, b, path] = next;
    if (!isObject(a) || !isObject(b)) {
      if (typeof a === "symbol" && typeof b === "symbol" && isLocal(a)) {
        if (a.description !== b.description || (pairs.has(a) && pairs.get(a) !== b)) return path;
        pairs.set(a, b);
      } else if (!Object.is(a, b)) return path;
      continue;
    }
    if (pairs.has(a)) {
      if (pairs.get(a) !== b) return `${path} (identity)`;
      continue;
    }
    pairs.set(a, b);
    // By name: a restore finds the object itself.
    if (a === b) continue;
    const [above, otherAbove] = [Object.getPrototypeOf(a), Object.getPrototypeOf(b)];
    if (brand(a) !== brand(b)) return `${path} (brand ${brand(a)} / ${brand(b)})`;
    // What no constructor made is an object of the program, and so comes back as a copy.
    if (above !== otherAbove) {
      if (above === null || Object.hasOwn(above, "constructor")) return `${path} (prototype)`;
      work.push([above, otherAbove, `${path}.[[Prototype]]`]);
    }
    if (Object.isExtensible(a) !== Object.isExtensible(b) || Object.isFrozen(a) !== Object.isFrozen(b)) {
      return `${path} (integrity)`;
    }
    const keys = ownKeys(a);
    const others = ownKeys(b);
    if (keys.length !== others.length) return `${path} (keys ${keys.map(String)} / ${others.map(String)})`;
    for (let i = 0; i < keys.length; i++) {
      if (typeof keys[i] === "symbol" ? String(keys[i]) !== String(others[i]) : keys[i] !== others[i]) {
        return `${path} (key order)`;
      }
      const p = Object.getOwnPropertyDescriptor(a, keys[i]!)!;
      const q = Object.getOwnPropertyDescriptor(b, others[i]!)!;
      const where = `${path}.${String(keys[i])}`;
      if (p.writable !== q.writable || p.enumerable !== q.enumerable || p.configurable !== q.configurable) {
        return `${where} (attributes)`;
      }
      if (typeof p.get !== typeof q.get || typeof p.set !== typeof q.set) return `${where} (accessor)`;
      work.push([p.value, q.value, where]);
    }
    const inner = contents(a);
    const otherInner = contents(b);
    if (inner.length !== otherInner.length) return `${path} (contents)`;
    for (let i = 0; i < inner.length; i++) work.push([inner[i], otherInner[i], `${path}<${i}>`]);
  }
  return null;
}

/** What an object holds besides its properties. */
function contents(object: object): unknown[] {
  if (nodeTypes.isMap(object)) return [...Map.prototype.entries.call(object)].flat();
  if (nodeTypes.isSet(object)) return [...Set.prototype.values.call(object)];
  if (nodeTypes.isDate(object)) return [Date.prototype.getTime.call(object)];
  if (nodeTypes.isRegExp(object)) return [regexp(object, "source"), regexp(object, "flags")];
  if (object instanceof URL) return [String(object), object.searchParams];
  if (object instanceof URLSearchParams) return [object.toString()];
  if (object instanceof Headers) return [...object].flat();
  if (object instanceof AbortController) return [object.signal];
  if (object instanceof AbortSignal) return [object.aborted, object.reason];
  if (object instanceof ArrayBuffer) return memory(object);
  if (object instanceof Vault) return [object.pin];
  if (object instanceof WeakRef) return [object.deref()];
  if (object instanceof Error) return [object.name, object.message, object.stack];
  // Where it lies in a pool is not a program's business.
  if (Buffer.isBuffer(object)) return [...object];
  if (ArrayBuffer.isView(object)) {
    return [
      ...new Uint8Array(object.buffer, object.byteOffset, object.byteLength),
      object.byteOffset,
      object.buffer,
      ...whenGrown(object),
    ];
  }
  if ([String, Number, Boolean, Symbol, BigInt].some((C) => Object.getPrototypeOf(object) === C.prototype)) {
    return [(object as unknown as { valueOf(): unknown }).valueOf()];
  }
  return [];
}

const regexp = (object: RegExp, key: "source" | "flags") =>
  Object.getOwnPropertyDescriptor(RegExp.prototype, key)!.get!.call(object);

type Memory = ArrayBuffer & { resizable?: boolean; maxByteLength?: number; resize(length: number): void };

function memory(buffer: ArrayBuffer): unknown[] {
  const { resizable, maxByteLength } = buffer as Memory;
  try {
    return [resizable, maxByteLength, ...new Uint8Array(buffer)];
  } catch {
    return ["detached"];
  }
}

/** How a view changes with a buffer that can grow. */
function whenGrown(view: ArrayBufferView): unknown[] {
  const buffer = view.buffer as Memory;
  if (buffer.resizable !== true) return [];
  const { byteLength } = buffer;
  const kept = new Uint8Array(buffer).slice();
  const seen = [0, byteLength >> 1, buffer.maxByteLength!].map((length) => {
    buffer.resize(length);
    try {
      return view.byteLength;
    } catch {
      return "out of bounds";
    }
  });
  buffer.resize(byteLength);
  new Uint8Array(buffer).set(kept);
  return seen;
}

/** What the language tells kinds of objects apart by, whatever they inherit. */
function brand(object: object): string {
  return Array.isArray(object) ? "array" : (types.find((is) => is(object))?.name ?? typeof object);
}
const types = [
  ...[nodeTypes.isDate, nodeTypes.isMap, nodeTypes.isSet, nodeTypes.isRegExp, nodeTypes.isNativeError],
  ...[nodeTypes.isArgumentsObject, nodeTypes.isAnyArrayBuffer, nodeTypes.isTypedArray, nodeTypes.isDataView],
  ...[
    nodeTypes.isStringObject,
    nodeTypes.isNumberObject,
    nodeTypes.isBooleanObject,
    nodeTypes.isSymbolObject,
  ],
  ...[nodeTypes.isBigIntObject, nodeTypes.isWeakMap, nodeTypes.isWeakSet],
];

/** The platform keeps the state of some of its objects in symbols of its own. */
function ownKeys(object: object): (string | symbol)[] {
  const keys = Reflect.ownKeys(object);
  return object instanceof AbortSignal ? keys.filter((key) => typeof key === "string") : keys;
}

function isObject(x: unknown): x is object {
  return (typeof x === "object" && x !== null) || typeof x === "function";
}

function isLocal(symbol: symbol): boolean {
  return (
    Symbol.keyFor(symbol) === undefined &&
    !Object.values(Object.getOwnPropertyDescriptors(Symbol)).some(({ value }) => value === symbol)
  );
}
