/**
 * Iteration that can be saved half-way: `for of` and `for in` with a suspend point in the body.
 *
 * ```
 * for (const x of xs) body   ↦   $it = $iterate(xs);
 *                                try { for (; $ip !== 0 || $it.next(); ) { x = $it.value; body } }
 *                                catch ($x) { $it.abort(); throw $x; }
 * break, return out of it    ↦   $it.close(); break
 * ```
 *
 * | kind | `source` | position |
 * |---|---|---|
 * | `index` | array, typed array, `arguments` | `index` of the next element |
 * | `string` | the string | `index` of the next code unit |
 * | `keys` | the object of a `for in` | `index` into `keys`, which were taken at the start |
 * | `map`, `set` | the collection | what is left in the native `iterator`, found by draining it |
 * | `iterator` | the iterable | in `iterator`, an object like any other |
 * | `async`, `async-from-sync` | see iterate-async.ts | |
 *
 * The built-in kinds are used where the iterators of the platform are untouched, so that nobody can tell.
 */
import type { Callable } from "./durable.ts";
import { iterator as iterable } from "./intrinsics.ts";

export type IterationKind =
  | "index"
  | "string"
  | "keys"
  | "map"
  | "set"
  | "iterator"
  | "async"
  | "async-from-sync";

interface IteratorLike {
  next?: unknown;
  return?: unknown;
}

export class Iteration {
  kind: IterationKind;
  source: unknown;
  index = 0;
  keys: readonly string[] | null = null;
  iterator: object | null = null;
  /** The `next` method of `iterator`, read once as ECMA-262 §7.4.2 says. Null for built-in kinds. */
  method: unknown = null;
  value: unknown = undefined;
  /** No more values, or closed: there is nothing to close. */
  done = false;

  constructor(kind: IterationKind, source: unknown) {
    this.kind = kind;
    this.source = source;
  }

  /**
   * IteratorStepValue (§7.4.8): puts the next value into `value`; false when there is none.
   * @param skips IteratorStep (§7.4.7), for a hole in a pattern: nobody looks at the value
   */
  next(skips?: boolean): boolean {
    if (this.done) return false;
    switch (this.kind) {
      case "index":
        return this.nextElement();
      case "string":
        return this.nextCodePoint();
      case "keys":
        return this.nextKey();
      case "map":
      case "set":
        return this.nextEntry();
      default:
        return this.nextResult(skips);
    }
  }

  /** IteratorClose (§7.4.11) for a normal or return completion. @throws what `return` throws, or a TypeError for its result */
  close(): void {
    if (this.done) return;
    const iterator = this.finish();
    if (iterator === null) return;
    const method = getMethod(iterator, "return");
    if (method === undefined) return;
    const result = Reflect.apply(method, iterator, []);
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  }

  /** IteratorClose for a throw completion: errors of `return` do not count. */
  abort(): void {
    if (this.done) return;
    const iterator = this.finish();
    if (iterator === null) return;
    try {
      const method = getMethod(iterator, "return");
      if (method !== undefined) Reflect.apply(method, iterator, []);
    } catch {}
  }

  /** A promise that it gave as a value has rejected: it is closed although a step is on its way. */
  fail(): void {
    this.done = false;
    this.abort();
  }

  /** GetIteratorFromMethod (§7.4.3) */
  open(method: Callable): void {
    const iterator: unknown = Reflect.apply(method, this.source, []);
    if (!isObject(iterator)) throw new TypeError("Result of the Symbol.iterator method is not an object");
    this.iterator = iterator;
    this.method = (iterator as IteratorLike).next;
  }

  /** Marks it as done and lets go of everything. Returns the iterator to be closed, if it is not one of the platform. */
  finish(): IteratorLike | null {
    const iterator = this.method === null ? null : this.iterator;
    this.done = true;
    this.source = this.value = undefined;
    this.keys = this.iterator = null;
    return iterator;
  }

  /** Goes on by one index, without looking at the element there: what `keys()` of an array does. Kind `index` only. */
  nextIndex(): boolean {
    if (this.done) return false;
    if (this.index >= lengthOf(this.source as ArrayLike<unknown>)) {
      this.finish();
      return false;
    }
    this.index++;
    return true;
  }

  private nextElement(): boolean {
    if (!this.nextIndex()) return false;
    // Gone on before a getter may throw: as V8 does.
    this.value = (this.source as ArrayLike<unknown>)[this.index - 1];
    return true;
  }

  private nextCodePoint(): boolean {
    const source = this.source as string;
    if (this.index >= source.length) {
      this.finish();
      return false;
    }
    const value = String.fromCodePoint(source.codePointAt(this.index)!);
    this.index += value.length;
    this.value = value;
    return true;
  }

  private nextKey(): boolean {
    const keys = this.keys!;
    const source = this.source as object;
    while (this.index < keys.length) {
      const key = keys[this.index++]!;
      if (key in source) {
        this.value = key;
        return true;
      }
    }
    this.finish();
    return false;
  }

