/**
 * Functions: closures by code and scope records, everything else by name.
 *
 *   ["fn",2,5,6]                     the closure of code names[2] over the scope records 5 and 6
 *   ["scope",3,1,[4]]                a scope record: the variables of names[3] that something still uses
 *   ["ref","shop/flows.ts#total"]    what a marked module binds to this name
 *   ["builtin","Math.max"]
 *   ["resource","db"]
 *
 * A name of code is `id hash`, with a third word `~` when the author's name was given to several closures of the
 * function; a name of a record is `id variable…`. Blanks inside of words are written `%20`.
 */
import type { Code, RecordSchema } from "../../../abi/index.ts";
import { ColdframeError } from "../../errors.ts";
import { Bound, codeOf, recordOf, registry, type StampValue } from "../../machine/index.ts";
import { builtinOf } from "../builtins.ts";
import { broken, type In, integer, type Kind, type Node, type Out, quote, string } from "../kind.ts";
import { splitName, word } from "../names.ts";
import { resourceOf } from "../resources.ts";
import { writeBound } from "./bound.ts";

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
  closureCode(id: string, hash: string, ambiguous: boolean): Code;
}

export function writeClosure({ code, scopes }: StampValue, out: HeapOut): string {
  const [first] = scopes;
  if (first instanceof Bound) return writeBound(first, out);
  out.code(code);
  let text = `["fn",${out.name(closureName(code))}`;
  for (let i = 0; i < scopes.length; i++) text += `,${out.scope(scopes[i]!, code.captures[i] ?? [])}`;
  return `${text}]`;
}

const madeNames = new WeakMap<Code, string>();

/** Whether a closure has another `name` than its factory gives: that of a computed key, or what the program set. */
export function isRenamed(f: { readonly name: string }, { code, scopes }: StampValue): boolean {
  if (code.make === null || scopes[0] instanceof Bound) return false;
  let name = madeNames.get(code);
  if (name === undefined) {
    // A factory only makes a function; over which variables does not matter.
    const made: unknown = code.make(...code.captures.map(() => ({}) as never));
    name = (made as { readonly name: string }).name;
    madeNames.set(code, name);
  }
  const found = Object.getOwnPropertyDescriptor(f, "name");
  return found !== undefined && found.value !== name;
}

const closureNames = new WeakMap<Code, string>();

export function closureName(code: Code): string {
  let name = closureNames.get(code);
  if (name === undefined) {
    name = quote(`${word(code.id)} ${word(code.hash)}${hasNamesake(code.id) ? " ~" : ""}`);
    closureNames.set(code, name);
  }
  return name;
}

/** True when closures of one function share an author's name and are told apart by a number only: edits may swap them. */
export function hasNamesake(id: string): boolean {
  return /[$#]\d+$/.test(id) || codeOf(`${id}$2`) !== undefined || codeOf(`${id}#2`) !== undefined;
}

export const closure: Kind = {
  tags: ["fn"],
  prototypes: [],
  write: () => broken("written by its stamp"),
  allocate(node: Node, input: HeapIn): unknown {
    const [id, hash, ambiguous] = splitName(input.names[integer(node[1], input.names.length)]);
    const code = input.closureCode(string(id), string(hash), ambiguous !== undefined);
    if (code.make === null || code.captures.length !== node.length - 2) {
      if (code.hash === hash) return broken("a closure over a wrong number of scopes");
      throw changed(code, "it uses other scopes than it did");
    }
    const scopes: unknown[] = [];
    for (let i = 2; i < node.length; i++) {
      scopes.push(input.node(node[i], ["scope"]));
      if (code.hash !== hash) input.needs(node[i] as number, code.captures[i - 2]!, code);
    }
    return code.make(...(scopes as never[]));
  },
};

function changed(code: Code, how: string): ColdframeError {
  return new ColdframeError(
    "CF2103",
    `the closure ${code.id} (${code.file}:${code.line}) changed while it was in a frame: ${how}. Deploy the old build beside this one, or map it in a migration`,
  );
}

/**
 * The code that carries on a closure. With another hash the author has edited the function; that is fine unless the
 * name may now mean another closure: then only an equal hash among its namesakes counts.
 */
export function findClosureCode(id: string, hash: string, ambiguous: boolean): Code {
  const code = codeOf(id);
  if (code !== undefined && code.hash === hash) return code;
  const base = id.replace(/[$#]\d+$/, "");
  const equal: Code[] = [];
  for (const other of registry.codes.values()) {
    if (other.hash === hash && other.make !== null && other.id.replace(/[$#]\d+$/, "") === base)
      equal.push(other);
  }
  if (equal.length === 1) return equal[0]!;
  if (code === undefined) {
    throw new ColdframeError(
      "CF2103",
      `no loaded code is called ${id}. Load the module that has it, or map it in a migration`,
    );
  }
  if (ambiguous || hasNamesake(id) || equal.length > 1) {
    throw changed(
      code,
      "several closures of the function have this name, so it may now be another one; ambiguous",
    );
  }
  return code;
}

export const scope: Kind = {
  tags: ["scope"],
  prototypes: [],
  write: () => broken("written by those that use it"),
  allocate(node: Node, input: In): unknown {
    const schema = schemaOf(node, input);
    const record = new schema.Record();
    return recordOf(record) === undefined ? broken("a record class that is none") : record;
  },
  fill(record: Record<string, unknown>, node: Node, input: In): void {
    const { variables } = schemaOf(node, input);
    const saved = savedVariables(node, input);
    for (let i = 0; i < saved.length; i++) {
      if (variables.includes(saved[i]!)) record[saved[i]!] = input.value(node[i + 2]);
    }
  },
};

function schemaOf(node: Node, input: In): RecordSchema {
  const [id] = splitName(input.names[integer(node[1], input.names.length)]);
  const schema = registry.records.get(string(id));
  if (schema !== undefined) return schema;
  throw new ColdframeError(
    "CF2103",
    `no loaded code has the variables of ${id}. Load the module that has it, or map it in a migration`,
  );
}

/** The names of the variables that a record was saved with, in the order of its node. */
export function savedVariables(node: Node, input: In): readonly string[] {
  const [, ...saved] = splitName(input.names[integer(node[1], input.names.length)]);
  return saved.length === node.length - 2 ? saved : broken("a record with too few or too many values");
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
