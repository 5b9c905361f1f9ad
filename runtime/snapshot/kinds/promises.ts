/**
 * Promises, tasks and external waits: one class in the machine, several nodes here.
 *
 *   [0,[2],"10.0.0.1"]                 a task at the point names[0]: reactions, then the live slots
 *   ["promise",[2]]                    a pending promise
 *   ["fulfilled",value]   ["rejected",reason,handled]
 *   ["event",[2],1,"approve:T1"]       reactions, id, key; then deadline and place, when there are any
 *   ["timer",[2],1,due]   ["step",[2],1,"m#f",args]   ["child",[2],1,"run",1]   ["lock",[2],1,"key",4,0]
 *   [0,[9],"a"]   ["drained",9]        the task of an async generator, suspended or ended: the node of its queue
 *   ["native"]                         a promise of unmarked code: rejects with Interrupted
 *
 * Reactions are the nodes of those who wait, in order. 0: nobody, and not handled; 1: nobody any more, but handled.
 * The place of a wait (`file:line`) is left out when it is that of the task which waits for it.
 */
import {
  Durable,
  Element,
  Finally,
  FULFILLED,
  Generating,
  GeneratorQueue,
  Mirror,
  NativeReaction,
  PENDING,
  REJECTED,
  type Reaction,
  type Run,
  StepWait,
  Then,
  type Wait,
} from "../../machine/index.ts";
import { Interrupted } from "../interrupted.ts";
import { broken, type In, integer, type Kind, list, type Node, quote, string } from "../kind.ts";
import { placeOfPoint, planOf } from "../point-plan.ts";
import type { HeapIn, HeapOut } from "./functions.ts";

export interface RunOut extends HeapOut {
  readonly run: Run;
  /** Tells of an external wait that is part of the snapshot. */
  wait(wait: Wait): void;
}

export interface RunIn extends HeapIn {
  readonly run: Run;
  /** Makes the frame of a task. */
  frame(task: Durable, node: Node): void;
}

/** Nodes that a reaction may be. Tasks begin with a number. */
export const REACTION_TAGS = [
  "then",
  "adopt",
  "element",
  "finally",
  "constant",
  "unwrap",
  "generating",
  "mirror",
];
const PENDING_TAGS = ["promise", "event", "timer", "step", "child", "lock"];
const PROMISE_TAGS = [...PENDING_TAGS, "fulfilled", "rejected", "drained"];

export const promise: Kind = {
  tags: PROMISE_TAGS,
  prototypes: [Durable.prototype],
  done: (key) => Object.hasOwn(fieldsOfDurable, key),
  count: Object.keys(fieldsOf()).length,
  write(value: Durable, out: RunOut): string {
    if (value.run !== out.run && !value.run.free) return out.refuse(`a promise of run "${value.run.id}"`);
    if (value.state === FULFILLED) return `["fulfilled",${out.value(value.value)}]`;
    if (value.state === REJECTED) return `["rejected",${out.value(value.value)},${value.handled ? 1 : 0}]`;
    if (value.run !== out.run) return '["native"]';
    const queue = value.value;
    if (queue instanceof GeneratorQueue && (queue.state === "done" || queue.state === "draining"))
      return `["drained",${out.index(queue)}]`;
    const reactions = queue instanceof GeneratorQueue ? `[${out.index(queue)}]` : writeReactions(value, out);
    if (value.wait !== null) return writeWait(value, value.wait, reactions, out);
    const { code, ip } = value;
    const point = code !== null && ip > 0 ? code.points[ip] : undefined;
    if (code === null || point === undefined) return `["promise",${reactions}]`;
    const plan = planOf(code, ip);
    const { frame } = value;
    // It has returned a promise, and waits for that one to settle it.
    if (frame === null && plan.slots.length > 0) return `["promise",${reactions}]`;
    out.code(code);
    let text = `[${out.name(plan.name)},${reactions}`;
    for (const slot of plan.slots) text += `,${out.value(frame![slot])}`;
    for (const { slot, variables } of plan.records) {
      const record = frame![slot];
      if (typeof record === "object" && record !== null) out.scope(record, variables);
    }
    return `${text}]`;
  },
  allocate(_node: Node, input: RunIn): unknown {
    return new Durable(input.run, null);
  },
  fill(value: Durable, node: Node, input: RunIn): void {
    switch (node[0]) {
      case "fulfilled":
        value.state = FULFILLED;
        value.value = input.value(node[1]);
        return;
      case "rejected":
        value.state = REJECTED;
        value.value = input.value(node[1]);
        value.handled = node[2] === 1;
        if (!value.handled) input.run.rejections.add(value);
        return;
      case "drained":
        value.value = input.node(node[1], ["queue"]);
        return;
      case "promise":
        readReactions(value, node[1], input);
        return;
      default:
        readReactions(value, node[1], input);
        input.afterwards(() => readWait(value, node, input));
    }
  },
};

