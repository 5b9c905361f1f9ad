/**
 * What `Iterator.from(x)` makes of an iterator that does not inherit from `Iterator` (ECMA-262 §27.1.3.2.1.1). Nobody can read what that
 * of the engine is over, so marked code gets these.
 *
 *   ["wrapped",iterator,next]
 */
import { $helpers, $module, invoke, makers } from "../../machine/index.ts";
import { broken, type In, type Kind, type Node, type Out } from "../kind.ts";

type Callable = (...args: never[]) => unknown;

interface Platform {
  readonly prototype: object;
  readonly from?: (value: unknown) => object;
}

const platform = (globalThis as { readonly Iterator?: Platform }).Iterator;
const from = platform?.from;

class WrappedIterator {
  #iterator: object | null = null;
  #next: unknown = undefined;

  /** What it is over; `next` was read once. */
  static over(wrapped: WrappedIterator): { readonly iterator: object | null; readonly next: unknown } {
    return { iterator: wrapped.#iterator, next: wrapped.#next };
  }

  static wrap(wrapped: WrappedIterator, iterator: object, next: unknown): WrappedIterator {
    wrapped.#iterator = iterator;
    wrapped.#next = next;
    return wrapped;
  }

  next(): unknown {
    return Reflect.apply(this.#next as Callable, this.#iterator, []);
  }

  return(): unknown {
    const iterator = this.#iterator as { readonly return?: unknown };
    const method = methodOf(iterator, "return");
    return method === undefined ? { value: undefined, done: true } : Reflect.apply(method, iterator, []);
  }
}

const { prototype } = WrappedIterator;
if (from !== undefined) {
  const sample = Reflect.apply(from, platform, [{ next() {} }]) as object;
  Object.setPrototypeOf(prototype, Object.getPrototypeOf(sample) as object);
  Reflect.deleteProperty(prototype, "constructor");
  $helpers(prototype);
  // A loop keeps the `next` that it has read; and somebody may keep a `map`.
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  const names = methods.map(([name, { value }]) => [name, () => value as unknown] as const);
  $module("coldframe/machine.wrapped", "1", Object.fromEntries(names));
  makers.set(from, (_f: never, Class: unknown, [value]: readonly unknown[]) =>
    Class === platform ? iteratorFrom(value) : undefined,
  );
}

/** GetMethod (§7.3.10) */
function methodOf(object: unknown, key: PropertyKey): Callable | undefined {
  const method: unknown = (object as { readonly [key: PropertyKey]: unknown })[key];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new TypeError(`${String(key)} is not a function`);
  return method as Callable;
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** Iterator.from (§27.1.3.2). What it refuses is left to the engine. */
function iteratorFrom(value: unknown): object | undefined {
  if (!isObject(value) && typeof value !== "string") return undefined;
  const method = methodOf(value, Symbol.iterator);
  const iterator = method === undefined ? value : invoke(method, value, [], "");
  if (!isObject(iterator)) throw new TypeError("the iterator is not an object");
  const step: unknown = (iterator as { readonly next?: unknown }).next;
  const inherits = Reflect.apply(Object.prototype.isPrototypeOf, platform!.prototype, [iterator]) as boolean;
  return inherits ? iterator : WrappedIterator.wrap(new WrappedIterator(), iterator, step);
}

export const wrappedIterator: Kind = {
  tags: ["wrapped"],
  prototypes: [prototype],
  write(value: WrappedIterator, out: Out): string {
    const { iterator, next } = WrappedIterator.over(value);
    return `["wrapped",${out.value(iterator)},${out.value(next)}]`;
  },
  allocate: () => new WrappedIterator(),
  fill(value: WrappedIterator, node: Node, input: In): void {
    input.afterwards(() => {
      const iterator = input.value(node[1]);
      if (!isObject(iterator)) return broken("an iterator over nothing");
      WrappedIterator.wrap(value, iterator, input.value(node[2]));
    });
  },
};
