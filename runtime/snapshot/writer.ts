/**
 * Heap to text: a worklist over everything that can be reached. An object gets its index when it is first seen, and its
 * node when its turn comes, breadth first; so the order of the nodes, and with it the text, follows from the heap alone.
 *
 * Scope records are the one thing that grows: only variables that a reached frame or closure may still use are saved, so
 * their nodes are written when all of those are known.
 */
import type { Code } from "../../abi/index.ts";
import {
  brandsOf,
  type Callable,
  type ClassValue,
  classOf,
  codeOfNext,
  generatorFunctionOf,
  generatorTask,
  loaded,
  memberOf,
  nameOf,
  placeOf,
  prototypeChanges,
  type Run,
  recordOf,
  registry,
  stampOf,
  strayTask,
  type Wait,
} from "../machine/index.ts";
import { toBase64 } from "./base64.ts";
import { brandOf, isHostProxy, isNamespace, languageBrand } from "./brand.ts";
import { builtinName } from "./builtins.ts";
import { type ChunkSet, NO_CHUNKS } from "./chunk.ts";
import { ChunkWriter, LARGE } from "./chunk-writer.ts";
import { IndexedList } from "./indexed-list.ts";
import { isObject, type Kind, quote, writtenBy } from "./kind.ts";
import { Buffers } from "./kinds/binary.ts";
import {
  classOfPrototype,
  writeClass,
  writeClassPrototype,
  writeMember,
  writePrivate,
} from "./kinds/classes.ts";
import {
  closureOfPrototype,
  isOddPrototype,
  namedConstructorOf,
  writeChanges,
  writeClosure,
  writeClosurePrototype,
  writePlaced,
  writeReference,
} from "./kinds/functions.ts";
import { writeGenerator, writePrototype } from "./kinds/generators.ts";
import type { Kinds } from "./kinds/index.ts";
import { describeValue, writeInstance } from "./kinds/instances.ts";
import { writeArray, writeDictionary, writeOdd, writePlain } from "./kinds/objects.ts";
import { writeOwn } from "./kinds/own-table.ts";
import { writeBare, writeSymbol, writeValue } from "./kinds/primitives.ts";
import type { RunOut } from "./kinds/promises.ts";
import { LoadOrder } from "./load-order.ts";
import { lengthOf, list, listInto, sizeOfNode } from "./node-texts.ts";
import { LONG_LIST, PlainData } from "./plain-data.ts";
import { Reached } from "./reached.ts";
import { resourceName } from "./resources.ts";
import { Scopes } from "./scopes.ts";
import { Shapes } from "./shapes.ts";
import { type Registrations, symbolIdentifier } from "./superjson.ts";
import { WeakReach } from "./weak-reach.ts";

/** What a writer may ask of its host. */
export interface WriterOptions {
  /** The superjson instance whose registrations hold. Default: the one that `superjson.registerClass(…)` uses. */
  readonly superjson?: Registrations;
  /** Whether an object is a Proxy. Default: what the host says, if it can tell; see brand.ts. */
  readonly isProxy?: (object: object) => boolean;
  /** The most that a text may take, in bytes of UTF-8; at least 1,024. Default: no limit. */
  readonly limit?: number;
}

/** An object that cannot be saved. */
export interface Refusal {
  readonly index: number;
  /** `a Socket` */
  readonly what: string;
}

/** A node that is written when everything reachable is known. */
interface Postponed {
  readonly index: number;
  readonly write: () => string;
}

const NONE: readonly never[] = [];

/** Arrays of so many elements are worth the look whether they are plain data; so is every object of a snapshot with so many nodes. */
const MANY_ELEMENTS = 16;
const MANY_NODES = 64;
const { isPrototypeOf } = Object.prototype;

/**
 * Most snapshots hold a handful of nodes, and one is written at each turn of each run: what they seldom need is made
 * when they do.
 */