export function fillTask(task: Durable, node: Node, input: RunIn): void {
  const asked = queueOf(node, input);
  if (asked === undefined) readReactions(task, node[1], input);
  else task.value = input.node(asked, []);
  input.frame(task, node);
}

/** Of the node of an async generator's task: its queue. */
export function queueOf([tag, asked]: Node, input: In): number | undefined {
  const first: unknown =
    tag === "drained" ? asked : Array.isArray(asked) && asked.length === 1 ? asked[0] : null;
  if (typeof first !== "number") return undefined;
  return list(input.nodes[first] ?? broken("nobody"))[0] === "queue" ? first : undefined;
}

function fieldsOf(): Durable {
  return new Durable(undefined as never, null);
}
const fieldsOfDurable = { ...fieldsOf() };

function writeReactions({ reactions, handled, wait }: Durable, out: RunOut): string {
  if (reactions instanceof Durable)
    return handled ? `[${out.index(reactions)}]` : `["",${out.index(reactions)}]`;
  let text = "";
  for (const reaction of reactions === undefined ? [] : Array.isArray(reactions) ? reactions : [reactions]) {
    if (reaction instanceof NativeReaction && wait !== null) {
      out.refuse("an external await that unmarked code waits for");
    } else if (hasEffect(reaction)) {
      text += text === "" ? out.index(reaction) : `,${out.index(reaction)}`;
    }
  }
  if (text === "") return handled ? "1" : "0";
  return handled ? `[${text}]` : `["",${text}]`;
}

/** False for what would do nothing, or nothing that a restored run could see. */
function hasEffect(reaction: Reaction): boolean {
  if (reaction instanceof NativeReaction) return false;
  if (reaction instanceof Mirror) return reaction.promise === null;
  if (reaction instanceof Element)
    return reaction.group.remaining > 0 && reaction.group.target.state === PENDING;
  return true;
}

/**
 * Whether settling `promise` can be observed by what the snapshot holds: by running user code, or by settling a promise
 * that is already in it. Otherwise its wait is of no use to anybody.
 */
export function isObserved(promise: Durable, isKnown: (object: object) => boolean): boolean {
  if (promise.reactions instanceof Durable) return true;
  const seen = new Set<Durable>();
  const work = [promise];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const { reactions } = next;
    for (const reaction of reactions === undefined
      ? []
      : Array.isArray(reactions)
        ? reactions
        : [reactions]) {
      if (!hasEffect(reaction)) {
        if (reaction instanceof NativeReaction) return true;
        continue;
      }
      if (
        reaction instanceof Durable ||
        reaction instanceof Finally ||
        reaction instanceof Generating ||
        reaction instanceof Mirror
      )
        return true;
      if (
        reaction instanceof Then &&
        (reaction.onFulfilled !== undefined || reaction.onRejected !== undefined)
      )
        return true;
      const target = targetOf(reaction);
      if (target === null) continue;
      if (isKnown(target)) return true;
      work.push(target);
    }
  }
  return false;
}

function targetOf(reaction: Reaction): Durable | null {
  if (reaction instanceof Element) return reaction.group.target;
  if (reaction instanceof Generating) return reaction.task;
  if (reaction instanceof Durable || reaction instanceof Mirror || reaction instanceof NativeReaction)
    return null;
  return reaction.target;
}

function readReactions(value: Durable, raw: unknown, input: RunIn): void {
  if (raw === 0) return;
  if (raw === 1) {
    value.handled = true;
    return;
  }
  const nodes = list(raw);
  const first = nodes[0] === "" ? 1 : 0;
  value.handled = first === 0;
  const reactions: Reaction[] = [];
  for (let i = first; i < nodes.length; i++) {
    const reaction = readReaction(nodes[i], input);
    reactions.push(reaction);
    if (reaction instanceof Element) input.afterwards(() => reaction.group.sources.push(value));
  }
  value.reactions = reactions.length === 1 ? reactions[0] : reactions.length === 0 ? undefined : reactions;
}

