/**
 * Trees of plain data, and the way into them.
 *
 * A large tree, and a large string, are `large` nodes: see `chunk-writer.ts`.
 *
 *   ["tree",[["id"]],[-2],[0],1,[0],2]   an array of two objects with the key `id`; `tree-text.ts` writes it
 *   ["inside",3,1]                       the second object inside of tree node 3, in the order of its text; the root does not count
 *
 * Until 0.1 trees were written as JSON, and so they are still read:
 *
 *   ["data",[{"id":1},{"id":2}]]         the same array
 *   ["data",[0],0,0,["-0"]]              an array whose element 0 (of object 0, the root) is -0, for which JSON has no word
 */
import { parse } from "../format.ts";
import { broken, type In, integer, type Kind, list, type Node, string } from "../kind.ts";
import { readLarge } from "../large.ts";
import { MAX_DEPTH } from "../plain-data.ts";
import { keyTemplate } from "./objects.ts";
import { readSpecial } from "./primitives.ts";

export const tree: Kind = {
  tags: ["tree"],
  prototypes: [],
  write: () => broken("written by what it holds"),
  allocate: (node: Node) => readTree(node, 1),
};

/** @param at where the key lists stand; the tokens follow */
export function readTree(node: Node, at: number): object {
  const tokens = new Tokens(node, at);
  const root = tokens.next(0);
  return typeof root === "object" && root !== null && tokens.atEnd ? root : broken("a tree that is none");
}

class Tokens {
  readonly #tokens: Node;
  readonly #shapes: readonly unknown[];
  /** An object with the keys of each list, once it was needed. */
  readonly #templates: (Record<string, unknown> | undefined)[] = [];
  #at: number;
  /** Values that objects and arrays still wait for: never more than there are tokens, so that nothing is made for a number alone. */
  #owed = 1;

  constructor(tokens: Node, at: number) {
    this.#tokens = tokens;
    this.#shapes = list(tokens[at]);
    this.#at = at + 1;
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  next(depth: number): unknown {
    const token = this.#tokens[this.#at++];
    this.#owed--;
    if (typeof token !== "object" || token === null) return token;
    if (!Array.isArray(token) || token.length > 1) return broken("a token that is none");
    const word: unknown = token[0];
    if (typeof word !== "number") return word === undefined ? undefined : readSpecial(string(word));
    if (depth > MAX_DEPTH) return broken("a tree that is too deep");
    return word < 0 ? this.#array(-1 - word, depth + 1) : this.#object(word, depth + 1);
  }

  #array(length: number, depth: number): unknown[] {
    this.#owe(length);
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.next(depth));
    return array;
  }

  #object(shape: number, depth: number): object {
    const keys = list(this.#shapes[integer(shape, this.#shapes.length)]) as readonly string[];
    this.#owe(keys.length);
    // A copy takes a third of the time of setting one key after the other.
    const object = { ...(this.#templates[shape] ??= keyTemplate(keys)) };
    for (let i = 0; i < keys.length; i++) object[keys[i]!] = this.next(depth);
    return object;
  }

  #owe(count: number): void {
    this.#owed += integer(count, this.#tokens.length - this.#at - this.#owed + 1);
  }
}

export const data: Kind = {
  tags: ["data"],
  prototypes: [],
  write: () => broken("written as a tree"),
  allocate: (node: Node, input: In) => readData(node, 1, input),
};

/** The parsed text is the tree. `__proto__` is an own property in it. */
function readData(node: Node, at: number, input: In): object {
  const root = node[at];
  if (typeof root !== "object" || root === null) return broken("a tree that is none");
  if (node.length === at + 1) return root;
  const objects = [root, ...objectsInside(root)];
  for (let i = at + 1; i < node.length; i += 3) {
    const object = objects[integer(node[i], objects.length)]!;
    const key = node[i + 1];
    if ((typeof key !== "string" && typeof key !== "number") || !Object.hasOwn(object, key))
      return broken("a value without a place");
    const value = input.value(node[i + 2]);
    if (typeof value !== "number" && value !== undefined) return broken("a value that needs no mending");
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return root;
}

export const large: Kind = {
  tags: ["large"],
  prototypes: [],
  write: () => broken("written by what it holds"),
  allocate(node: Node, input: In): unknown {
    const whole = readLarge(node, input.chunks);
    if (typeof whole !== "string") return broken("a large value that is no text");
    const value = parse(whole);
    if (node[1] === "tree") return readTree(list(value), 0);
    if (node[1] === "data") return readData(list(value), 0, input);
    return node[1] === "text" && typeof value === "string" ? value : broken("a large value of another kind");
  },
};

export const inside: Kind = {
  tags: ["inside"],
  prototypes: [],
  write: () => broken("written by its place"),
  allocate(node: Node, input: In): unknown {
    const objects = input.inside(node[1]);
    return objects[integer(node[2], objects.length)];
  },
};

/** All objects below `root`, in the order of its text. */
export function objectsInside(root: object): readonly object[] {
  const objects: object[] = [];
  const work: object[] = [root];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (next !== root) objects.push(next);
    const below = Object.values(next);
    for (let i = below.length - 1; i >= 0; i--) {
      const value: unknown = below[i];
      if (typeof value === "object" && value !== null) work.push(value);
    }
  }
  return objects;
}
