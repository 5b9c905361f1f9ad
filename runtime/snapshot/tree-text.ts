/**
 * A tree of plain objects and arrays as a list of tokens, depth first: `JSON.stringify` takes half as long for a flat list without keys
 * as for the tree, and the text has two thirds of the length.
 *
 *   [["id","tags"]],[-3],[0],1,[-1],"a",[0],2,[-1],0      [{ id: 1, tags: [] }, { id: 2, tags: [] }, …
 *
 * The key lists come first, in the order in which they are met. Then `[n]` begins an object with the n-th of them, whose values
 * follow, `[-1-n]` an array of n elements; anything else is a value without identity, as in nodes. `kinds/data.ts` reads it.
 */

import { isSame } from "./shapes.ts";

/** So many tokens are written at a time: the list of all would take as much memory as the text. */
const PIECE = 4096;
/** Up to so many key lists are compared one by one. */
const FEW = 8;

/** Objects with one list of keys. */
export interface TreeShape {
  readonly keys: readonly string[];
  readonly token: readonly [number];
  /** By the place of a key: what shape the last object there had. */
  readonly below: (TreeShape | undefined)[];
}

/** Arrays of few elements begin alike. */
const arrays: readonly (readonly [number])[] = Array.from({ length: 64 }, (_, length) => [-1 - length]);

const UNDEFINED: readonly never[] = [];

export class TreeText {
  /** Where the root of the tree stands. */
  readonly root: TreeShape = { keys: [], token: [0], below: [] };
  readonly #shapes: TreeShape[] = [];
  readonly #texts: string[] = [];
  #byText: Map<string, TreeShape> | null = null;
  /** The first only makes the text of the others begin with a comma. */
  readonly #tokens: unknown[] = [0];
  #count = 1;
  readonly #pieces: string[] = [];

  /** Begins an object. @param last what shape is likely */
  object(keys: readonly string[], last: TreeShape | undefined): TreeShape {
    const shape = last !== undefined && isSame(last.keys, keys) ? last : this.#shapeOf(keys);
    this.#add(shape.token);
    return shape;
  }

  /** Begins an array. */
  array(length: number): void {
    this.#add(length < arrays.length ? arrays[length] : [-1 - length]);
  }

  /** A value without identity. What JSON has no word for is a token of its own. */
  value(value: unknown): void {
    if (typeof value === "number" && (value - value !== 0 || (value === 0 && 1 / value < 0)))
      this.#add([value === 0 ? "-0" : String(value)]);
    else if (value === undefined) this.#add(UNDEFINED);
    else this.#add(typeof value === "bigint" ? [`${value}n`] : value);
  }

  /** @returns the key lists and the tokens, to be put together between brackets */
  parts(): readonly string[] {
    this.#tokens.length = this.#count;
    this.#write();
    return [`[${this.#texts.join()}]`, ...this.#pieces];
  }

  #add(token: unknown): void {
    this.#tokens[this.#count++] = token;
    if (this.#count === PIECE) this.#write();
  }

  #write(): void {
    if (this.#count === 1) return;
    // A slice is a view in most engines; to put a comma before it would copy the text when its checksum is taken.
    this.#pieces.push(JSON.stringify(this.#tokens).slice(2, -1));
    this.#count = 1;
  }

  #shapeOf(keys: readonly string[]): TreeShape {
    const shapes = this.#shapes;
    for (let i = 0; i < shapes.length && i < FEW; i++) if (isSame(shapes[i]!.keys, keys)) return shapes[i]!;
    const text = JSON.stringify(keys);
    this.#byText ??= new Map();
    let shape = this.#byText.get(text);
    if (shape === undefined) {
      shape = { keys, token: [shapes.length], below: new Array<undefined>(keys.length) };
      shapes.push(shape);
      this.#texts.push(text);
      this.#byText.set(text, shape);
    }
    return shape;
  }
}
