/**
 * Functions: closures by code and scope records, everything else by name.
 *
 *   ["fn",2,5,6]                     the closure of code names[2] over the scope records 5 and 6
 *   ["fn",2,"handlers.open"]         the closure of code names[2] that its module keeps there
 *   ["scope",3,1,[4]]                a scope record: the variables of names[3] that something still uses
 *   ["ref","shop/flows.ts#total"]    what a marked module binds to this name
 *   ["builtin","Math.max"]
 *   ["resource","db"]
 *
 * A name of code is `id hash`, with a third word when the author's name was given to several closures of the function
 * (`namesakes.ts`); a name of a record is `id variable…`. Blanks inside of words are written `%20`.
 */
import "./super-calls.ts";
import type { Code, RecordSchema } from "../../../abi/index.ts";
import { ColdframeError } from "../../errors.ts";
import {
  Bound,
  type Callable,
  classOf,
  closureAt,
  codeOf,
  currentName,
  generatorFunctionOf,
  isPristine,
  loaded,
  nameOf,
  recordOf,
  type StampValue,
  stampOf,
} from "../../machine/index.ts";
import { builtinOf } from "../builtins.ts";
import { broken, type In, integer, type Kind, type Node, type Out, quote, string } from "../kind.ts";
import { applied, type Chain, failed } from "../migrations.ts";
import { splitName, word } from "../names.ts";
import { amongOf, hasNamesake, markOf, sameText } from "../namesakes.ts";
import { checkRenamed } from "../renames.ts";
import { resourceOf } from "../resources.ts";
import { writeBound } from "./bound.ts";
import { writeOwn } from "./own-table.ts";

/** What the writer of a run adds: the variables of each scope record that are needed, and the code that is. */
export interface HeapOut extends Out {
  /** The index of a scope record; adds to the variables of it that are needed. */
  scope(record: object, variables: readonly string[]): number;
  code(code: Code): void;
}

/** What the reader of a run adds. */
export interface HeapIn extends In {
  /** Makes sure that the record of this node was saved with these variables. CF2103 when the code changed, and needs others. */
  needs(index: number, variables: readonly string[], code: Code): void;
  /** Calls `carryOver` when all objects are complete, and instances carried over. */
  migrate(carryOver: () => void): void;
  /** Gives a variable of a scope record a value that it was not saved with. CF2403 when another was given to it. */
  give(record: object, variable: string, value: unknown): void;
  /** What carries over something that the version `hash` of `code` saved. */
  chain(kind: "closure" | "fields", code: Code, id: string, hash: string): Chain | undefined;
  closureCode(id: string, hash: string, mark: string | undefined): Code;
}

export function writeClosure({ code, scopes }: StampValue, out: HeapOut): string {
  const [first] = scopes;
  if (first instanceof Bound) return writeBound(first, out);
  out.code(code);
  let text = `["fn",${out.name(closureName(code))}`;
  for (let i = 0; i < scopes.length; i++) text += `,${out.scope(scopes[i]!, code.captures[i] ?? [])}`;
  return `${text}]`;
}

/** Writes a closure that its module keeps at `place`. */
export function writePlaced(code: Code, place: string, out: HeapOut): string {
  out.code(code);
  return `["fn",${out.name(closureName(code))},${quote(place)}]`;
}

/** What a function is when it is made. */
interface Made {
  readonly keys: readonly PropertyKey[];
  readonly name: unknown;
  readonly length: unknown;
  readonly prototype: object | null;
  /** It has an object for its `prototype`. */
  readonly constructs: boolean;
}

const samples = new WeakMap<Code, Made>();

/** What a restore makes of a closure, before it is given what was done to it. */
function madeFunction(f: Callable, { code, scopes }: StampValue): Made {
  const [first] = scopes;
  // A bound function is made with the name and length that it was bound with.
  if (first instanceof Bound)
    return { ...first, keys: BOUND, prototype: Object.getPrototypeOf(first.target), constructs: false };
  let made = samples.get(code);
  if (made === undefined) {
    // A factory only makes a function; over which variables does not matter.
    const sample =
      code.make === null ? f : (code.make(...code.captures.map(() => ({}) as never)) as Callable);
    made = describeFunction(sample);
    samples.set(code, made);
  }
  return made;
}

