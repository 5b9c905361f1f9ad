/**
 * Plain data: trees of plain objects and dense arrays over strings, numbers, booleans and null, in which nothing is
 * shared, frozen, hidden or named elsewhere. `JSON.stringify` writes such a tree as a whole, and `JSON.parse` reads it; numbers for
 * which JSON has no word, and `undefined` in arrays, are mended afterwards.
 *
 * Whether a tree is one takes a look at each object: at its prototype, at whether anything refers to it twice, and at each
 * property, which may be an accessor or read-only. That look costs as much again as `JSON.stringify`.
 */
import { nameOf } from "../machine/index.ts";
import { isBareArray } from "./bare-array.ts";
import { languageBrand } from "./brand.ts";
import { isIndex, quote } from "./kind.ts";
import { LONG, writeBare } from "./kinds/primitives.ts";
import type { Reached } from "./reached.ts";
import { resourceName } from "./resources.ts";

/** Trees that are deeper consist of several nodes: `JSON.stringify` calls itself for each level. */
const MAX_DEPTH = 100;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, isExtensible } =
  Object;

/**
 * Of longer arrays the values of the elements are read. Looking at each as a property takes 60 ns (Node 20), `JSON.stringify`
 * itself between 12 for a small integer and 85 for a fraction.
 */
export const LONG_LIST = 4096;
/** With more of them a tree is written in another way. */
const MOST_MENDED = 1_000_000;
/** Objects that were looked at in vain, beside those that were not, after which no more are. */
const PATIENCE = 2000;

/** A tree that was written. */
interface DataNode {
  readonly index: number;
  /** Where what stands inside of it begins among all that does. */
  readonly from: number;
}

export class PlainData {
  readonly #reached: Reached;
  readonly #isProxy: ((object: object) => boolean) | undefined;
  /** Objects that are no plain data. Without it a deep structure would be looked at from each of its levels. */
  #others: Set<object> | null = null;
  #inVain = 0;
  readonly #nodes: DataNode[] = [];
  /** What `JSON.stringify` writes as something else, in the tree that is being looked at. */
  #mends = "";
  #mended = 0;
  #from = 0;
  #root = 0;

  constructor(reached: Reached, isProxy: ((object: object) => boolean) | undefined) {
    this.#reached = reached;
    this.#isProxy = isProxy;
  }

