/**
 * Iterators that marked code made.
 *
 *   ["cursor","array",iteration,"entries"]                also "string", "map", "set"; "keys", "values"
 *   ["matches",matcher,text,global,unicode,done]          the last three 0 or 1
 */
import {
  Cursor,
  type CursorFamily,
  type CursorMode,
  createCursor,
  createMatches,
  cursorPrototypes,
  Iteration,
  type IterationKind,
  Matches,
  matchesPrototype,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, type Node, type Out, string } from "../kind.ts";

const kindOfFamily: { readonly [family in CursorFamily]: IterationKind } = {
  array: "index",
  string: "string",
  map: "map",
  set: "set",
};

export const cursor: Kind = {
  tags: ["cursor"],
  prototypes: cursorPrototypes,
  write(value: Cursor, out: Out): string {
    const { family, mode, iteration } = Cursor.state(value);
    return `["cursor","${family}",${out.value(iteration)},"${mode}"]`;
  },
  allocate(node: Node): unknown {
    const family = string(node[1]);
    const mode = string(node[3]);
    if (!Object.hasOwn(kindOfFamily, family)) return broken("an iterator of an unknown kind");
    if (!["entries", "keys", "values"].includes(mode)) return broken("an iterator over unknown parts");
    return createCursor(family as CursorFamily, mode as CursorMode, null as never);
  },
  fill(value: Cursor, node: Node, input: In): void {
    const state = Cursor.state(value);
    const iteration = input.value(node[2]);
    if (!(iteration instanceof Iteration) || iteration.kind !== kindOfFamily[state.family])
      return broken("an iterator without a position");
    state.iteration = iteration;
  },
};

const flag = (value: boolean) => (value ? 1 : 0);

export const matches: Kind = {
  tags: ["matches"],
  prototypes: [matchesPrototype],
  write(value: Matches, out: Out): string {
    const { matcher, text, global, unicode, done } = Matches.state(value);
    return `["matches",${out.value(matcher)},${out.value(text)},${flag(global)},${flag(unicode)},${flag(done)}]`;
  },
  allocate(node: Node): unknown {
    const [global, unicode, done] = node.slice(3, 6).map((raw) => integer(raw, 2) === 1);
    return createMatches({
      matcher: null as never,
      text: "",
      global: global ?? false,
      unicode: unicode ?? false,
      done: done ?? false,
    });
  },
  fill(value: Matches, node: Node, input: In): void {
    const state = Matches.state(value);
    const matcher = input.value(node[1]);
    if (!(matcher instanceof RegExp)) return broken("matches of no expression");
    state.matcher = matcher;
    state.text = string(input.value(node[2]));
  },
};
