/**
 * A run, written as a snapshot and read back into the very objects that it consists of: what testing regimes do between two jobs.
 *
 * | what | becomes |
 * |---|---|
 * | frames of suspended tasks | new ones, with the slots that the snapshot has |
 * | promises, reactions, combinators, jobs, half-done loops, scope records, requests to async generators | the same objects, their state made anew from the text |
 * | closures, generators, iterators of marked code | the same objects; what they stand on is made anew |
 * | everything else: objects of the user, native promises, host objects | itself, by identity |
 *
 * Code that is not compiled keeps what it holds: a promise, a closure, an object is the one that the run goes on with. Variables of a
 * scope record that no frame and no closure in reach needs keep their values: unmarked code may hold another closure.
 */
import {
  Bound,
  classOf,
  Durable,
  Group,
  generatorTask,
  Mirror,
  NativeReaction,
  type Reaction,
  type Run,
  recordOf,
  stampOf,
  type Wait,
} from "../machine/index.ts";
import { isHostProxy } from "./brand.ts";
import { fillFrame } from "./frames.ts";
import { broken, integer, type Kind, list, type Node, quote } from "./kind.ts";
import { cursor } from "./kinds/cursors.ts";
import { writeClosure } from "./kinds/functions.ts";
import { delegation, generating, queue, writeGenerator } from "./kinds/generators.ts";
import { runKinds } from "./kinds/index.ts";
import { iteration } from "./kinds/iterations.ts";
import { promise } from "./kinds/promises.ts";
import {
  adopt,
  constant,
  element,
  finallyReaction,
  group,
  mirror,
  thenableJob,
  thenReaction,
  unwrap,
} from "./kinds/reactions.ts";
import { splitPoint } from "./names.ts";
import { planOf } from "./point-plan.ts";
import { Reader } from "./reader.ts";
import { defaultRegistrations } from "./superjson.ts";
import { Writer } from "./writer.ts";

/** Data of the machine whose state is made anew. */
const renewed: readonly Kind[] = [
  ...[iteration, queue, generating, delegation, group],
  ...[thenReaction, adopt, finallyReaction, mirror, constant, unwrap, element, thenableJob],
];
const written = new Map(
  [...renewed, cursor].flatMap((kind) => kind.prototypes.map((prototype) => [prototype, kind])),
);
const renewedTags = new Map(renewed.flatMap((kind) => kind.tags.map((tag) => [tag as unknown, kind])));

const KEPT = '["kept"]';

/**
 * @param tasks suspended tasks of the run, beside those that its queue and waits lead to
 */
export function rebuildInPlace(run: Run, tasks: Iterable<Durable>): void {
  const out = new LiveWriter(runKinds, run, defaultRegistrations, undefined);
  for (const task of tasks) out.index(task);
  if (run.root !== null) out.index(run.root);
  for (const promise of run.waits.values()) out.index(promise);
  for (const { reaction } of run.natives) out.index(reaction);
  const jobs: [number, string, boolean][] = [];
  for (let i = run.head; i < run.tail; i += 3)
    jobs.push([out.index(run.jobs[i]), out.value(run.jobs[i + 1]), run.jobs[i + 2] === true]);
  out.finish();
  const text = `[${out.body()},[${jobs.map(([job, value, threw]) => `[${job},${value},${threw ? 1 : 0}]`).join(",")}]]`;
  const parsed = JSON.parse(text) as unknown[];

  const kept = new Kept(run, out.heap);
  const reader = new LiveReader(run, out.heap, kept, parsed);
  reader.read();
  kept.restore(run);
  list(parsed.at(-1)).forEach((raw, k) => {
    const [job, value, threw] = list(raw);
    const at = run.head + 3 * k;
    run.jobs[at] = reader.node(job, []);
    run.jobs[at + 1] = reader.value(value);
    run.jobs[at + 2] = threw === 1;
  });
}

/** A Proxy is not even asked what it inherits from: its traps are the author's. */
const isProxy = (value: unknown): boolean => isHostProxy?.(value as object) ?? false;

class LiveWriter extends Writer {
  protected override write(value: unknown): string {
    if (typeof value === "string") return quote(value);
    if (typeof value === "function") return this.#function(value as never);
    return typeof value === "object" && value !== null ? this.#object(value) : KEPT;
  }

