/** Key lists of objects: from the second object of a shape on, its keys stand in the name table. */
import { type Out, quote } from "./kind.ts";

interface Shape {
  readonly keys: readonly string[];
  /** In the name table; -1 until a second object has it. */
  index: number;
}

export class Shapes {
  readonly #out: Pick<Out, "name">;
  readonly #byKeys = new Map<string, Shape>();
  /** Objects of one shape come together. */
  #last: Shape | null = null;

  constructor(out: Pick<Out, "name">) {
    this.#out = out;
  }

  /** @returns undefined the first time a list is seen, afterwards its index in the name table */
  index(keys: readonly string[]): number | undefined {
    let shape = this.#last;
    if (shape === null || !isSame(shape.keys, keys)) {
      const joined = keys.join();
      shape = this.#byKeys.get(joined) ?? null;
      if (shape === null) {
        this.#last = { keys, index: -1 };
        this.#byKeys.set(joined, this.#last);
        return undefined;
      }
      // Keys with commas in them may join to the same text; such an object is written with its keys.
      if (!isSame(shape.keys, keys)) return undefined;
      this.#last = shape;
    }
    if (shape.index < 0) shape.index = this.#out.name(`[${keys.map(quote).join()}]`);
    return shape.index;
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
