/**
 * Generators. Their frame is that of a task, see promises.ts.
 *
 *   ["generator",3,4]                 made by the function that is node 3; its task
 *   ["generator",[5],4]               the same, inheriting from node 5
 *   ["prototype",3]                   the `prototype` that the generator function of node 3 was made with
 *   ["next","shop#pages"]             the `next` that the generators of this code share
 *   ["queue","running",7,0,value,8]   what an async generator was asked: the promise that it answers now (or null), then mode, value, promise
 *                                     of each request behind
 *   ["generating","yield",4]          it awaits the operand of a yield
 *   ["delegate","pass",6]             a `yield*` over the iteration of node 6
 */
import { ColdframeError } from "../../errors.ts";
import {
  type Callable,
  codeOf,
  createGenerator,
  Delegation,
  type DelegationPhase,
  type Durable,
  Generating,
  GeneratorQueue,
  generatorFunctionOf,
  Iteration,
  isPristine,
  nameOf,
  nextOfCode,
  Request,
  type ResumeMode,
  stampOf,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, type Node, type Out, string } from "../kind.ts";
import { noClass } from "./classes.ts";
import { queueOf, readPromise } from "./promises.ts";

const FUNCTIONS = ["fn", "ref", "made", "member"];

export function writeGenerator(object: object, task: Durable, out: Out): string {
  const prototype: object | null = Object.getPrototypeOf(object);
  const f = prototype === null ? undefined : generatorFunctionOf(prototype);
  // What the author has put there is saved with it, although the function may have another prototype now.
  if (f !== undefined && !isPristine(prototype!)) out.index(prototype);
  return `["generator",${f === undefined ? out.value(prototype) : out.index(f)},${out.index(task)}]`;
}

export function writePrototype(f: Callable, out: Out): string {
  return `["prototype",${out.index(f)}]`;
}

export const generator: Kind = {
  tags: ["generator"],
  prototypes: [],
  write: () => broken("written by its task"),
  allocate(node: Node, input: In): unknown {
    const raw = node[1];
    const inherits = Array.isArray(raw) ? prototypeNode(raw, input) : prototypeOf(raw, input);
    const task = readPromise(node[2], input);
    // The task itself is not filled so far.
    const isAsync = queueOf(input.nodes[node[2] as number] as Node, input) !== undefined;
    return createGenerator(task, inherits as object, isAsync);
  },
};

function prototypeNode(raw: readonly unknown[], input: In): unknown {
  return typeof raw[0] === "number" ? input.node(raw[0], []) : input.value(raw);
}

/** The `prototype` of the function that is node `raw`, as it was made. */
function prototypeOf(raw: unknown, input: In): object {
  const f = input.node(raw, FUNCTIONS);
  if (typeof f !== "function") return noClass([raw], input, "the prototype of");
  const prototype: unknown = f.prototype;
  if (typeof prototype === "object" && prototype !== null) return prototype;
  const id = nameOf(f) ?? stampOf(f as Callable)?.code.id ?? f.name;
  throw new ColdframeError(
    "CF2103",
    `migration needed: ${id} made a generator that is saved, and is no generator function any more. Map it in a migration, or deploy the old build beside this one`,
  );
}

export const generatorPrototypeKind: Kind = {
  tags: ["prototype"],
  prototypes: [],
  write: () => broken("written by its function"),
  allocate: (node: Node, input: In) => prototypeOf(node[1], input),
};

export const generatorNextKind: Kind = {
  tags: ["next"],
  prototypes: [],
  write: () => broken("written by its code"),
  allocate(node: Node): unknown {
    const id = string(node[1]);
    const code = codeOf(id);
    if (code?.kind === "generator") return nextOfCode(code);
    throw new ColdframeError(
      "CF2103",
      `no loaded generator function is called ${id.slice(0, 60)}. Load the module that has it, or say with renamed() what it is called now`,
    );
  },
};

const STATES: readonly unknown[] = [
  "start",
  "yield",
  "running",
  "draining",
  "done",
] satisfies GeneratorQueue["state"][];

export const queue: Kind = {
  tags: ["queue"],
  prototypes: [GeneratorQueue.prototype],
  count: 3,
  write({ state, promise, requests }: GeneratorQueue, out: Out): string {
    let text = `["queue","${state}",${promise === null ? null : out.index(promise)}`;
    for (const { mode, value, promise } of requests)
      text += `,${mode},${out.value(value)},${out.index(promise)}`;
    return `${text}]`;
  },
  allocate(node: Node): unknown {
    const made = new GeneratorQueue();
    made.state = STATES.includes(node[1])
      ? (node[1] as GeneratorQueue["state"])
      : broken("a generator in an unknown state");
    return made;
  },
  fill(value: GeneratorQueue, node: Node, input: In): void {
    value.promise = node[2] === null ? null : readPromise(node[2], input);
    for (let i = 3; i < node.length; i += 3) {
      const mode = integer(node[i], 3) as ResumeMode;
      value.requests.push(new Request(mode, input.value(node[i + 1]), readPromise(node[i + 2], input)));
    }
  },
};

const PHASES: readonly unknown[] = ["yield", "return", "end"] satisfies Generating["phase"][];

export const generating: Kind = {
  tags: ["generating"],
  prototypes: [Generating.prototype],
  count: 2,
  write: ({ phase, task }: Generating, out: Out) => `["generating","${phase}",${out.index(task)}]`,
  allocate: (node: Node) =>
    PHASES.includes(node[1])
      ? new Generating(node[1] as Generating["phase"], undefined as never)
      : broken("a generator that awaits nothing"),
  fill(value: Generating, node: Node, input: In): void {
    value.task = readPromise(node[2], input);
  },
};

const DELEGATION_PHASES: readonly unknown[] = [
  "pass",
  "return",
  "no throw",
  "no return",
] satisfies DelegationPhase[];

export const delegation: Kind = {
  tags: ["delegate"],
  prototypes: [Delegation.prototype],
  count: 4,
  write: ({ phase, iteration }: Delegation, out: Out) => `["delegate","${phase}",${out.index(iteration)}]`,
  allocate(node: Node): unknown {
    const made = new Delegation(undefined as never);
    const phase = string(node[1]);
    made.phase = DELEGATION_PHASES.includes(phase)
      ? (phase as DelegationPhase)
      : broken("a delegation in an unknown state");
    return made;
  },
  fill(value: Delegation, node: Node, input: In): void {
    const iteration = input.node(node[2], ["iteration"]);
    value.iteration = iteration instanceof Iteration ? iteration : broken("a delegation to nothing");
  },
};