const BOUND: readonly PropertyKey[] = ["length", "name"];

function describeFunction(f: Callable): Made {
  const value = (key: string) => Object.getOwnPropertyDescriptor(f, key)?.value as unknown;
  return {
    keys: Reflect.ownKeys(f),
    name: value("name"),
    length: value("length"),
    prototype: Object.getPrototypeOf(f),
    constructs: value("prototype") !== undefined,
  };
}

/** Writes what was done to a closure since it was made: its name, its prototype, properties added and taken away. */
export function writeChanges(f: Callable, stamp: StampValue, out: Out): void {
  const made = madeFunction(f, stamp);
  const keys = Reflect.ownKeys(f);
  const isMade = (key: PropertyKey): boolean => {
    const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(f, key)!;
    if (get !== undefined || set !== undefined || enumerable === true) return false;
    if (key === "prototype")
      return value === undefined ? !made.constructs : isMadePrototype(f, value, writable);
    if (key !== "name" && key !== "length") return made.keys.includes(key);
    return value === made[key] && writable === false && configurable === true;
  };
  const above: unknown = Object.getPrototypeOf(f);
  if (
    above === made.prototype &&
    keys.length === made.keys.length &&
    Object.isExtensible(f) &&
    keys.every(isMade)
  )
    return;
  const isFrozen = Object.isFrozen(f);
  const prototype = above === made.prototype ? 0 : above === null ? null : `[${out.index(above)},0]`;
  const removed = made.keys.filter((key) => !Object.hasOwn(f, key));
  // A frozen function is made so after everything else: what only lost its attributes by that is as it was made.
  writeOwn(f, prototype, out, (key) => isMade(key) || (isFrozen && isLocked(f, key, made)), removed);
}

function isLocked(f: Callable, key: PropertyKey, made: Made): boolean {
  if (key !== "name" && key !== "length") return false;
  const { value } = Object.getOwnPropertyDescriptor(f, key)!;
  return value !== undefined && value === made[key];
}

/** Whether `prototype` is the one that every function of its sort is made with. */
function isMadePrototype(f: Callable, value: unknown, writable: boolean | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return writable === true && (generatorFunctionOf(value) === f || closureOfPrototype(value) === f);
}

/** The closure that was made with this object as its `prototype`, or was given it as one. */
export function closureOfPrototype(object: object): Callable | undefined {
  const f = Object.getOwnPropertyDescriptor(object, "constructor")?.value as unknown;
  if (typeof f !== "function" || classOf(f) !== undefined || stampOf(f) === undefined) return undefined;
  return Object.getOwnPropertyDescriptor(f, "prototype")?.value === object ? (f as Callable) : undefined;
}

/** The function with a name of its own whose `prototype` this is: it is found again with all that the module has done to it. */
export function namedConstructorOf(object: object): Callable | undefined {
  const f = Object.getOwnPropertyDescriptor(object, "constructor")?.value as unknown;
  if (typeof f !== "function" || nameOf(f) === undefined) return undefined;
  return Object.getOwnPropertyDescriptor(f, "prototype")?.value === object ? (f as Callable) : undefined;
}

/** Writes the `prototype` of a closure as an object of its own. */
export function writeClosurePrototype(f: Callable, object: object, out: Out): string {
  const above: unknown = Object.getPrototypeOf(object);
  const prototype = above === Object.prototype ? 0 : above === null ? null : `[${out.index(above)},0]`;
  const isMade = (key: PropertyKey) =>
    key === "constructor" && Object.getOwnPropertyDescriptor(object, key)!.enumerable === false;
  writeOwn(object, prototype, out, isMade);
  return `["prototype",${out.index(f)}]`;
}

