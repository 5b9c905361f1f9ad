/**
 * Who waits for a promise, as data of the machine.
 *
 *   ["then",onFulfilled,onRejected,target]   target: a node, or null
 *   ["adopt",target]   ["finally",f,target]   ["constant",value,threw,target]   ["unwrap",iteration,done,target]
 *   ["mirror",resolve,reject]                what a constructor of the author's gave, for a promise that is none of the machine's
 *   ["element",group,index]   ["group","all",remaining,values,target]
 *   ["thenable",target,thenable,then]        a job of its own: only in the queue
 */
import {
  Adopt,
  Constant,
  type Durable,
  Element,
  Finally,
  Group,
  type Handler,
  Iteration,
  Mirror,
  Then,
  ThenableJob,
  Unwrap,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, type Node, type Out } from "../kind.ts";
import { readPromise } from "./promises.ts";

const nobody = undefined as unknown as Durable;

function handler(raw: unknown, input: In): Handler | undefined {
  const value = input.value(raw);
  return value === undefined || typeof value === "function"
    ? (value as Handler | undefined)
    : broken("a handler that is no function");
}

const MOST = 2 ** 32;

export const thenReaction: Kind = {
  tags: ["then"],
  prototypes: [Then.prototype],
  count: 3,
  write: ({ onFulfilled, onRejected, target }: Then, out: Out) =>
    `["then",${out.value(onFulfilled)},${out.value(onRejected)},${target === null ? null : out.index(target)}]`,
  allocate: () => new Then(undefined, undefined, null),
  fill(value: Then, node: Node, input: In): void {
    value.onFulfilled = handler(node[1], input);
    value.onRejected = handler(node[2], input);
    value.target = node[3] === null ? null : readPromise(node[3], input);
  },
};

export const adopt: Kind = {
  tags: ["adopt"],
  prototypes: [Adopt.prototype],
  count: 1,
  write: ({ target }: Adopt, out: Out) => `["adopt",${out.index(target)}]`,
  allocate: () => new Adopt(nobody),
  fill(value: Adopt, node: Node, input: In): void {
    value.target = readPromise(node[1], input);
  },
};

export const finallyReaction: Kind = {
  tags: ["finally"],
  prototypes: [Finally.prototype],
  count: 2,
  write: ({ onFinally, target }: Finally, out: Out) =>
    `["finally",${out.value(onFinally)},${out.index(target)}]`,
  allocate: () => new Finally(() => undefined, nobody),
  fill(value: Finally, node: Node, input: In): void {
    value.onFinally = (handler(node[1], input) ?? broken("a handler is missing")) as () => unknown;
    value.target = readPromise(node[2], input);
  },
};

export const mirror: Kind = {
  tags: ["mirror"],
  prototypes: [Mirror.prototype],
  count: 2,
  write: ({ target }: Mirror, out: Out) =>
    `["mirror",${out.value(target.resolve)},${out.value(target.reject)}]`,
  allocate: () => new Mirror(nobody as never),
  fill(value: Mirror, node: Node, input: In): void {
    const given = (raw: unknown): Handler => handler(raw, input) ?? broken("a handler is missing");
    value.target = { resolve: given(node[1]), reject: given(node[2]) };
  },
};

export const constant: Kind = {
  tags: ["constant"],
  prototypes: [Constant.prototype],
  count: 3,
  write: ({ value, threw, target }: Constant, out: Out) =>
    `["constant",${out.value(value)},${threw ? 1 : 0},${out.index(target)}]`,
  allocate: () => new Constant(undefined, false, nobody),
  fill(value: Constant, node: Node, input: In): void {
    value.value = input.value(node[1]);
    value.threw = node[2] === 1;
    value.target = readPromise(node[3], input);
  },
};

export const unwrap: Kind = {
  tags: ["unwrap"],
  prototypes: [Unwrap.prototype],
  count: 3,
  write: ({ iteration, done, target }: Unwrap, out: Out) =>
    `["unwrap",${out.value(iteration)},${done ? 1 : 0},${out.index(target)}]`,
  allocate: () => new Unwrap(null, false, nobody),
  fill(value: Unwrap, node: Node, input: In): void {
    const iteration = input.value(node[1]);
    if (iteration !== null && !(iteration instanceof Iteration)) return broken("an iteration that is none");
    value.iteration = iteration;
    value.done = node[2] === 1;
    value.target = readPromise(node[3], input);
  },
};

export const element: Kind = {
  tags: ["element"],
  prototypes: [Element.prototype],
  count: 2,
  write: ({ group, index }: Element, out: Out) => `["element",${out.index(group)},${index}]`,
  allocate: (node: Node) => new Element(undefined as never, integer(node[2], MOST)),
  fill(value: Element, node: Node, input: In): void {
    value.group = input.node(node[1], ["group"]) as Group;
  },
};

const groupKinds: readonly unknown[] = ["all", "allSettled", "race", "any"] satisfies Group["kind"][];

export const group: Kind = {
  tags: ["group"],
  prototypes: [Group.prototype],
  count: 5,
  write: ({ kind, remaining, values, target }: Group, out: Out) =>
    `["group","${kind}",${remaining},${out.value(values)},${out.index(target)}]`,
  allocate(node: Node): unknown {
    if (!groupKinds.includes(node[1])) return broken("a combinator that is none");
    const made = new Group(node[1] as Group["kind"], nobody);
    made.remaining = integer(node[2], MOST);
    return made;
  },
  fill(value: Group, node: Node, input: In): void {
    const values = input.value(node[3]);
    value.values = Array.isArray(values) ? values : broken("a combinator without values");
    value.target = readPromise(node[4], input);
  },
};

export const thenableJob: Kind = {
  tags: ["thenable"],
  prototypes: [ThenableJob.prototype],
  count: 3,
  write: ({ target, thenable, then }: ThenableJob, out: Out) =>
    `["thenable",${out.index(target)},${out.value(thenable)},${out.value(then)}]`,
  allocate: () => new ThenableJob(nobody, {}, () => undefined),
  fill(value: ThenableJob, node: Node, input: In): void {
    value.target = readPromise(node[1], input);
    const thenable = input.value(node[2]);
    if ((typeof thenable !== "object" || thenable === null) && typeof thenable !== "function") {
      return broken("a thenable that is no object");
    }
    value.thenable = thenable as object;
    value.then = (handler(node[3], input) ?? broken("a then that is no function")) as ThenableJob["then"];
  },
};
