/**
 * Plain data: trees of plain objects and dense arrays over values without identity, in which nothing is shared, frozen, hidden
 * or named elsewhere. Such a tree is one node, see `tree-text.ts`.
 *
 * Whether a tree is one takes a look at each object: at its prototype, at whether anything refers to it twice, and at each
 * property, which may be an accessor or read-only. The language has nothing cheaper than a property descriptor for the latter (27 ns
 * for a named property, 48 for an element), nor than a set for the former (70 ns): together they cost more than `JSON.stringify`.
 * Of 1 MB of records, the tokens and their checksum take 1.2 times as long as `JSON.stringify` of the tree, with the set 1.5 times, with
 * the look at each object and property 3.1 times.
 */
import { nameOf } from "../machine/index.ts";
import { isBareArray } from "./bare-array.ts";
import { languageBrand } from "./brand.ts";
import { isIndex } from "./kind.ts";
import { EXTENSIBLE, isOrdinary } from "./kinds/own-table.ts";
import { LONG } from "./kinds/primitives.ts";
import type { Reached } from "./reached.ts";
import { resourceName } from "./resources.ts";
import { type TreeShape, TreeText } from "./tree-text.ts";

/** Trees that are deeper consist of several nodes: writer and reader call themselves for each level. */
export const MAX_DEPTH = 100;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, isExtensible } =
  Object;

/**
 * Of longer arrays the values of the elements are read. Looking at each as a property takes 60 ns (Node 20), `JSON.stringify`
 * itself between 12 for a small integer and 85 for a fraction.
 */
export const LONG_LIST = 4096;
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
  /** Of the tree that is being looked at. */
  #text = new TreeText();
  #root = 0;

  constructor(reached: Reached, isProxy: ((object: object) => boolean) | undefined) {
    this.#reached = reached;
    this.#isProxy = isProxy;
  }

  /**
   * The text of a tree in parts: its key lists and tokens, to be written as node `index`. Undefined: it is no plain data, or a single
   * object, which is shorter with its keys in the name table.
   */
  write(root: object, index: number): readonly string[] | undefined {
    const from = this.#reached.inner.length;
    this.#root = index;
    if (!this.#isPlain(root)) return undefined;
    if (this.#reached.inner.length === from && !Array.isArray(root)) return undefined;
    this.#nodes.push({ index, from });
    return this.#text.parts();
  }

  /** Which object of which node stands there, in the order of its text. */
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
    this.#text = new TreeText();
    if (this.#isTree(root, 0, this.#text.root, 0)) return true;
    this.#inVain += inner.length - mark[0];
    this.#reached.release(mark);
    return false;
  }

  /** @param above the object in which it stands, @param place at which of its keys, perhaps in arrays */
  #isTree(object: object, depth: number, above: TreeShape, place: number): boolean {
    if (this.#isBranch(object, depth, above, place)) return true;
    // All that led here are no plain data either: each of them comes by on the way back.
    this.#others ??= new Set();
    this.#others.add(object);
    return false;
  }

  #isBranch(object: object, depth: number, above: TreeShape, place: number): boolean {
    if (depth > MAX_DEPTH || this.#isProxy?.(object)) return false;
    if (nameOf(object) !== undefined || resourceName(object) !== undefined) return false;
    if (!isExtensible(object)) return false;
    const prototype = getPrototypeOf(object);
    if (prototype === Object.prototype) return this.#isRecord(object, depth, above, place);
    return (
      prototype === Array.prototype && Array.isArray(object) && this.#isList(object, depth, above, place)
    );
  }

  #isRecord(object: object, depth: number, above: TreeShape, place: number): boolean {
    if (getOwnPropertySymbols(object).length > 0) return false;
    const keys = getOwnPropertyNames(object);
    // As in `writePlain`: what hides that it is something else has no keys, or begins with an index.
    if ((keys.length === 0 || keys[0] === "0") && languageBrand(object) !== undefined) return false;
    const shape = this.#text.object(keys, above.below[place]);
    above.below[place] = shape;
    for (let i = 0; i < keys.length; i++) {
      const found = getOwnPropertyDescriptor(object, keys[i]!)!;
      if (!isOrdinary(found, EXTENSIBLE) || !this.#isValue(found.value, depth, shape, i)) return false;
    }
    return true;
  }

  #isList(array: readonly unknown[], depth: number, above: TreeShape, place: number): boolean {
    const { length } = array;
    if (getOwnPropertyDescriptor(array, "length")!.writable !== true) return false;
    this.#text.array(length);
    if (length > LONG_LIST) {
      if (!isLongList(array)) return false;
      for (let i = 0; i < length; i++) {
        const value = array[i];
        if (!this.#isValue(value, depth, above, place)) return false;
        if (value === undefined && !Object.hasOwn(array, i)) return false;
      }
      return true;
    }
    // Symbols among them: one list is made faster than two.
    if (Reflect.ownKeys(array).length !== length + 1) return false;
    for (let i = 0; i < length; i++) {
      const found = getOwnPropertyDescriptor(array, i);
      if (found === undefined || !isOrdinary(found, EXTENSIBLE)) return false;
      if (!this.#isValue(found.value, depth, above, place)) return false;
    }
    return true;
  }

  #isValue(value: unknown, depth: number, above: TreeShape, place: number): boolean {
    // One after the other: `switch (typeof value)` calls a function of the engine.
    if (typeof value === "object" && value !== null)
      return this.#reached.enclose(value, this.#root) && this.#isTree(value, depth + 1, above, place);
    if (typeof value === "string") {
      if (value.length > LONG && !this.#reached.encloseText(value)) return false;
    } else if (typeof value === "symbol" || typeof value === "function") return false;
    this.#text.value(value);
    return true;
  }
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
