/**
 * What compiled code registers, in the short form of docs/abi.md §6: one text for each function, of which loading reads the first
 * two words. The rest is taken apart when a snapshot, an alignment or a person first asks for it.
 */
import type { Code, CodeKind, Point, RecordSchema, ValueKind } from "../../abi/index.ts";
import { $closure, $closureOver } from "./closure.ts";
import type { Callable } from "./durable.ts";
import { type Module, registerCode, registerRecord } from "./registry.ts";
import { $async } from "./values.ts";

type Head = Pick<Code, "kind" | "line" | "captures">;

class Descriptor implements Code {
  readonly id: string;
  readonly hash: string;
  readonly step: Code["step"];
  readonly make: Code["make"];
  readonly file: string;
  readonly #text: string;
  #head: Head | null = null;
  #points: readonly Point[] | null = null;

  constructor(module: Module, text: string, step: Code["step"], make: Code["make"]) {
    const path = text.indexOf(" ");
    this.id = `${module.id}#${decode(text.slice(0, path))}`;
    this.hash = text.slice(path + 1, text.indexOf(" ", path + 1));
    this.file = module.file;
    this.#text = text;
    this.step = step;
    this.make = make === null ? null : stamping(this, make as Factory);
  }

  get kind(): CodeKind {
    return this.#readHead().kind;
  }

  get line(): number {
    return this.#readHead().line;
  }

  get captures(): readonly (readonly string[])[] {
    return this.#readHead().captures;
  }

  get points(): readonly Point[] {
    this.#points ??= [
      null as never,
      ...this.#lines()
        .filter((line) => !line.startsWith("="))
        .map(point),
    ];
    return this.#points;
  }

  get declared(): ReadonlyMap<string, string> {
    return new Map(
      this.#declarations().map(([name, line, column]) => [name!, `${line}:${Number(column) + 1}`]),
    );
  }

  get kinds(): ReadonlyMap<string, readonly ValueKind[]> {
    const known = this.#declarations().filter(({ length }) => length > 3);
    return new Map(known.map(([name, , , ...kinds]) => [name!, kinds as ValueKind[]]));
  }

  #declarations(): string[][] {
    const words = this.#lines()
      .at(-1)
      ?.match(/(?<=^=| )\S+/g);
    return (words ?? []).map((word) => word.split(":").map(decode));
  }

  #lines(): string[] {
    return this.#text.split("\n").slice(1);
  }

  #readHead(): Head {
    if (this.#head === null) {
      // Not by iteration: a program may have changed that of arrays.
      const words = this.#text.split("\n", 1)[0]!.split(" ");
      this.#head = {
        kind: words[2] as CodeKind,
        line: Number(words[3]),
        captures: words.slice(4).map((record) => (record === "-" ? [] : record.split(",").map(decode))),
      };
    }
    return this.#head;
  }
}

const NONE: readonly object[] = [];

type Factory = (...scopes: object[]) => Callable;

/**
 * The factory of a closure, with the stamp that says what it was made of. One for each number of scopes, so that V8 sees through it:
 * a list of arguments costs a closure of one scope half of its speed. `make` may
 * have a further parameter, as the variable by which the closure knows itself. What is left above native is memory, by V8's layouts 168 bytes
 * instead of 96 for a closure over one variable: its record, and the property array of the stamp. That is as long for one field as for
 * three, and takes as long (measured). Lists are applied, not spread: a program may have changed how arrays iterate.
 */
function stamping(code: Code, make: Factory): Factory {
  const scopes = code.kind === "class" ? make.length : code.captures.length;
  if (code.kind === "async")
    return scopes === 1
      ? (a) => $closureOver($async(make(a)), code, a)
      : (...list) => $closure($async(Reflect.apply(make, undefined, list)), code, list);
  switch (scopes) {
    case 0:
      return () => $closure(make(), code, NONE);
    case 1:
      return (a) => $closureOver(make(a), code, a);
    case 2:
      return (a, b) => $closure(make(a, b), code, [a, b]);
    default:
      return (...list) => $closure(Reflect.apply(make, undefined, list), code, list);
  }
}

/** `7:19 4k1sof1 reserve $of $order.cart,card held`; `15:36!` in a handler, `$completion>return,break%201` for what a `finally` pends */
function point(text: string): Point {
  const [place, fingerprint, name, ...words] = text.split(" ") as [string, string, string, ...string[]];
  const slots: string[] = [];
  const fields: string[] = [];
  let exits: Record<string, readonly string[]> | null = null;
  for (const word of words) {
    const [kept, jumps] = word.split(">") as [string, string | undefined];
    const [slot, names] = kept.split(".") as [string, string | undefined];
    slots.push(decode(slot));
    if (jumps !== undefined) (exits ??= {})[decode(slot)] = jumps.split(",").map(decode);
    for (const one of names?.split(",") ?? []) fields.push(`${decode(slot)}.${decode(one)}`);
  }
  const [line, column] = place.split(":") as [string, string];
  return {
    name: decode(name),
    fingerprint,
    line: Number(line),
    column: Number.parseInt(column, 10),
    live: [...slots, ...fields],
    ...(exits === null ? {} : { exits }),
    ...(column.endsWith("!") ? { handler: true as const } : {}),
  };
}

/** Blanks, ends of line, and what a template would take for its own are escaped as in a URL. */
function decode(word: string): string {
  return word.includes("%")
    ? word.replace(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
    : word;
}

/**
 * Registers a function.
 * @param text `path hash kind line captures…`, and a line for each suspend point
 * @param step its step function, unless it is a plain one
 * @param make its factory, if it is a closure: a function of the scope records to the bare function. `make` of the code stamps it
 * @throws ColdframeError CF2004 when the id is taken by other code, unless `registry.hot`
 */
export function $code(
  module: Module,
  text: string,
  step: Code["step"] = null,
  make: Code["make"] = null,
): Code {
  return registerCode(new Descriptor(module, text, step, make));
}

class Schema implements RecordSchema {
  readonly id: string;
  readonly Record: new () => object;
  #variables: readonly string[] | null = null;

  constructor(id: string, Record: new () => object) {
    this.id = id;
    this.Record = Record;
  }

  get variables(): readonly string[] {
    this.#variables ??= Object.keys(new this.Record());
    return this.#variables;
  }
}

/** Registers a class of scope records; its fields are the variables. Returns the class. */
export function $record<C extends new () => object>(module: Module, path: string, Record: C): C {
  registerRecord(new Schema(`${module.id}#${path}`, Record));
  return Record;
}
