/**
 * What a kind of value is to the snapshot: its writer and its reader, side by side in one file of `kinds/`.
 *
 * A snapshot is a flat table of nodes; values inside of nodes are
 *
 *   string, number, boolean, null   themselves
 *   []                              undefined
 *   ["-0"] ["NaN"] ["12n"] ["tdz"]  what JSON has no word for
 *   [7]                             the object, symbol or long string that is node 7
 */
import { ColdframeError } from "../errors.ts";
import type { ChunkBody } from "./chunk.ts";

/** What a writer of a kind is given. */
export interface Out {
  /** Whether it is a snapshot of a run, and no value outside of runs. */
  readonly isOfRun: boolean;
  /** Index of the node being written. */
  readonly current: number;
  /** The text of a value in a node. Anything with identity gets a node and is written later, never by recursion. */
  value(value: unknown): string;
  /** The index of the node of an object, function, symbol or long string. */
  index(value: unknown): number;
  /** The index of an entry of the name table, given as JSON text. */
  name(text: string): number;
  /** Tells the key list of an object: undefined the first time it is seen, afterwards its index in the name table. */
  shape(keys: readonly string[]): number | undefined;
  /** Node text that is written when everything reachable is known. */
  later(write: () => string): string;
  /** Own properties of the current node beyond what its kind writes: text of one entry of the own table. */
  own(entry: string): void;
  /** Records that the current node cannot be saved; `what` with its article: `a Socket`. Returns a stand-in. */
  refuse(what: string): string;
  /** Registers a weak collection: `reach` is told of everything reached so far, `all` from `from` on being new to it. */
  weak(reach: (all: readonly unknown[], from: number) => void): void;
  /** What stands for the content of an array buffer in its node. */
  bytes(content: Uint8Array): string;
  /** What `save` returns for the object of the current node, which a restore makes of it when it is complete. Called once. */
  content(object: object, save: () => unknown): string;
}

/** What a reader of a kind is given. */
export interface In {
  readonly nodes: readonly unknown[];
  /** The chunks that the snapshot refers to, by their names. */
  readonly chunks: ReadonlyMap<string, ChunkBody> | undefined;
  readonly names: readonly unknown[];
  /** An object with the keys of each key list in `names` that was needed. */
  readonly templates: (object | undefined)[];
  /** The value of its text in a node. During `allocate` only for what has no identity. */
  value(raw: unknown): unknown;
  /** The allocated object of node `index`; allocates it when it comes later. Only for kinds that depend on each other without cycles. */
  node(index: unknown, tags: readonly string[]): unknown;
  /** As `value`, of what has all that it refers to already: what users' code makes its objects of. */
  complete(raw: unknown): unknown;
  /** The objects inside of the data node `index`, in the order of its text. */
  inside(index: unknown): readonly object[];
  /** What a name stands for in this process. CF2103 when it is unknown. */
  resolve(name: string): unknown;
  /** Calls `finish` when all objects have what they refer to. */
  afterwards(finish: () => void): void;
}

export type Node = readonly unknown[];

/** A kind of objects. Type parameters stay inside of the files of `kinds/`: tables of kinds hold `Kind`. */
export interface Kind {
  /** First elements of its nodes. */
  readonly tags: readonly string[];
  /** Prototypes of its objects. */
  readonly prototypes: readonly object[];
  /** Whether `write` takes care of this own property. All others go to the own table. Undefined: there is none. */
  readonly done?: (key: string, value: object) => boolean;
  /** Number of own properties of an object that carries no others: saves looking at them one by one. Default 0. */
  readonly count?: number;
  /** Whether this object's own properties are not looked at: another node has them, or it would cost too much. */
  readonly bare?: (value: object) => boolean;
  /** Makes a new one, where some platforms keep state in own symbol properties: symbols that it has are not the user's. */
  readonly pristine?: () => object;
  /** Node text. Throws or refuses when the object only looks like one of its kind. */
  write(value: never, out: Out): string;
  /** Makes the object without what it refers to. */
  allocate(node: Node, input: In): unknown;
  /** Gives it what it refers to. */
  fill?(value: never, node: Node, input: In): void;
}

/** Whether an own property of an object of this kind needs no entry in the own table. */
export function writtenBy({ done, pristine }: Kind, object: object): (key: string | symbol) => boolean {
  const internals = pristine === undefined ? [] : Object.getOwnPropertySymbols(pristine()).map(String);
  return (key) =>
    typeof key === "symbol" ? internals.includes(String(key)) : (done?.(key, object) ?? false);
}

/** JSON text of a string. */
export function quote(text: string): string {
  return UNSAFE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes
const UNSAFE = /[\u0000-\u001f"\\\ud800-\udfff\u2028\u2029]/;

/** Damage found by a reader: becomes CF2102 at the door. */
export function broken(what: string): never {
  throw new TypeError(what);
}

/** CF2103: the snapshot is sound, but this engine lacks a built-in. */
export function lacking(name: string): never {
  throw new ColdframeError(
    "CF2103",
    `it holds a ${name.slice(0, 60)}, which this engine does not have. Carry the run on with an engine that has it`,
  );
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function isIndex(key: string | symbol, below: number): boolean {
  if (typeof key === "symbol") return false;
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < below && String(index) === key;
}

export function integer(raw: unknown, below: number): number {
  if (typeof raw === "number" && Number.isInteger(raw) && raw >= 0 && raw < below) return raw;
  return broken(`${String(raw)} is no number below ${below}`);
}

export function string(raw: unknown): string {
  return typeof raw === "string" ? raw : broken("a string is missing");
}

export function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : broken("a list is missing");
}
