/**
 * Iterator helpers of marked code.
 *
 *   ["helper",kind,done,iterator,next,callback,counter,remaining]                   kind: "map", "filter", "take", "drop", "flatMap"
 *   ["helper","flatMap",done,iterator,next,callback,counter,remaining,inner]   in a half-done loop over what the callback returned
 *
 * `next` is 0 for that of a generator of marked code, which belongs to the code.
 */
import {
  createHelper,
  generatorNext,
  type HelperKind,
  Iteration,
  IteratorHelper,
  type IteratorRecord,
  isGeneratorNext,
  iteratorHelperPrototype,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, type Node, type Out, string } from "../kind.ts";

const kinds: readonly string[] = ["map", "filter", "take", "drop", "flatMap"] satisfies HelperKind[];

export const helper: Kind = {
  tags: ["helper"],
  prototypes: [iteratorHelperPrototype],
  write(value: IteratorHelper, out: Out): string {
    const { kind, underlying, callback, counter, remaining, inner, done } = IteratorHelper.state(value);
    if (done) return `["helper","${kind}",1]`;
    const record = ({ iterator, next }: IteratorRecord) =>
      `${out.value(iterator)},${isGeneratorNext(next, iterator) ? "0" : out.value(next)}`;
    const text = `["helper","${kind}",0,${record(underlying)},${out.value(callback)},${counter},${out.value(remaining)}`;
    return inner === null ? `${text}]` : `${text},${out.value(inner)}]`;
  },
  allocate(node: Node): unknown {
    const kind = string(node[1]);
    if (!kinds.includes(kind)) return broken("an iterator helper of an unknown kind");
    return createHelper({
      kind: kind as HelperKind,
      underlying: null as never,
      callback: null,
      counter: 0,
      remaining: 0,
      inner: null,
      done: integer(node[2], 2) === 1,
    });
  },
  fill(value: IteratorHelper, node: Node, input: In): void {
    const state = IteratorHelper.state(value);
    if (state.done) return;
    input.afterwards(() => {
      state.underlying = record(node, 3, input);
      if (node.length > 8) state.inner = iterationOf(input.value(node[8]));
    });
    state.callback = input.value(node[5]);
    state.counter = integer(node[6], Number.MAX_SAFE_INTEGER);
    const remaining = input.value(node[7]);
    if (typeof remaining !== "number" || !(remaining >= 0))
      return broken("an iterator helper without a count");
    state.remaining = remaining;
  },
};

function iterationOf(value: unknown): Iteration {
  return value instanceof Iteration ? value : broken("an iterator helper in no loop");
}

function record(node: Node, at: number, input: In): IteratorRecord {
  const iterator = input.value(node[at]);
  if (typeof iterator !== "object" || iterator === null) return broken("an iterator helper over nothing");
  const next = node[at + 1] === 0 ? generatorNext(iterator) : input.value(node[at + 1]);
  return typeof next === "function" ? { iterator, next } : broken("an iterator helper without next");
}