/** Whether a restore of the closure alone would give its `prototype` back. */
export function hasPlainPrototype(object: object): boolean {
  return (
    Reflect.ownKeys(object).length === 1 &&
    Object.isExtensible(object) &&
    Object.getPrototypeOf(object) === Object.prototype &&
    Object.getOwnPropertyDescriptor(object, "constructor")?.enumerable === false
  );
}

const closureNames = new WeakMap<Code, string>();

export function closureName(code: Code): string {
  let name = closureNames.get(code);
  if (name === undefined) {
    const mark = markOf(code);
    name = quote(`${word(code.id)} ${word(code.hash)}${mark === undefined ? "" : ` ${mark}`}`);
    closureNames.set(code, name);
  }
  return name;
}

export const closure: Kind = {
  tags: ["fn"],
  prototypes: [],
  write: () => broken("written by its stamp"),
  allocate(node: Node, input: HeapIn): unknown {
    const [id, hash, mark] = splitName(input.names[integer(node[1], input.names.length)]);
    const code = input.closureCode(string(id), string(hash), mark);
    if (typeof node[2] === "string") return placed(code, node[2]);
    // Also of an equal text: what a name in it means is decided around it.
    if (code.make === null || code.captures.length !== node.length - 2)
      throw changed(code, "it uses other scopes than it did");
    const records = node.slice(2);
    const scopes = records.map((raw) => input.node(raw, ["scope"]) as object);
    if (code.hash !== hash) carryOver(code, string(id), string(hash), records, input);
    checkVariables(code, scopes);
    return code.make(...(scopes as never[]));
  },
};

/**
 * Classes of scope records go by their names, too, and an equal text may use variables that stand in another scope now.
 * @throws ColdframeError CF2103 when the class of a record has no such variable
 */
export function checkVariables(code: Code, scopes: readonly object[]): void {
  for (const [i, record] of scopes.entries()) {
    const known = recordOf(record)?.variables;
    if (known === undefined) throw changed(code, "the variables that it used belong to no loaded code");
    const lost = code.captures[i]!.find((name) => !known.includes(name));
    if (lost !== undefined) throw changed(code, `"${lost}", which it uses, belongs to another scope now`);
  }
}

/** The variables that a closure captures and that other code saved: as they are, or as a migration makes them. */
export function carryOver(
  code: Code,
  id: string,
  hash: string,
  records: readonly unknown[],
  input: HeapIn,
): void {
  const chain = input.chain("closure", code, id, hash);
  const indexes = records.map((raw) => integer(raw, input.nodes.length));
  if (chain === undefined) {
    indexes.forEach((index, i) => {
      input.needs(index, code.captures[i]!, code);
    });
    return;
  }
  input.migrate(() => {
    const old = new Map<string, unknown>();
    for (const index of indexes) {
      const node = input.nodes[index] as Node;
      savedVariables(node, input).forEach((name, i) => {
        old.set(name, input.value(node[i + 2]));
      });
    }
    const given = applied(chain, Object.fromEntries(old), `the closure ${code.id}`);
    indexes.forEach((index, i) => {
      for (const name of code.captures[i]!) {
        if (!Object.hasOwn(given, name))
          throw failed(`that of the closure ${code.id} (${code.file}:${code.line}) gave no "${name}"`);
        input.give(input.node(index, ["scope"]) as object, name, given[name]);
      }
    });
  });
}

function placed(code: Code, place: string): Callable {
  const found = closureAt(code, place);
  if (found !== undefined && stampOf(found)!.code === code) return found;
  throw changed(code, `its module does not keep it as ${place} any more`);
}

function changed(code: Code, how: string): ColdframeError {
  return new ColdframeError(
    "CF2103",
    `the closure ${code.id} (${code.file}:${code.line}) changed while it was in a frame: ${how}. Deploy the old build beside this one, or map it in a migration`,
  );
}

/**
 * The code that carries on a closure. With another hash the author has edited the function; that is fine unless the
 * name may now mean another closure: then only the same text among its namesakes counts, or what a migration says.
 * @param mark what the snapshot says of its namesakes
 * @param isMapped whether a migration begins with this code
 */