/** A reaction of node `index`: data of the machine, or a task that is suspended. */
export function readReaction(index: unknown, input: RunIn): Reaction {
  const found = input.node(index, []) as Reaction;
  if (found instanceof Durable) {
    if (typeof list(input.nodes[index as number])[0] === "number") return found;
    return broken("a promise that is no task cannot await");
  }
  const tag = list(input.nodes[index as number])[0];
  return REACTION_TAGS.includes(tag as string) ? found : broken("a reaction that is none");
}

function writeWait(value: Durable, wait: Wait, reactions: string, out: RunOut): string {
  const place = placeOf(value);
  out.wait(wait.at === "" ? placed(wait, place) : wait);
  const at = wait.at === "" || wait.at === place ? "" : `,${quote(wait.at)}`;
  const head = `["${wait.kind}",${reactions},${wait.id}`;
  switch (wait.kind) {
    case "step":
      return `${head},${quote(wait.step)},${out.value(wait.args)}${at}]`;
    case "timer":
      return `${head},${wait.due}${at}]`;
    case "event":
      if (wait.due === null && at === "") return `${head},${quote(wait.key)}]`;
      return `${head},${quote(wait.key)},${wait.due}${at}]`;
    case "child":
      return `${head},${quote(wait.run)},${wait.attached ? 1 : 0}${at}]`;
    case "lock":
      return `${head},${quote(wait.key)},${wait.max},${wait.loose ? 1 : 0}${at}]`;
  }
}

function placed(wait: Wait, at: string): Wait {
  return wait.kind === "step" ? new StepWait(wait.id, wait.step, wait.args, at) : { ...wait, at };
}

/** Where the first task is parked that goes on, directly or through other promises, when `promise` settles. */
export function placeOf(promise: Durable): string {
  if (promise.reactions instanceof Durable && promise.reactions.code !== null)
    return placeOfTask(promise.reactions);
  const seen = new Set<Durable>();
  const work = [promise];
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { reactions } = next;
    if (reactions === undefined || seen.has(next)) continue;
    seen.add(next);
    for (const reaction of Array.isArray(reactions) ? reactions : [reactions]) {
      if (reaction instanceof Durable) {
        if (reaction.code !== null) return placeOfTask(reaction);
      } else {
        const target = targetOf(reaction);
        if (target !== null) work.push(target);
      }
    }
  }
  return "";
}

function placeOfTask({ code, ip }: Durable): string {
  return ip > 0 && ip < code!.points.length ? placeOfPoint(code!, ip) : `${code!.file}:${code!.line}`;
}

function readWait(value: Durable, node: Node, input: RunIn): void {
  const id = node[2];
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0 || id >= input.run.nextId) {
    return broken("a wait without a proper id");
  }
  if (input.run.waits.has(id)) return broken("two waits of one id");
  const wait = waitOf(node, id, placeOf(value), input);
  value.wait = wait;
  input.run.waits.set(id, value);
}

function waitOf(node: Node, id: number, place: string, input: In): Wait {
  const at = (index: number) => (node.length > index ? string(node[index]) : place);
  switch (node[0]) {
    case "step":
      return new StepWait(id, string(node[3]), string(input.value(node[4])), at(5));
    case "timer":
      return { kind: "timer", id, due: time(node[3]), at: at(4) };
    case "event": {
      const due = node.length > 4 && node[4] !== null ? time(node[4]) : null;
      return { kind: "event", id, key: string(node[3]), due, at: at(5) };
    }
    case "lock": {
      const max = integer(node[4], Number.MAX_SAFE_INTEGER);
      return { kind: "lock", id, key: string(node[3]), max, loose: node[5] === 1, at: at(6) };
    }
    default:
      return { kind: "child", id, run: string(node[3]), attached: node[4] === 1, at: at(5), start: null };
  }
}

function time(raw: unknown): number {
  return typeof raw === "number" ? raw : broken("a deadline that is no time");
}

/** A promise of unmarked code. What it was doing is lost with its process. */
export const nativePromise: Kind = {
  tags: ["native"],
  prototypes: [Promise.prototype],
  write(value: Promise<unknown>): string {
    // Throws for an object that only looks like a promise.
    Promise.prototype.then.call(value, undefined, () => {});
    return '["native"]';
  },
  allocate(): unknown {
    const made = Promise.reject(new Interrupted());
    made.catch(() => {});
    return made;
  },
};

/** The promise of node `index`. */
export function readPromise(index: unknown, input: In): Durable {
  const found = input.node(index, []);
  return found instanceof Durable ? found : broken("a promise is missing");
}
