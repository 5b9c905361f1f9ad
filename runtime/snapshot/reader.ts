/**
 * Text to heap, in two passes: every node is allocated, then every object gets what it refers to. Nothing here calls user
 * code but the factories of closures, which only make a function, and the transformers that the user has registered.
 *
 * Whatever the text says is checked before it is used: an index, a tag, a length, a name. What is left throws something,
 * and the door (`guarded`) makes CF2102 of it.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { bindingOf, currentName, Durable, loaded, type Run, recordOf } from "../machine/index.ts";
import { resolvePoint } from "./align.ts";
import type { ChunkBody } from "./chunk.ts";
import { fillFrame } from "./frames.ts";
import { broken, integer, list, type Node, string } from "./kind.ts";
import { type ChangedClass, carryInstance, changedClasses, gainedNames } from "./kinds/changed-classes.ts";
import { allocatePrivate, entriesOf, fillPrivate } from "./kinds/classes.ts";
import { objectsInside } from "./kinds/data.ts";
import { findClosureCode, savedVariables } from "./kinds/functions.ts";
import type { Kinds } from "./kinds/index.ts";
import { prototypeOf } from "./kinds/instances.ts";
import { fillArray, fillPlain, fillShaped, readShaped } from "./kinds/objects.ts";
import { close, readOwn } from "./kinds/own-table.ts";
import { readSpecial, readSymbol } from "./kinds/primitives.ts";
import { fillTask, type RunIn } from "./kinds/promises.ts";
import { type Chain, chainOf, failed, type VersionsOf } from "./migrations.ts";
import { needsMigration, type PointsOf } from "./points.ts";
import { checkRenamed } from "./renames.ts";
import { type Registrations, registeredSymbol } from "./superjson.ts";

export class Reader implements RunIn {
  readonly names: readonly unknown[];
  readonly templates: (object | undefined)[] = [];
  readonly nodes: readonly unknown[];
  readonly chunks: ReadonlyMap<string, ChunkBody> | undefined;
  readonly registrations: Registrations;
  private readonly kinds: Kinds;
  private readonly ofRun: Run | null;
  private readonly points: PointsOf | undefined;
  protected readonly objects: unknown[];
  private readonly own: readonly unknown[];
  private readonly privates: ReadonlyMap<unknown, readonly Node[]>;
  private readonly versions: VersionsOf | undefined;
  private readonly finishers: (() => void)[] = [];
  /** Instances of classes that changed since they were saved. */
  private readonly instances = new Map<number, readonly ChangedClass[]>();
  /** Where the own table tells the class of an object. */
  private readonly ownClasses = new Map<unknown, readonly unknown[]>();
  /** By node of the class. */
  private readonly changed = new Map<number, readonly ChangedClass[]>();
  /** Objects that migrations write to, and their entries of the own table. */
  private readonly open: (readonly [object, Node])[] = [];
  private readonly migrations: (() => void)[] = [];
  private readonly checks: (() => void)[] = [];
  /** What variables of scope records were given that had not been saved. */
  private given: Map<object, Map<string, unknown>> | null = null;
  readonly carried = { aligned: 0, migrated: 0 };
  private trees: Map<object, readonly object[]> | null = null;
  /** Nodes that are not to be made yet. */
  private late: Set<unknown> | null = null;
  /** Nodes that have all that they refer to. */
  private filled: Set<number> | null = null;

  /** @param run null: for values outside of runs */
  constructor(
    kinds: Kinds,
    run: Run | null,
    registrations: Registrations,
    points: PointsOf | undefined,
    body: readonly unknown[],
    chunks?: ReadonlyMap<string, ChunkBody>,
    versions?: VersionsOf,
  ) {
    this.versions = versions;
    this.kinds = kinds;
    this.ofRun = run;
    this.registrations = registrations;
    this.points = points;
    this.chunks = chunks;
    this.names = list(body[0]);
    this.nodes = list(body[1]);
    this.own = body.length > 2 ? list(body[2]) : [];
    this.privates = entriesOf("private", this.own);
    // What is no ordinary object has its class in the own table.
    for (const raw of this.own) {
      const [index, level, prototype] = list(raw);
      if (typeof level === "number" && Array.isArray(prototype) && prototype.length === 1)
        this.ownClasses.set(index, prototype);
    }
    this.objects = new Array(this.nodes.length).fill(ABSENT);
  }

  get run(): Run {
    return this.ofRun!;
  }

  /** Rebuilds all nodes. */
  read(): void {
    const loads = entriesOf("load", this.own);
    if (loads.size > 0) this.load(loads);
    else this.readAll();
    // What is complete may be carried over by authors' functions, and closures look whether that is all they need.
    for (const [index, changed] of [...this.instances].sort(([one], [other]) => one - other))
      carryInstance(this.objects[index] as object, changed, this.privates.get(index) ?? [], this);
    for (const [object, entry] of this.open) close(object, entry, this);
    for (const carryOver of this.migrations) carryOver();
    for (const check of this.checks) check();
  }

  private readAll(): void {
    // What a node cannot be made without mostly comes after it: from the end, nothing has to be looked for in depth.
    for (let i = this.nodes.length - 1; i >= 0; i--) if (this.objects[i] === ABSENT) this.allocate(i);
    for (let i = 0; i < this.nodes.length; i++) this.fill(i);
    for (const finish of this.finishers) finish();
    for (const entry of this.own) this.readOwn(list(entry));
  }

  /** As `read`, with objects in it that are made of what is complete, in the order of their entries: see load-order.ts. */
  private load(loads: ReadonlyMap<unknown, readonly Node[]>): void {
    const own = new Map<unknown, Node[]>();
    for (const raw of this.own) {
      const entry = list(raw);
      const known = own.get(entry[0]);
      if (entry[1] === "load") continue;
      if (known === undefined) own.set(entry[0], [entry]);
      else known.push(entry);
    }
    const filled = new Set<number>();
    this.filled = filled;
    const finish = (i: number) => {
      if (filled.has(i)) return;
      filled.add(i);
      this.at(i);
      this.fill(i);
    };
    this.late = new Set(loads.keys());
    for (let i = this.nodes.length - 1; i >= 0; i--)
      if (this.objects[i] === ABSENT && !this.late.has(i)) this.allocate(i);
    for (const [node, entries] of loads) {
      const needed = entries.flatMap((entry) => entry.slice(2)).map((raw) => integer(raw, this.nodes.length));
      for (const i of needed) finish(i);
      for (const i of needed) {
        for (const entry of own.get(i) ?? []) this.readOwn(entry);
        own.delete(i);
      }
      this.late.delete(node);
      this.allocate(integer(node, this.nodes.length));
    }
    for (let i = 0; i < this.nodes.length; i++) finish(i);
    for (const finisher of this.finishers) finisher();
    for (const entries of own.values()) for (const entry of entries) this.readOwn(entry);
  }

  value(raw: unknown): unknown {
    if (typeof raw !== "object" || raw === null) return raw;
    if (!Array.isArray(raw) || raw.length > 1) return broken("a value that is none");
    if (raw.length === 0) return undefined;
    const [word] = raw as [unknown];
    if (typeof word === "number") return this.at(integer(word, this.objects.length));
    return readSpecial(string(word));
  }

  node(index: unknown, tags: readonly string[]): unknown {
    const at = integer(index, this.nodes.length);
    if (tags.length > 0) {
      const node = this.nodes[at];
      const tag = Array.isArray(node) ? node[0] : "";
      if (!tags.includes(tag)) return broken(`node ${at} is no ${tags.join(" or ")}`);
    }
    if (this.objects[at] === ABSENT && this.late?.has(at) !== true) this.allocate(at);
    return this.at(at);
  }

  private at(index: number): unknown {
    const object = this.objects[index];
    return object === ABSENT ? broken(`node ${index} is needed before it is made`) : object;
  }

  complete(raw: unknown): unknown {
    const [index] = Array.isArray(raw) ? (raw as unknown[]) : [];
    if (typeof index === "number" && this.filled?.has(index) !== true)
      return broken(`node ${index} is needed before it is complete`);
    return this.value(raw);
  }

  inside(index: unknown): readonly object[] {
    const root = this.node(index, ["tree", "data", "large"]);
    if (typeof root !== "object" || root === null) return broken("the inside of a text");
    this.trees ??= new Map();
    let objects = this.trees.get(root);
    if (objects === undefined) {
      objects = objectsInside(root);
      this.trees.set(root, objects);
    }
    return objects;
  }

  resolve(name: string): unknown {
    const binding = bindingOf(name);
    if (binding !== undefined) {
      if (loaded().renames.size > 0 && bindingOf(currentName(name))?.value !== binding.value)
        checkRenamed(name);
      return binding.value;
    }
    throw new ColdframeError(
      "CF2103",
      `nothing that is loaded is called ${name.slice(0, 200)}. Load the module that has it, or say with renamed() what it is called now`,
    );
  }

  afterwards(finish: () => void): void {
    this.finishers.push(finish);
  }

  needs(index: number, variables: readonly string[], code: Code): void {
    const saved = savedVariables(this.nodes[index] as Node, this);
    const missing = variables.filter((variable) => !saved.includes(variable));
    if (missing.length === 0) return;
    this.checks.push(() => {
      const given = this.given?.get(this.at(index) as object);
      const needed = missing.find((variable) => given?.has(variable) !== true);
      if (needed !== undefined) throw needsMigration(needed, code);
    });
  }

  migrate(carryOver: () => void): void {
    this.migrations.push(carryOver);
  }

  give(record: object, variable: string, value: unknown): void {
    this.given ??= new Map();
    let variables = this.given.get(record);
    if (variables === undefined) {
      variables = new Map();
      this.given.set(record, variables);
    }
    if (variables.has(variable) && !Object.is(variables.get(variable), value))
      throw failed(`two of them give "${variable}" different values, and it is one variable`);
    variables.set(variable, value);
    if (recordOf(record)?.variables.includes(variable) !== true)
      throw failed(`"${variable}" is no variable of the scope that it is given to`);
    (record as Record<string, unknown>)[variable] = value;
  }

  chain(kind: "closure" | "fields", code: Code, id: string, hash: string): Chain | undefined {
    if (loaded().migrations.size === 0) return undefined;
    const chain = chainOf(kind, code, { id, hash, at: "" }, this.versions);
    if (chain !== undefined) this.carried.migrated++;
    return chain;
  }

  closureCode(id: string, hash: string, mark: string | undefined): Code {
    const isMapped = (code: Code) =>
      (["closure", "fields"] as const).some(
        (kind) => chainOf(kind, code, { id, hash, at: "" }, this.versions) !== undefined,
      );
    return findClosureCode(id, hash, mark, isMapped);
  }

  frame(task: Durable, node: Node): void {
    const resolved = resolvePoint(
      string(this.names[integer(node[0], this.names.length)]),
      this.points,
      this.versions,
    );
    if (resolved.chain !== undefined) this.carried.migrated++;
    else if (!resolved.exact) this.carried.aligned++;
    fillFrame(task, node, resolved, this);
  }

  protected allocate(index: number): void {
    const node = this.nodes[index];
    // In dependence on itself, a node is found allocated; only those without dependences are allocated on demand.
    this.objects[index] = undefined;
    const entries = this.privates.get(index) ?? [];
    const changed = this.changedAt(index, node);
    if (changed.length > 0) this.instances.set(index, changed);
    const gained = gainedNames(changed, entries, this);
    this.objects[index] =
      entries.length === 0 && gained.length === 0
        ? this.make(node)
        : allocatePrivate(Array.isArray(node) ? node : [], entries, gained, this, () => this.make(node));
  }

  /** The classes of an instance that changed since it was saved. */
  private changedAt(index: number, node: unknown): readonly ChangedClass[] {
    const raw = Array.isArray(node) && node[0] === "new" ? node[1] : this.ownClasses.get(index);
    if (raw === undefined) return [];
    const Class = integer(list(raw)[0], this.nodes.length);
    let changed = this.changed.get(Class);
    if (changed === undefined) {
      changed = changedClasses(Class, this);
      this.changed.set(Class, changed);
    }
    return changed;
  }

  private make(node: unknown): unknown {
    if (typeof node === "string") return node;
    // The parsed object becomes the user's: see `fillPlain`.
    if (!Array.isArray(node))
      return typeof node === "object" && node !== null ? node : broken("a node that is none");
    const tag: unknown = node[0];
    if (Array.isArray(tag)) return node.length === 1 ? tag : broken("an array that is none");
    if (typeof tag === "number")
      return this.ofRun === null ? broken("a task outside of a run") : new Durable(this.ofRun, null);
    if (tag === "{}") return readShaped(node, this);
    if (tag === "symbol")
      return readSymbol(node, (identifier) => registeredSymbol(identifier, this.registrations));
    const kind = this.kinds.byTag.get(tag) ?? broken(`nodes of kind ${String(tag).slice(0, 40)} are unknown`);
    return kind.allocate(node, this);
  }

  private fill(index: number): void {
    const node = this.nodes[index];
    const object = this.objects[index];
    if (typeof node === "string") return;
    if (!Array.isArray(node)) fillPlain(object as Record<string, unknown>, this);
    else if (Array.isArray(node[0])) fillArray(object as unknown[], this);
    else if (typeof node[0] === "number") fillTask(object as Durable, node, this);
    else if (node[0] === "{}") fillShaped(object as Record<string, unknown>, node, this);
    else this.kinds.byTag.get(node[0])?.fill?.(object as never, node, this);
  }

  /** What an entry of the own table says that its object inherits from: `[class]`, or `[object,0]`. */
  private above(raw: unknown): object {
    if (list(raw).length === 1) return prototypeOf(raw, this);
    const object = this.node((raw as Node)[0], []);
    return (typeof object === "object" && object !== null) || typeof object === "function"
      ? object
      : broken("a prototype that is no object");
  }

  private readOwn(entry: Node): void {
    const index = integer(entry[0], this.objects.length);
    const object = this.objects[index];
    if (entry[1] === "private") return fillPrivate(object as object, entry, this);
    const tag = Array.isArray(this.nodes[index]) ? (this.nodes[index] as Node)[0] : "{}";
    // What others share, or what the machine stands on, is not for a snapshot to change.
    if (["ref", "builtin", "resource", "scope", "symbol"].includes(tag as string))
      broken("properties of what is not its own");
    if ((typeof object !== "object" || object === null) && typeof object !== "function")
      broken("properties of a primitive");
    const prototype = entry[2] === 0 ? undefined : entry[2] === null ? null : this.above(entry[2]);
    const isOpen = this.instances.get(index)?.some(({ chain }) => chain !== undefined) === true;
    readOwn(object as object, entry, prototype, this, isOpen);
    if (isOpen) this.open.push([object as object, entry]);
  }
}

const ABSENT = Symbol("not allocated yet");

/** Reads what `Writer.document` wrote. */
export function readDocument(
  kinds: Kinds,
  run: Run | null,
  registrations: Registrations,
  points: PointsOf | undefined,
  raw: unknown,
): unknown {
  const body = Array.isArray(raw) && raw.length > 1 ? raw : [[], []];
  const reader = new Reader(kinds, run, registrations, points, body);
  if (body !== raw) return reader.value(raw);
  reader.read();
  return reader.value([0]);
}