  private nextEntry(): boolean {
    const iterator = this.iterator as Iterator<unknown>;
    const step: IteratorResult<unknown> = Reflect.apply(
      this.kind === "map" ? mapIteratorNext : setIteratorNext,
      iterator,
      [],
    );
    if (step.done) this.finish();
    else this.value = step.value;
    return !step.done;
  }

  private nextResult(skips?: boolean): boolean {
    // Done while `next` runs: what it throws ends the iteration without closing it.
    this.done = true;
    const step: unknown = Reflect.apply(this.method as never, this.iterator, []);
    if (!isObject(step)) throw new TypeError(`Iterator result ${String(step)} is not an object`);
    const { done } = step as { done?: unknown };
    if (done) {
      this.finish();
      return false;
    }
    if (!skips) this.value = (step as { value?: unknown }).value;
    this.done = false;
    return true;
  }
}

/** %ArrayIteratorPrototype% (§23.1.5.2) and its like. */
export const arrayIteratorPrototype = Object.getPrototypeOf([][Symbol.iterator]());
export const stringIteratorPrototype = Object.getPrototypeOf(""[Symbol.iterator]());
export const mapIteratorPrototype = Object.getPrototypeOf(new Map()[Symbol.iterator]());
export const setIteratorPrototype = Object.getPrototypeOf(new Set()[Symbol.iterator]());
const arrayIteratorNext = arrayIteratorPrototype.next;
const stringIteratorNext = stringIteratorPrototype.next;
const mapIteratorNext = mapIteratorPrototype.next;
const setIteratorNext = setIteratorPrototype.next;
const arrayValues = Array.prototype.values;
const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayValues = typedArrayPrototype.values;
const typedArrayLength = Object.getOwnPropertyDescriptor(typedArrayPrototype, "length")!.get!;
const stringIterator = String.prototype[Symbol.iterator];
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;

/** What `for (… of x)` iterates over. @throws TypeError when `x` is not iterable */
export function $iterate(x: unknown): Iteration {
  const method = (x as { [iterable]?: unknown } | null | undefined)?.[iterable];
  const kind = builtinKind(x, method);
  if (kind !== null) {
    const iteration = new Iteration(kind, x);
    if (kind === "map") iteration.iterator = Reflect.apply(mapEntries, x, []);
    if (kind === "set") iteration.iterator = Reflect.apply(setValues, x, []);
    return iteration;
  }
  if (typeof method !== "function") throw new TypeError(`${describe(x)} is not iterable`);
  const iteration = new Iteration("iterator", x);
  iteration.open(method as Callable);
  return iteration;
}

function builtinKind(x: unknown, method: unknown): IterationKind | null {
  switch (method) {
    case arrayValues:
      return isObject(x) && arrayIteratorPrototype.next === arrayIteratorNext ? "index" : null;
    case typedArrayValues:
      return arrayIteratorPrototype.next === arrayIteratorNext && isTypedArray(x) ? "index" : null;
    case stringIterator:
      return typeof x === "string" && stringIteratorPrototype.next === stringIteratorNext ? "string" : null;
    case mapEntries:
      return x instanceof Map && mapIteratorPrototype.next === mapIteratorNext ? "map" : null;
    case setValues:
      return x instanceof Set && setIteratorPrototype.next === setIteratorNext ? "set" : null;
    default:
      return null;
  }
}

function isTypedArray(x: unknown): boolean {
  return ArrayBuffer.isView(x) && !(x instanceof DataView);
}

/** ToLength (§7.1.20). @throws TypeError for a BigInt or symbol */
export function toLength(value: unknown): number {
  return Math.min(Math.max(Math.trunc(+(value as number)) || 0, 0), Number.MAX_SAFE_INTEGER);
}

/** LengthOfArrayLike, or the length that a typed array has now. @throws TypeError for a detached or shrunk buffer */
function lengthOf(source: ArrayLike<unknown>): number {
  if (Array.isArray(source)) return source.length;
  if (!isTypedArray(source)) return toLength(source.length);
  const length: number = Reflect.apply(typedArrayLength, source, []);
  if (length === 0) Reflect.apply(typedArrayValues, source, []);
  return length;
}

/**
 * What `for (key in object)` iterates over: enumerable string keys, own ones first, as they are now; keys deleted
 * before their turn are left out.
 */
export function $keys(object: unknown): Iteration {
  const source = object === null || object === undefined ? {} : Object(object);
  const keys: string[] = [];
  for (const key in source) keys.push(key);
  const iteration = new Iteration("keys", source);
  iteration.keys = keys;
  return iteration;
}

/** GetMethod (§7.3.11) @throws TypeError when it is neither a function nor missing */
export function getMethod(object: object, name: PropertyKey): Callable | undefined {
  const method = (object as Record<PropertyKey, unknown>)[name];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new TypeError(`${String(name)} is not a function`);
  return method as Callable;
}

export function isObject(x: unknown): x is object {
  return (typeof x === "object" && x !== null) || typeof x === "function";
}

function describe(x: unknown): string {
  return isObject(x) ? "object" : String(x);
}