export class Writer implements RunOut {
  current = -1;
  private readonly reached = new Reached();
  /** For each of them, which one it was first seen in. -1 for roots. */
  readonly parents: number[] = [];
  refusals: readonly Refusal[] = NONE;
  waits: readonly Wait[] = NONE;
  codes: readonly Code[] = NONE;
  readonly registrations: Registrations;
  /** What the last snapshot referred to. Null: large values stand in the text like others. */
  private readonly chunksBefore: ChunkSet | null;
  private madeChunks: ChunkWriter | null = null;
  private readonly kinds: Kinds;
  private readonly ofRun: Run | null;
  private readonly isProxy: ((object: object) => boolean) | undefined;
  /** Who refers to whom: only when something is to be loaded in an order. */
  private readonly order: LoadOrder | null;
  /** What users' code made of their objects. */
  private contents: Map<object, { readonly value: unknown }> | null;
  private hasLate = false;
  private readonly texts: string[] = [];
  /** Texts of nodes in parts, which are never put together: `texts` has nothing there. */
  private long: Map<number, readonly string[]> | null = null;
  private readonly names = new IndexedList<string>();
  private shapes: Shapes | null = null;
  private ownEntries = "";
  private scopes: Scopes | null = null;
  private postponed: Postponed[] | null = null;
  private weaks: WeakReach | null = null;
  private plainData: PlainData | null = null;
  private madeBuffers: Buffers | null = null;
  private madeUrls: Map<URLSearchParams, URL> | null = null;

  /**
   * @param run null: for values outside of runs
   * @param first the writer of the same heap that found out that there is something to be loaded in an order
   */
  constructor(
    kinds: Kinds,
    run: Run | null,
    registrations: Registrations,
    isProxy: WriterOptions["isProxy"],
    first: Writer | null = null,
    chunksBefore: ChunkSet | null = null,
  ) {
    this.chunksBefore = chunksBefore;
    this.kinds = kinds;
    this.ofRun = run;
    this.registrations = registrations;
    this.isProxy = isProxy ?? isHostProxy;
    this.order = first === null ? null : new LoadOrder();
    this.contents = first?.contents ?? null;
  }

  get run(): Run {
    return this.ofRun!;
  }

  get isOfRun(): boolean {
    return this.ofRun !== null;
  }

  value(value: unknown): string {
    return writeValue(value, this);
  }

  /** Null: large values stand in the text. */
  private get chunks(): ChunkWriter | null {
    if (this.chunksBefore === null) return null;
    return (this.madeChunks ??= new ChunkWriter(this.chunksBefore));
  }

  /** The large values of the snapshot. */
  get chunkSet(): ChunkSet {
    return this.madeChunks === null ? NO_CHUNKS : this.madeChunks.set;
  }

  get buffers(): Buffers {
    return (this.madeBuffers ??= new Buffers());
  }

  get urls(): Map<URLSearchParams, URL> {
    return (this.madeUrls ??= new Map());
  }

  /** All objects, functions, symbols and long strings of the snapshot, by index. */
  get heap(): readonly unknown[] {
    return this.reached.nodes;
  }

  index(value: unknown): number {
    let at = this.reached.find(value);
    if (at < 0) {
      this.parents.push(this.current);
      at = this.reached.add(value);
    }
    this.order?.edge(this.current, at);
    return at;
  }

  has(value: unknown): boolean {
    return this.reached.find(value) >= 0;
  }

  name(text: string): number {
    const known = this.names.find(text);
    return known >= 0 ? known : this.names.add(text);
  }

  shape(keys: readonly string[]): number | undefined {
    return (this.shapes ??= new Shapes(this)).index(keys);
  }

  later(write: () => string): string {
    this.postponed ??= [];
    this.postponed.push({ index: this.current, write });
    return "";
  }

  own(entry: string): void {
    this.ownEntries += this.ownEntries === "" ? entry : `,${entry}`;
  }

  weak(reach: (all: readonly unknown[], from: number) => void): void {
    (this.weaks ??= new WeakReach()).add(this.current, reach);
  }

  refuse(what: string): string {
    return this.refuseAt(this.current, what);
  }

  refuseAt(index: number, what: string): string {
    if (this.refusals === NONE) this.refusals = [];
    (this.refusals as Refusal[]).push({ index, what });
    return '["refused"]';
  }

  code(code: Code): void {
    if (this.codes === NONE) this.codes = [code];
    else if (!this.codes.includes(code)) (this.codes as Code[]).push(code);
  }

  wait(wait: Wait): void {
    if (this.waits === NONE) this.waits = [wait];
    else (this.waits as Wait[]).push(wait);
  }

  kindOf(prototype: object): Kind | undefined {
    return this.kinds.byPrototype.get(prototype);
  }

  scope(record: object, variables: readonly string[]): number {
    const index = this.index(record);
    (this.scopes ??= new Scopes(this)).need(record, variables, index);
    return index;
  }

  bytes(content: Uint8Array): string {
    const chunks = content.length < LARGE ? null : this.chunks;
    return chunks === null ? `"${toBase64(content)}"` : chunks.bytes(content);
  }

