/**
 * Built-in functions and objects by name: `Math.max`, `Array.prototype.map`, `console`. Both directions come from one
 * closed table, so that a name in a snapshot can reach nothing else. What makes code from text (`eval`, `Function`) is not in it.
 */
import {
  $AsyncDisposableStack,
  $clearTimeout,
  $DisposableStack,
  $Promise,
  $SuppressedError,
  $setInterval,
  $setTimeout,
  Durable,
} from "../machine/index.ts";

const ROOTS = [
  "Object Array String Number Boolean Symbol BigInt Math JSON Reflect Atomics Intl Date RegExp Map Set WeakMap WeakSet WeakRef",
  "Promise Proxy Iterator Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError SuppressedError",
  "ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array",
  "Float16Array Float32Array Float64Array BigInt64Array BigUint64Array FinalizationRegistry DisposableStack AsyncDisposableStack",
  "parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape",
  "URL URLSearchParams Headers Request Response FormData Blob File AbortController AbortSignal TextEncoder TextDecoder Event EventTarget",
  "DOMException ReadableStream WritableStream TransformStream fetch structuredClone queueMicrotask setTimeout clearTimeout setInterval",
  "clearInterval setImmediate clearImmediate atob btoa console performance crypto Temporal WebAssembly Buffer",
]
  .join(" ")
  .split(" ");

const FORBIDDEN = new Set<unknown>([
  Reflect.get(globalThis, "eval"),
  Function,
  Object.getPrototypeOf(async () => {}).constructor,
  Object.getPrototypeOf(function* () {}).constructor,
  Object.getPrototypeOf(async function* () {}).constructor,
]);

interface Table {
  readonly names: Map<unknown, string>;
  readonly values: Map<string, object>;
}

let table: Table | undefined;

/** Filled at the first look-up: some 1,500 entries that most snapshots never need. */
function builtins(): Table {
  if (table !== undefined) return table;
  table = { names: new Map(), values: new Map() };
  add("globalThis", globalThis);
  for (const [name, object] of Object.entries(intrinsics())) {
    add(name, object);
    addMembers(name, object);
  }
  for (const name of ROOTS) {
    const root = dataProperty(globalThis, name);
    if (!isObject(root)) continue;
    add(name, root);
    addMembers(name, root);
    const prototype = typeof root === "function" ? dataProperty(root, "prototype") : undefined;
    if (isObject(prototype)) {
      add(`${name}.prototype`, prototype);
      addMembers(`${name}.prototype`, prototype);
    }
  }
  for (const name of ["Intl", "Temporal", "WebAssembly"]) addClasses(name);
  // What marked code gets in the place of the platform's.
  add("coldframe.Promise", $Promise);
  addMembers("coldframe.Promise", $Promise);
  add("coldframe.Promise.prototype", Durable.prototype);
  addMembers("coldframe.Promise.prototype", Durable.prototype);
  add("SuppressedError", $SuppressedError);
  add("SuppressedError.prototype", $SuppressedError.prototype);
  for (const Stack of [$DisposableStack, $AsyncDisposableStack]) {
    add(`coldframe.${Stack.name}`, Stack);
    add(`coldframe.${Stack.name}.prototype`, Stack.prototype);
    addMembers(`coldframe.${Stack.name}.prototype`, Stack.prototype);
  }
  add("coldframe.setTimeout", $setTimeout);
  add("coldframe.setInterval", $setInterval);
  add("coldframe.clearTimeout", $clearTimeout);
  return table;
}

/** Objects of the language that have no global name, or not in every engine. */
function intrinsics(): Readonly<Record<string, object>> {
  const above = Object.getPrototypeOf;
  const array = above([][Symbol.iterator]());
  const generator = above(function* () {});
  const asyncGenerator = above(async function* () {});
  return {
    // `Function` itself makes code from text; what functions inherit does not.
    "Function.prototype": Function.prototype,
    "%AsyncFunction.prototype%": above(async () => {}),
    "%GeneratorFunction.prototype%": generator,
    "%GeneratorPrototype%": generator.prototype,
    "%AsyncGeneratorFunction.prototype%": asyncGenerator,
    "%AsyncGeneratorPrototype%": asyncGenerator.prototype,
    "%AsyncIteratorPrototype%": above(asyncGenerator.prototype),
    // A global of newer engines.
    "Iterator.prototype": above(array),
    "%ArrayIteratorPrototype%": array,
    "%MapIteratorPrototype%": above(new Map()[Symbol.iterator]()),
    "%SetIteratorPrototype%": above(new Set()[Symbol.iterator]()),
    "%StringIteratorPrototype%": above(""[Symbol.iterator]()),
    "%RegExpStringIteratorPrototype%": above("".matchAll(/a/g)),
    "%TypedArray%": above(Uint8Array),
    "%TypedArrayIteratorPrototype%": above(Uint8Array.prototype),
  };
}

function addMembers(path: string, object: object): void {
  for (const key of Reflect.ownKeys(object)) {
    const name = typeof key === "string" ? `${path}.${key}` : `${path}[${key.description}]`;
    const { get, set } = Object.getOwnPropertyDescriptor(object, key)!;
    if (get !== undefined) add(`get ${name}`, get);
    if (set !== undefined) add(`set ${name}`, set);
    const value = dataProperty(object, key);
    if (typeof value === "function") add(name, value);
  }
}

/** Classes that are properties of a namespace. */
function addClasses(path: string): void {
  const namespace: unknown = Reflect.get(globalThis, path);
  if (!isObject(namespace)) return;
  for (const key of Object.getOwnPropertyNames(namespace)) {
    const Class = dataProperty(namespace, key);
    const prototype = typeof Class === "function" ? dataProperty(Class, "prototype") : undefined;
    if (!isObject(Class) || !isObject(prototype)) continue;
    addMembers(`${path}.${key}`, Class);
    add(`${path}.${key}.prototype`, prototype);
    addMembers(`${path}.${key}.prototype`, prototype);
  }
}

function add(name: string, value: object): void {
  if (FORBIDDEN.has(value) || builtins().names.has(value)) return;
  builtins().names.set(value, name);
  builtins().values.set(name, value);
}

export function builtinName(value: object): string | undefined {
  return builtins().names.get(value);
}

export function builtinOf(name: string): object | undefined {
  return builtins().values.get(name);
}

function dataProperty(object: object, key: string | symbol): unknown {
  const found = Object.getOwnPropertyDescriptor(object, key);
  // Some globals (`crypto`, `fetch` in older Node) are lazy accessors of the platform.
  return found?.get !== undefined && object === globalThis ? Reflect.get(globalThis, key) : found?.value;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
