/**
 * Trees of plain data, and the way into them.
 *
 * A large tree, and a large string, are `large` nodes: see `chunk-writer.ts`.
 *
 *   ["data",[{"id":1},{"id":2}]]   what `JSON.stringify` made of a tree of plain objects and arrays in which nothing is shared
 *   ["data",[0],0,0,["-0"]]        the same, after which element 0 of object 0, the root, becomes -0
 *   ["inside",3,1]                 the second object inside of data node 3, in the order of its text; the root does not count
 */

import { parse } from "../format.ts";
import { broken, type In, integer, type Kind, list, type Node } from "../kind.ts";
import { readLarge } from "../large.ts";

export const data: Kind = {
  tags: ["data"],
  prototypes: [],
  write: () => broken("written by what it holds"),
  allocate: (node: Node, input: In) => readTree(node, 1, input),
};

/** The parsed text is the tree. `__proto__` is an own property in it. */
function readTree(node: Node, at: number, input: In): object {
  const tree = node[at];
  if (typeof tree !== "object" || tree === null) return broken("a tree that is none");
  if (node.length === at + 1) return tree;
  const objects = [tree, ...objectsInside(tree)];
  for (let i = at + 1; i < node.length; i += 3) {
    const object = objects[integer(node[i], objects.length)]!;
    const key = node[i + 1];
    if ((typeof key !== "string" && typeof key !== "number") || !Object.hasOwn(object, key))
      return broken("a value without a place");
    const value = input.value(node[i + 2]);
    if (typeof value !== "number" && value !== undefined) return broken("a value that needs no mending");
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return tree;
}

export const large: Kind = {
  tags: ["large"],
  prototypes: [],
  write: () => broken("written by what it holds"),
  allocate(node: Node, input: In): unknown {
    const whole = readLarge(node, input.chunks);
    if (typeof whole !== "string") return broken("a large value that is no text");
    const value = parse(whole);
    if (node[1] === "data") return readTree(list(value), 0, input);
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