  content(object: object, save: () => unknown): string {
    this.contents ??= new Map();
    let saved = this.contents.get(object);
    if (saved === undefined) {
      saved = { value: save() };
      this.contents.set(object, saved);
    }
    const bare = writeBare(saved.value);
    if (bare !== undefined) return bare;
    this.hasLate = true;
    this.order?.late.add(this.current);
    return this.value(saved.value);
  }

  /** Whether all has to be written once more by a writer made of this one, which will know the order of loading. */
  get needsOrder(): boolean {
    return this.hasLate && this.order === null && this.refusals.length === 0;
  }

  /** One value with all it reaches: its text when it has no identity, else `[names, nodes, own?]` whose first node it is. */
  document(value: unknown): string {
    const root = this.value(value);
    if (this.heap.length === 0) return root;
    this.finish();
    return `[${this.body()}]`;
  }

  /** Writes the nodes of everything reached so far. */
  drain(): void {
    const { heap, texts } = this;
    for (let i = texts.length; i < heap.length; i++) {
      this.current = i;
      texts.push(this.write(heap[i]));
    }
    this.current = -1;
  }

  /** Writes what had to wait: entries of weak collections, then nodes that depend on everything reached. */
  finish(): void {
    this.drain();
    if (this.weaks !== null) {
      const enter = (index: number) => {
        this.current = index;
      };
      this.weaks.spread(this.heap, this.reached.inner, enter, () => this.drain());
    }
    for (const { index, write } of this.postponed ?? []) {
      this.current = index;
      this.texts[index] = write();
    }
    this.current = -1;
    if (this.order !== null) this.writeOrder(this.order);
  }

  private writeOrder(order: LoadOrder): void {
    order.spread(this.texts);
    const entries = order.entries((node) =>
      this.refuseAt(
        node,
        `${describeValue(this.heap[node])} that is in a cycle with what its own code saves of it`,
      ),
    );
    this.ownEntries = [...entries, ...(this.hasNoOwn ? [] : [this.ownEntries])].join();
  }

  get hasNoOwn(): boolean {
    return this.ownEntries === "";
  }

  /** How much of the text a node takes, with the chunks of a large value: in characters or bytes. */
  sizeOf(index: number): number {
    const text = this.texts[index]!;
    const parts = text === "" ? this.long?.get(index) : undefined;
    return parts === undefined ? sizeOfNode(text) : lengthOf(parts);
  }

  /** `names,nodes` and, when there are entries, `,own`. */
  body(): string {
    return this.parts("", "").join("");
  }

  /** The body between two texts; long parts are not joined, which would copy them. */
  parts(before: string, after: string): readonly string[] {
    const parts: string[] = [];
    let text = `${before}[${list(this.names.items)}],[`;
    text = listInto(parts, text, this.texts, this.long);
    parts.push(`${text}]${this.hasNoOwn ? "" : `,[${this.ownEntries}]`}${after}`);
    return parts;
  }

  protected write(value: unknown): string {
    if (typeof value === "string") {
      const chunks = value.length < LARGE ? null : this.chunks;
      return chunks === null ? quote(value) : chunks.string(value);
    }
    if (typeof value === "symbol") return writeSymbol(value, symbolIdentifier(value, this.registrations));
    try {
      const text =
        typeof value === "function"
          ? this.writeFunction(value as Callable)
          : this.writeObject(value as object);
      if (registry.branded !== null && !text.startsWith('["ref"')) this.writeBrands(value as object);
      return text;
    } catch (error) {
      // A brand check of the platform, or a transformer of the user's, has failed.
      const why = error instanceof Error ? error.message : String(error);
      return this.refuse(`an object that cannot be read (${why})`);
    }
  }

  /** Private names of classes from which the object does not inherit. */
  private writeBrands(object: object): void {
    for (const one of brandsOf(object)) {
      if (Reflect.apply(isPrototypeOf, one.class.prototype, [object])) continue;
      const wrong = writePrivate(object, this.value(one.class), one, this);
      if (wrong !== undefined) this.refuse(`an object with ${wrong}`);
    }
  }

  private writeNamed(value: object): string | undefined {
    const name = nameOf(value);
    if (name !== undefined) return writeReference(name, value, this);
    const resource = resourceName(value);
    return resource === undefined ? undefined : `["resource",${quote(resource)}]`;
  }

