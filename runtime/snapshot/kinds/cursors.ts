/**
 * Iterators that marked code made.
 *
 *   ["cursor","array",iteration,"entries"]   also "map", "set"; "keys", "values"
 *   ["matches",matcher,text,done]
 */
import {
  type Cursor,
  type CursorFamily,
  type CursorMode,
  createCursor,
  createMatches,
  cursorPrototypes,
  Iteration,
  type Matches,
  matchesPrototype,
} from "../../machine/index.ts";
import { broken, type In, type Kind, type Node, type Out, string } from "../kind.ts";

const families = Object.keys(cursorPrototypes) as CursorFamily[];

export const cursor: Kind = {
  tags: ["cursor"],
  prototypes: Object.values(cursorPrototypes),
  count: 2,
  done: (key) => key === "iteration" || key === "mode",
  write(value: Cursor, out: Out): string {
    const prototype = Object.getPrototypeOf(value);
    const family = families.find((one) => cursorPrototypes[one] === prototype)!;
    return `["cursor","${family}",${out.value(value.iteration)},"${value.mode}"]`;
  },
  allocate(node: Node): unknown {
    const family = string(node[1]) as CursorFamily;
    const mode = string(node[3]) as CursorMode;
    if (!families.includes(family)) return broken("an iterator of an unknown kind");
    if (!["entries", "keys", "values"].includes(mode)) return broken("an iterator over unknown parts");
    return createCursor(family, null as never, mode);
  },
  fill(value: Cursor, node: Node, input: In): void {
    const iteration = input.value(node[2]);
    if (!(iteration instanceof Iteration)) return broken("an iterator without a position");
    value.iteration = iteration;
  },
};

export const matches: Kind = {
  tags: ["matches"],
  prototypes: [matchesPrototype],
  count: 3,
  done: (key) => key === "matcher" || key === "text" || key === "done",
  write: (value: Matches, out: Out) =>
    `["matches",${out.value(value.matcher)},${out.value(value.text)},${value.done ? 1 : 0}]`,
  allocate: () => createMatches(null as never, ""),
  fill(value: Matches, node: Node, input: In): void {
    const matcher = input.value(node[1]);
    if (!(matcher instanceof RegExp)) return broken("matches of no expression");
    value.matcher = matcher;
    value.text = string(input.value(node[2]));
    value.done = node[3] === 1;
  },
};
