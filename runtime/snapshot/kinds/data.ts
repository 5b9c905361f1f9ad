/**
 * Trees of plain data, and the way into them.
 *
 *   ["data",[{"id":1},{"id":2}]]   what `JSON.stringify` made of a tree of plain objects and arrays in which nothing is shared
 *   ["inside",3,1]                 the second object inside of data node 3, in the order of its text; the root does not count
 */
import { broken, type In, integer, type Kind, type Node } from "../kind.ts";

export const data: Kind = {
  tags: ["data"],
  prototypes: [],
  write: () => broken("written by what it holds"),
  allocate(node: Node): unknown {
    // The parsed text is the tree. `__proto__` is an own property in it.
    const [, tree] = node;
    return typeof tree === "object" && tree !== null ? tree : broken("a tree that is none");
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