  protected writeObject(object: object): string {
    const place = this.reached.aliases?.get(this.current);
    if (place !== undefined) return this.writeEnclosed(place);
    const named = this.writeNamed(object);
    if (named !== undefined) return named;
    if (this.isProxy?.(object)) return this.refuse("a Proxy");
    const prototype: object | null = Object.getPrototypeOf(object);
    if (prototype === Object.prototype) return this.writeOrdinary(object);
    if (prototype === Array.prototype) {
      if (!Array.isArray(object)) return this.refuse("an object that only looks like an array");
      return (
        (object.length >= MANY_ELEMENTS ? this.writeData(object, 0) : undefined) ?? writeArray(object, this)
      );
    }
    if (prototype === null) return this.writeUnder(object, null) ?? writeDictionary(object, this);
    const kind = this.kinds.byPrototype.get(prototype);
    if (kind !== undefined) {
      const known = Object.hasOwn(object, "constructor") ? this.writePrototype(object) : undefined;
      return known ?? this.writeKind(object, kind);
    }
    if (this.isProxy?.(prototype)) return this.refuse("an object that inherits from a Proxy");
    if (this.ofRun !== null && recordOf(object) !== undefined) {
      const scopes = (this.scopes ??= new Scopes(this));
      scopes.need(object, [], this.current);
      return this.later(() => scopes.write(object));
    }
    const builtin = builtinName(object);
    if (builtin !== undefined) return `["builtin",${quote(builtin)}]`;
    const made = this.writeGenerating(object);
    if (made !== undefined) return made;
    const owner = classOfPrototype(object);
    if (owner !== undefined) return writeClassPrototype(owner, object, this);
    return writeInstance(object, prototype, this);
  }

  /** Nodes that were written before the tree in which they stand refer to it instead. */
  private rewrite(): void {
    const { current, texts } = this;
    for (const index of this.reached.met) {
      if (index >= texts.length) continue;
      this.current = index;
      texts[index] = this.writeEnclosed(this.reached.aliases!.get(index)!);
    }
    this.current = current;
  }

  /** What stands inside of a data node. */
  private writeEnclosed(place: number): string {
    const [node, at] = this.plainData!.placeOf(place);
    this.order?.edge(this.current, node);
    return `["inside",${node},${at}]`;
  }

  /** The `prototype` of a class, a closure or a built-in, as an object of its own. */
  private writePrototype(object: object): string | undefined {
    const owner = classOfPrototype(object);
    if (owner !== undefined) return writeClassPrototype(owner, object, this);
    const named = namedConstructorOf(object);
    if (named !== undefined) return `["prototype",${this.index(named)}]`;
    const f = this.ofRun === null ? undefined : closureOfPrototype(object);
    if (f !== undefined) return writeClosurePrototype(f, object, this);
    const builtin = builtinName(object);
    return builtin === undefined ? undefined : `["builtin",${quote(builtin)}]`;
  }

  /** An object whose prototype does not tell what it is. Undefined: an ordinary one. */
  private writeUnder(object: object, prototype: null | object): string | undefined {
    const known = this.writePrototype(object);
    if (known !== undefined) return known;
    if (isNamespace(object))
      return this.refuse("what import() gave; call it again, or import * as … at the top");
    const brand = brandOf(object);
    return brand === undefined ? undefined : this.branded(object, brand, prototype);
  }

  branded(object: object, brand: object, above: null | object): string {
    const prototype = above === null ? null : `[${this.index(above)},0]`;
    if (brand === Array.prototype) return writeArray(object as unknown[], this, prototype);
    const kind = this.kinds.byPrototype.get(brand);
    if (kind === undefined) return this.refuse("an object of a kind that its prototype hides");
    const text = kind.write(object as never, this);
    writeOwn(object, prototype, this, writtenBy(kind, object));
    return text;
  }

  /** A generator, or the `prototype` of a generator function. */
  private writeGenerating(object: object): string | undefined {
    const task = generatorTask(object) ?? strayTask(object);
    const owner = task === undefined ? generatorFunctionOf(object) : undefined;
    if (task === undefined && owner === undefined) return undefined;
    if (this.ofRun === null) return this.refuse("a generator");
    if (task !== undefined && task.run !== this.ofRun)
      return this.refuse(
        task.run.free ? "a generator made outside of the run" : `a generator of run "${task.run.id}"`,
      );
    const text = task === undefined ? writePrototype(owner!, this) : writeGenerator(object, task, this);
    if (task === undefined) {
      const changes = prototypeChanges(object);
      writeOwn(object, 0, this, changes.isMade, changes.removed);
    } else if (Reflect.ownKeys(object).length > 0 || !Object.isExtensible(object))
      writeOwn(object, 0, this, () => false);
    return text;
  }