  /**
   * A tree as JSON text, to be written as node `index`. Undefined: it is no plain data, or a single object, which is shorter with
   * its keys in the name table.
   */
  write(root: object, index: number): string | undefined {
    const from = this.#reached.inner.length;
    this.#root = index;
    if (!this.#isPlain(root)) return undefined;
    if (this.#reached.inner.length === from && !Array.isArray(root)) return undefined;
    this.#nodes.push({ index, from });
    const json = JSON.stringify(root);
    return this.#mends === "" ? json : `${json}${this.#mends}`;
  }

  /** Which object of which node stands there, in the order in which `JSON.stringify` comes by. */
  placeOf(place: number): readonly [node: number, at: number] {
    const nodes = this.#nodes;
    let [low, high] = [0, nodes.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (nodes[middle]!.from <= place) low = middle;
      else high = middle - 1;
    }
    const { index, from } = nodes[low]!;
    return [index, place - from];
  }

  /**
   * Whether the tree below a node is plain data. If so, what is in it has been enclosed in `reached`; if not, nothing has.
   * @param root a plain object or array that is a node
   */
  #isPlain(root: object): boolean {
    const { inner } = this.#reached;
    if (this.#inVain > PATIENCE + inner.length || this.#others?.has(root) || hasForeignJson()) return false;
    const mark = this.#reached.mark();
    this.#mends = "";
    this.#mended = 0;
    this.#from = mark[0];
    if (this.#isTree(root, 0)) return true;
    this.#inVain += inner.length - mark[0];
    this.#reached.release(mark);
    return false;
  }

  #isTree(object: object, depth: number): boolean {
    if (this.#isBranch(object, depth)) return true;
    // All that led here are no plain data either: each of them comes by on the way back.
    this.#others ??= new Set();
    this.#others.add(object);
    return false;
  }

  #isBranch(object: object, depth: number): boolean {
    if (depth > MAX_DEPTH || this.#isProxy?.(object)) return false;
    if (nameOf(object) !== undefined || resourceName(object) !== undefined) return false;
    const prototype = getPrototypeOf(object);
    if (!isExtensible(object)) return false;
    if (prototype === Object.prototype) return this.#isRecord(object, depth);
    return prototype === Array.prototype && Array.isArray(object) && this.#isList(object, depth);
  }

  #isRecord(object: object, depth: number): boolean {
    if (getOwnPropertySymbols(object).length > 0) return false;
    const place = this.#reached.inner.length - this.#from;
    const keys = getOwnPropertyNames(object);
    // As in `writePlain`: what hides that it is something else has no keys, or begins with an index.
    if ((keys.length === 0 || keys[0] === "0") && languageBrand(object) !== undefined) return false;
    for (let i = 0; i < keys.length; i++) {
      const found = getOwnPropertyDescriptor(object, keys[i]!)!;
      if (!isOrdinary(found)) return false;
      const value: unknown = found.value;
      if (!this.#isValue(value, depth) && !this.#isMended(value, place, keys[i]!)) return false;
    }
    return true;
  }

  #isList(array: readonly unknown[], depth: number): boolean {
    const place = this.#reached.inner.length - this.#from;
    const { length } = array;
    if (getOwnPropertyDescriptor(array, "length")!.writable !== true) return false;
    if (length > LONG_LIST) {
      if (!isLongList(array)) return false;
      for (let i = 0; i < length; i++) {
        const value = array[i];
        if (this.#isValue(value, depth)) continue;
        if (!this.#isMended(value, place, i) || (value === undefined && !Object.hasOwn(array, i)))
          return false;
      }
      return true;
    }
    // Symbols among them: one list is made faster than two.
    if (Reflect.ownKeys(array).length !== length + 1) return false;
    for (let i = 0; i < length; i++) {
      const found = getOwnPropertyDescriptor(array, i);
      if (found === undefined || !isOrdinary(found)) return false;
      if (!this.#isValue(found.value, depth) && !this.#isMended(found.value, place, i)) return false;
    }
    return true;
  }

  /** `-0`, `NaN`, the infinities; in arrays `undefined`, which in an object would cost it the place of its key. */
  #isMended(value: unknown, place: number, key: string | number): boolean {
    if (typeof value !== "number" && (value !== undefined || typeof key === "string")) return false;
    if (++this.#mended > MOST_MENDED) return false;
    this.#mends += `,${place},${typeof key === "string" ? quote(key) : key},${writeBare(value)!}`;
    return true;
  }

  #isValue(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case "string":
        return value.length <= LONG || this.#reached.encloseText(value);
      case "number":
        return value - value === 0 && (value !== 0 || 1 / value > 0);
      case "boolean":
        return true;
      case "object":
        return value === null || (this.#reached.enclose(value, this.#root) && this.#isTree(value, depth + 1));
      default:
        return false;
    }
  }
}

function isOrdinary(found: PropertyDescriptor): boolean {
  return found.writable === true && found.enumerable === true && found.configurable === true;
}

/** Whether a long array consists of elements; where it has a hole, `undefined` is read. */
function isLongList(array: readonly unknown[]): boolean {
  if (getOwnPropertySymbols(array).length > 0 || hasForeignElements()) return false;
  return isBareArray?.(array) ?? getOwnPropertyNames(array).length === array.length + 1;
}

/** Whether somebody has given elements to what arrays inherit from. Indexes are the first names. */
function hasForeignElements(): boolean {
  return (
    getOwnPropertyNames(Array.prototype)[0] !== "length" ||
    isIndex(getOwnPropertyNames(Object.prototype)[0]!, 2 ** 32)
  );
}

/**
 * Whether an array is plain data without anything inside, as it was when `before` was copied from it. No longer than it takes to
 * compare them.
 */
export function isSameList(
  array: readonly unknown[],
  before: readonly unknown[],
  isProxy: ((object: object) => boolean) | undefined,
): boolean {
  const { length } = before;
  if (isProxy?.(array) || array.length !== length || !isExtensible(array) || nameOf(array) !== undefined)
    return false;
  if (resourceName(array) !== undefined || hasForeignJson() || getPrototypeOf(array) !== Array.prototype)
    return false;
  if (getOwnPropertyDescriptor(array, "length")!.writable !== true || !isLongList(array)) return false;
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (value !== before[i] || (value === 0 && 1 / value < 0)) return false;
  }
  return true;
}

/** A copy of an array that is plain data for `isSameList`, if it holds nothing but numbers, short texts, booleans and null. */
export function copyOfList(array: readonly unknown[]): readonly unknown[] | undefined {
  for (let i = 0; i < array.length; i++) {
    const value = array[i];
    if (
      typeof value === "string"
        ? value.length > LONG
        : typeof value === "object"
          ? value !== null
          : value === undefined
    )
      return undefined;
    if (typeof value === "number" && (Number.isNaN(value) || (value === 0 && 1 / value < 0)))
      return undefined;
  }
  return array.slice();
}

/** Whether somebody has taught `JSON.stringify` to write values of the language in another way. */
function hasForeignJson(): boolean {
  return (
    "toJSON" in Array.prototype ||
    "toJSON" in String.prototype ||
    "toJSON" in Number.prototype ||
    "toJSON" in Boolean.prototype
  );
}
