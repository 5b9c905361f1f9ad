/**
 * Half-done loops.
 *
 *   ["iteration","index",done,source,index]      also "string"
 *   ["iteration","keys",done,source,index,keys]
 *   ["iteration","map",done,source,position]     also "set"
 *   ["iteration","iterator",done,iterator,next]  also "async", "async-from-sync"
 *   ["iteration","iterator",done,generator]      the same over a generator of marked code
 *   ["iteration","async-from-sync",done,source,next,position]   over a collection of the language
 *
 * The position in a Map or Set is its size minus what is left, found by draining the native iterator; a fresh one that is
 * advanced so far visits the same entries, whatever is added or deleted from then on.
 */
import {
  AsyncIteration,
  generatorNext,
  Iteration,
  type IterationKind,
  isGeneratorNext,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, list, type Node, type Out, string } from "../kind.ts";

const fields = Object.keys(new Iteration("index", undefined)).length;

export const iteration: Kind = {
  tags: ["iteration"],
  prototypes: [Iteration.prototype, AsyncIteration.prototype],
  count: fields,
  done: (key) => key in shape,
  write(value: Iteration, out: Out): string {
    const head = `["iteration","${value.kind}",${value.done ? 1 : 0}`;
    switch (value.kind) {
      case "index":
      case "string":
        return `${head},${out.value(value.source)},${value.index}]`;
      case "keys":
        return `${head},${out.value(value.source)},${value.index},${out.value(value.keys)}]`;
      case "map":
      case "set":
        return `${head},${out.value(value.source)},${value.done ? 0 : position(value)}]`;
      default:
        if (isNative(value)) {
          return `${head},${out.value(value.source)},${out.value(value.method)},${position(value)}]`;
        }
        if (value.iterator === null) return `${head},null,[]]`;
        // The `next` of a generator is its own affair.
        return isGeneratorNext(value.method, value.iterator)
          ? `${head},${out.value(value.iterator)}]`
          : `${head},${out.value(value.iterator)},${out.value(value.method)}]`;
    }
  },
  allocate(node: Node): unknown {
    const kind = string(node[1]);
    if (kind === "async" || kind === "async-from-sync") return new AsyncIteration(kind, undefined);
    if (!["index", "string", "keys", "map", "set", "iterator"].includes(kind))
      return broken("a loop of an unknown kind");
    return new Iteration(kind as IterationKind, undefined);
  },
  fill(value: Iteration, node: Node, input: In): void {
    value.done = node[2] === 1;
    const source = input.value(node[3]);
    switch (value.kind) {
      case "index":
      case "string":
      case "keys":
        value.source = source;
        value.index = integer(node[4], Number.MAX_SAFE_INTEGER);
        if (value.kind === "string" && !value.done) string(source);
        if (value.kind === "index" && !value.done && !isObject(source)) broken("a loop over nothing");
        if (value.kind !== "keys" || value.done) return;
        input.afterwards(() => {
          const keys = list(input.value(node[5]));
          if (!keys.every((key) => typeof key === "string") || !isObject(source))
            broken("a loop over no keys");
          value.keys = keys as readonly string[];
        });
        return;
      case "map":
      case "set":
        value.source = source;
        if (!value.done) input.afterwards(() => restart(value, node[4]));
        return;
      default:
        if (node.length === 4) {
          if (!isObject(source)) return broken("a loop over no generator");
          value.iterator = source;
          input.afterwards(() => {
            value.method = generatorNext(source) ?? broken("a loop over no generator");
          });
          return;
        }
        value.method = input.value(node[4]);
        if (node.length > 5) {
          value.source = source;
          input.afterwards(() => restart(value, node[5]));
          return;
        }
        value.iterator =
          source === null || isObject(source) ? source : broken("an iterator that is no object");
    }
  },
};

const shape = { ...new Iteration("index", undefined) };

type Collection = readonly unknown[] | Map<unknown, unknown> | Set<unknown> | string;

/** What the language's own iterators over collections inherit from. */
const nativeIterators = new Set<unknown>(
  [[], new Map(), new Set(), ""].map((collection) => Object.getPrototypeOf(collection[Symbol.iterator]())),
);

/** `for await` over a collection of the language: its iterator is one of the platform, whose position can be found. */
function isNative({ kind, source, iterator }: Iteration): boolean {
  if (kind !== "async-from-sync" || iterator === null) return false;
  return isCollection(source) && nativeIterators.has(Object.getPrototypeOf(iterator));
}

function isCollection(source: unknown): source is Collection {
  return (
    typeof source === "string" || Array.isArray(source) || source instanceof Map || source instanceof Set
  );
}

/** How many entries of the collection as it is now were visited. Leaves the iteration where it was. */
function position(value: Iteration): number {
  const collection = value.source as Collection;
  let left = 0;
  for (const _ of value.iterator as Iterable<unknown>) left++;
  const visited = Math.max(0, sizeOf(collection) - left);
  value.iterator = iteratorAt(collection, visited);
  return visited;
}

function sizeOf(collection: Collection): number {
  if (typeof collection === "string") return [...collection].length;
  return "size" in collection ? collection.size : collection.length;
}

function restart(value: Iteration, raw: unknown): void {
  const { source, kind } = value;
  const fits =
    kind === "map" ? source instanceof Map : kind === "set" ? source instanceof Set : isCollection(source);
  if (!fits) return broken("a loop over no collection");
  const collection = source as Collection;
  value.iterator = iteratorAt(collection, integer(raw, sizeOf(collection) + 1));
}

function iteratorAt(collection: Collection, visited: number): object {
  const iterator: Iterator<unknown> =
    collection instanceof Map
      ? Map.prototype.entries.call(collection)
      : collection instanceof Set
        ? Set.prototype.values.call(collection)
        : Array.isArray(collection)
          ? Array.prototype.values.call(collection)
          : (collection as string)[Symbol.iterator]();
  for (let i = 0; i < visited; i++) iterator.next();
  return iterator;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
