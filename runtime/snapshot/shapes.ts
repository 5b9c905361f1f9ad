/** Key lists of objects: from the second object of a shape on, its keys stand in the name table. */
import { type Out, quote } from "./kind.ts";

/** Up to so many key lists are compared one by one. */
const FEW = 8;

interface Shape {
  readonly keys: readonly string[];
  /** In the name table; -1 until a second object has it. */
  index: number;
}

export class Shapes {
  readonly #out: Pick<Out, "name">;
  /** Objects of one shape come together. */
  #last: Shape | null = null;
  readonly #first: Shape[] = [];
  /** All of them by their joined keys, when they are many or there are commas in keys. */
  #byKeys: Map<string, Shape> | null = null;

  constructor(out: Pick<Out, "name">) {
    this.#out = out;
  }

  /** @returns undefined the first time a list is seen, afterwards its index in the name table */
  index(keys: readonly string[]): number | undefined {
    const last = this.#last;
    const shape = last !== null && isSame(last.keys, keys) ? last : this.#find(keys);
    if (shape === undefined) return undefined;
    this.#last = shape;
    if (shape.index < 0) shape.index = this.#out.name(`[${keys.map(quote).join()}]`);
    return shape.index;
  }

  #find(keys: readonly string[]): Shape | undefined {
    const first = this.#first;
    for (let i = 0; i < first.length; i++) if (isSame(first[i]!.keys, keys)) return first[i];
    const shape = { keys, index: -1 };
    if (first.length === FEW || this.#byKeys !== null || keys.some((key) => key.includes(","))) {
      this.#byKeys ??= new Map(first.map((known) => [known.keys.join(), known]));
      const joined = keys.join();
      const known = this.#byKeys.get(joined);
      // Keys with commas in them may join to the same text; such an object is written with its keys.
      if (known !== undefined) return isSame(known.keys, keys) ? known : undefined;
      this.#byKeys.set(joined, shape);
    } else first.push(shape);
    this.#last = shape;
    return undefined;
  }
}

/** Whether two key lists are equal. */
export function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
