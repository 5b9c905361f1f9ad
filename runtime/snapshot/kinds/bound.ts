/**
 * Functions that marked code bound.
 *
 *   ["bound",target,receiver,"bound f",2,argument…]   2: its length
 *
 * What a function is bound to cannot be given to it later, so it is looked for when the function is made. That ends: whatever it
 * was bound to was there before it.
 */
import { Bound, restoreBound } from "../../machine/index.ts";
import { broken, type In, type Kind, type Node, type Out, string } from "../kind.ts";

export function writeBound({ target, receiver, args, name, length }: Bound, out: Out): string {
  let text = `["bound",${out.value(target)},${out.value(receiver)},${out.value(name)},${out.value(length)}`;
  for (const arg of args) text += `,${out.value(arg)}`;
  return `${text}]`;
}

export const bound: Kind = {
  tags: ["bound"],
  prototypes: [],
  write: () => broken("written by its stamp"),
  allocate(node: Node, input: In): unknown {
    const [target, receiver, name, length, ...args] = node.slice(1).map((raw) => allocated(raw, input));
    if (typeof target !== "function" || typeof length !== "number")
      return broken("a function bound to none, or without a length");
    return restoreBound(new Bound(target as never, receiver, args, string(name), length));
  },
};

/** A value whose object exists, though it may still lack what it refers to. */
function allocated(raw: unknown, input: In): unknown {
  if (!Array.isArray(raw) || typeof raw[0] !== "number") return input.value(raw);
  const object = input.node(raw[0], []);
  return object === undefined ? broken("a function bound to what needs it") : object;
}