  #function(f: () => unknown): string {
    const stamp = stampOf(f);
    if (stamp === undefined || stamp.code.make === null || stamp.scopes[0] instanceof Bound) return KEPT;
    if (classOf(f) !== undefined) return KEPT;
    const isOwn = stamp.run === null || stamp.run === this.run || stamp.run.free;
    return isOwn ? writeClosure(stamp, this) : KEPT;
  }

  #object(object: object): string {
    if (isProxy(object)) return KEPT;
    if (object instanceof Durable)
      return object.run === this.run && isAtRest(object) ? promise.write(object as never, this) : KEPT;
    const task = generatorTask(object);
    if (task !== undefined)
      return task.run === this.run && isAtRest(task) ? writeGenerator(object, task, this) : KEPT;
    const kind = written.get(Object.getPrototypeOf(object));
    if (kind !== undefined) return kind.write(object as never, this);
    return recordOf(object) === undefined ? KEPT : this.writeObject(object);
  }

  /** Nothing is refused here: what cannot be saved is kept. */
  override refuse(): string {
    return KEPT;
  }
}

/** False for a generator that is running: its locals are on the stack. */
const isAtRest = ({ ip }: Durable): boolean => ip >= 0;

/** What a snapshot leaves out, and what its reader would register anew. */
class Kept {
  readonly codes = new Map<Durable, Pick<Durable, "code" | "ip">>();
  readonly #reactions = new Map<Durable, Reaction[]>();
  readonly #waits = new Map<Durable, Wait>();
  readonly #sources = new Map<Group, Group["sources"]>();
  readonly #pending: [number, Durable][];
  readonly #rejections: Durable[];

  constructor(run: Run, heap: readonly unknown[]) {
    for (const one of heap) {
      if (isProxy(one)) continue;
      if (one instanceof Group) this.#sources.set(one, one.sources);
      if (!(one instanceof Durable)) continue;
      const { reactions, code, ip, wait } = one;
      this.codes.set(one, { code, ip });
      const all = reactions === undefined ? [] : Array.isArray(reactions) ? reactions : [reactions];
      if (all.some(isNative)) this.#reactions.set(one, all);
      if (wait !== null) this.#waits.set(one, wait);
    }
    this.#pending = [...run.waits];
    this.#rejections = [...run.rejections];
    run.waits.clear();
  }

  restore(run: Run): void {
    for (const [group, sources] of this.#sources) group.sources = sources;
    for (const [promise, wait] of this.#waits) promise.wait = wait;
    for (const [promise, before] of this.#reactions) merge(promise, before);
    for (const [task, { code, ip }] of this.codes) {
      if (task.code !== null || code === null) continue;
      // It waits for what it has returned, or is settled.
      task.code = code;
      task.ip = ip;
    }
    run.waits.clear();
    for (const [id, promise] of this.#pending) run.waits.set(id, promise);
    run.rejections.clear();
    for (const promise of this.#rejections) run.rejections.add(promise);
  }
}

const isNative = (reaction: Reaction): boolean =>
  (reaction instanceof Mirror && reaction.promise !== null) || reaction instanceof NativeReaction;

/** Handlers of unmarked code go back to their places between the others. */
function merge(promise: Durable, before: readonly Reaction[]): void {
  const { reactions } = promise;
  const read = reactions === undefined ? [] : Array.isArray(reactions) ? reactions : [reactions];
  const merged: Reaction[] = [];
  let next = 0;
  for (const one of before) {
    if (isNative(one)) merged.push(one);
    else if (read.includes(one)) merged.push(read[next++]!);
  }
  merged.push(...read.slice(next));
  promise.reactions = merged.length === 1 ? merged[0] : merged;
  promise.handled = true;
}

class LiveReader extends Reader {
  readonly #heap: readonly unknown[];
  readonly #kept: Kept;

  constructor(run: Run, heap: readonly unknown[], kept: Kept, parsed: readonly unknown[]) {
    super(runKinds, run, defaultRegistrations, undefined, parsed.slice(0, 2));
    this.#heap = heap;
    this.#kept = kept;
  }

  /** The object that was written, without its state. */
  protected override allocate(index: number): void {
    const original = this.#heap[index];
    const node = this.nodes[index] as Node;
    this.objects[index] = typeof original === "string" ? node : original;
    if (typeof original === "string" || node[0] === "kept") return;
    if (original instanceof Durable) Object.assign(original, new Durable(original.run, null));
    const kind = renewedTags.get(node[0]);
    if (kind !== undefined) Object.assign(original as object, kind.allocate(node, this));
  }

  /** By the code that the task had: another evaluation of the same text may have registered the name. */
  override frame(task: Durable, node: Node): void {
    const code = this.#kept.codes.get(task)?.code ?? broken("a frame without code");
    const name = splitPoint(this.names[integer(node[0], this.names.length)]);
    const ip = code.points.findIndex((point, i) => i > 0 && point.name === name.point);
    const point = code.points[ip] ?? broken("a frame at no point");
    const saved = name.slots;
    fillFrame(
      task,
      node,
      { code, ip, point, plan: planOf(code, ip), saved, exact: true, old: [], chain: undefined },
      this,
    );
  }
}