  /** `Math` and its like inherit from `Object.prototype`, too. What they hold cannot be enumerated, but for `console`. */
  private writeOrdinary(object: object): string {
    if (object === globalThis.console) return '["builtin","console"]';
    if (Object.hasOwn(object, "constructor")) {
      const known = this.writePrototype(object);
      if (known !== undefined) return known;
    }
    const text = this.writeData(object, MANY_NODES) ?? writePlain(object, this);
    if (text !== undefined) return text;
    const brand = languageBrand(object);
    if (brand !== undefined) return this.branded(object, brand, Object.prototype);
    const builtin = Reflect.ownKeys(object).length > 0 ? builtinName(object) : undefined;
    return builtin === undefined ? writeOdd(object, this) : `["builtin",${quote(builtin)}]`;
  }

  /** A tree of plain data as one node. Undefined: it is none, or the snapshot is too small for it to matter. */
  private writeData(object: object, least: number): string | undefined {
    if (this.heap.length < least) return undefined;
    const known =
      Array.isArray(object) && object.length > LONG_LIST
        ? this.chunks?.list(object, this.isProxy)
        : undefined;
    if (known !== undefined) return known;
    this.plainData ??= new PlainData(this.reached, this.isProxy);
    const tree = this.plainData.write(object, this.current);
    if (tree === undefined) return undefined;
    this.rewrite();
    if (lengthOf(tree) < LARGE) return `["tree",${tree.join("")}]`;
    const { chunks } = this;
    if (chunks !== null) return chunks.tree(object, `[${tree.join("")}]`);
    this.long ??= new Map();
    this.long.set(this.current, ['["tree",', ...tree, "]"]);
    return "";
  }

  private writeKind(object: object, kind: Kind): string {
    const text = kind.write(object as never, this);
    if (kind.bare?.(object)) return text;
    const count =
      kind.count ?? (ArrayBuffer.isView(object) ? ((object as { length?: number }).length ?? 0) : 0);
    // Symbols among them: one list is made faster than two.
    if (Reflect.ownKeys(object).length !== count || !Object.isExtensible(object))
      writeOwn(object, 0, this, writtenBy(kind, object));
    return text;
  }

  /** A class of marked code: by its name at the top of a module, or as data. */
  private writeMade(value: ClassValue): string {
    const { code, run } = value;
    if (code.make === null) {
      if (loaded().classes.get(code.id) === value.class) return writeReference(code.id, value.class, this);
      return this.refuse(`the class ${value.class.name} of a module that was loaded twice`);
    }
    if (this.ofRun === null) return this.refuse("a class made in a function");
    if (run !== null && run !== this.ofRun && !run.free) return this.refuse(`a class of run "${run.id}"`);
    return writeClass(value, this);
  }

  /** No closure of marked code: a method, a built-in, or what cannot be saved. */
  private writeUnstamped(f: Callable): string {
    const member = memberOf(f);
    if (member !== undefined) return writeMember(f, member, this);
    const builtin = builtinName(f);
    if (builtin !== undefined) return `["builtin",${quote(builtin)}]`;
    const code = codeOfNext(f);
    if (code !== undefined) return `["next",${quote(code.id)}]`;
    return this.refuse(`${f.name === "" ? "a" : "the"} function${f.name && ` ${f.name}`} of unmarked code`);
  }

  private writeFunction(f: Callable): string {
    const named = this.writeNamed(f);
    if (named !== undefined) return named;
    const made = classOf(f);
    if (made !== undefined) return this.writeMade(made);
    const stamp = stampOf(f);
    if (stamp === undefined) return this.writeUnstamped(f);
    if (this.ofRun === null) return this.refuse(`a closure, made at ${stamp.code.file}:${stamp.code.line}`);
    const { run } = stamp;
    const place = run === null ? placeOf(f, stamp.code) : undefined;
    if (place !== undefined) return writePlaced(stamp.code, place, this);
    if (run !== null && run !== this.ofRun && !run.free) return this.refuse(`a closure of run "${run.id}"`);
    if (stamp.code.make === null) return this.refuse("a function of a module that is not registered");
    const text = writeClosure(stamp, this);
    const prototype: unknown = Object.getOwnPropertyDescriptor(f, "prototype")?.value;
    if (isObject(prototype) && isOddPrototype(f, prototype)) this.index(prototype);
    writeChanges(f, stamp, this);
    return text;
  }
}