export function findClosureCode(
  id: string,
  hash: string,
  mark: string | undefined,
  isMapped: (code: Code) => boolean = () => false,
): Code {
  const code = codeOf(id);
  if (code?.hash === hash && mark === undefined) return code;
  if (code?.id === id && code.hash !== hash) checkRenamed(id);
  const among = amongOf(id, mark);
  const same = sameText(id, hash, among);
  if (same !== undefined) return same;
  if (code === undefined) {
    throw new ColdframeError(
      "CF2103",
      `no loaded code is called ${id}. Load the module that has it, or say with renamed() what it is called now`,
    );
  }
  if (isMapped(code) || (mark === undefined && !hasNamesake(id))) return code;
  const which =
    among === null || among.count === 1
      ? "several closures of the function have this name, so it may now be another one"
      : `it was one of ${among.count} closures of this name and of equal text, of which some were added, removed or changed`;
  throw changed(code, `${which}; ambiguous`);
}

export const scope: Kind = {
  tags: ["scope"],
  prototypes: [],
  write: () => broken("written by those that use it"),
  allocate(node: Node, input: In): unknown {
    const schema = schemaOf(node, input);
    if (schema === undefined) return new Lost();
    const record = new schema.Record();
    return recordOf(record) === undefined ? broken("a record class that is none") : record;
  },
  fill(record: Record<string, unknown>, node: Node, input: In): void {
    const variables = schemaOf(node, input)?.variables ?? [];
    const saved = savedVariables(node, input);
    for (let i = 0; i < saved.length; i++) {
      if (variables.includes(saved[i]!)) record[saved[i]!] = input.value(node[i + 2]);
    }
  },
};

/** Stands for a record of which no loaded code has the variables: frames take what they need of it. */
class Lost {}

function schemaOf(node: Node, input: In): RecordSchema | undefined {
  const [id] = splitName(input.names[integer(node[1], input.names.length)]);
  const { records } = loaded();
  return records.get(string(id)) ?? records.get(currentName(string(id)));
}

/** The names of the variables that a record was saved with, in the order of its node. */
export function savedVariables(node: Node, input: In): readonly string[] {
  const [, ...saved] = splitName(input.names[integer(node[1], input.names.length)]);
  return saved.length === node.length - 2 ? saved : broken("a record with too few or too many values");
}

/** What goes by its name. With that of a class stands what is known of it: see changed-classes.ts. */
export function writeReference(name: string, value: object, out: HeapOut): string {
  let text = `["ref",${quote(name)}`;
  for (let f: unknown = value; typeof f === "function"; f = Object.getPrototypeOf(f)) {
    const code = classOf(f)?.code;
    if (code === undefined) continue;
    out.code(code);
    text += f === value ? `,"${code.hash}"` : `,${quote(code.id)},"${code.hash}"`;
  }
  return `${text}]`;
}

export const reference: Kind = {
  tags: ["ref"],
  prototypes: [],
  write: () => broken("written by its name"),
  allocate: (node: Node, input: In) => input.resolve(string(node[1])),
};

export const builtin: Kind = {
  tags: ["builtin"],
  prototypes: [],
  write: () => broken("written by its name"),
  allocate(node: Node): unknown {
    const name = string(node[1]);
    const value = builtinOf(name);
    if (value !== undefined) return value;
    throw new ColdframeError(
      "CF2103",
      `it holds the built-in ${name.slice(0, 60)}, which this engine does not have`,
    );
  },
};

export const resource: Kind = {
  tags: ["resource"],
  prototypes: [],
  write: () => broken("written by its name"),
  allocate: (node: Node) => resourceOf(string(node[1])),
};

/** Whether more stands in a function's `prototype` than a restore makes by itself. */
export function isOddPrototype(f: Callable, prototype: object): boolean {
  if (generatorFunctionOf(prototype) === f) return !isPristine(prototype);
  return closureOfPrototype(prototype) === f && !hasPlainPrototype(prototype);
}
