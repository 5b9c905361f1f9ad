/**
 * Instances of classes: those of marked modules and built-in subclasses by a reference to the class, others as the user
 * has registered them with superjson, everything else refused: nothing here "looks plain".
 *
 *   ["new",[2],1,"x",[5]]         an instance of the class that is node 2, its properties by the key list names[1]
 *   ["class","Money",1,12]        the same for a class registered with `superjson.registerClass`
 *   ["derived",[2],1,"x",[5]]     an object that inherits from the object that is node 2
 *   ["custom","decimal",[3]]      what a transformer of `superjson.registerCustom` made of it
 *   ["saved",[2],[3]]             what `static [Symbol.for("coldframe.save")]` of class 2 made of it
 *
 * An instance of a subclass of Map, Error and so on is written as those are, with its class in the own table.
 */
import { ColdframeError } from "../../errors.ts";
import { type ClassValue, classOf, isConstructorFunction, isStamped, nameOf } from "../../machine/index.ts";
import { brandOf } from "../brand.ts";
import { builtinName } from "../builtins.ts";
import {
  broken,
  type In,
  integer,
  isIndex,
  type Kind,
  lacking,
  list,
  type Node,
  type Out,
  quote,
  string,
} from "../kind.ts";
import { type Registrations, readCustom, registeredPrototype, writeForeign } from "../superjson.ts";
import { CLASSES, noClass, writePrivate } from "./classes.ts";
import { closureOfPrototype, namedConstructorOf } from "./functions.ts";
import { writeArray } from "./objects.ts";
import { writeOwn } from "./own-table.ts";

interface InstanceOut extends Out {
  readonly registrations: Registrations;
  /** The kind whose prototype this is. */
  kindOf(prototype: object): Kind | undefined;
  /** Writes an object of a built-in brand that inherits from something else. */
  branded(object: object, brand: object, above: object): string;
}

interface InstanceIn extends In {
  readonly registrations: Registrations;
}

/** A class that extends it has nothing of it but methods. */
const iteratorPrototype = (globalThis as { readonly Iterator?: { readonly prototype: object } }).Iterator
  ?.prototype;

export function writeInstance(object: object, prototype: object, out: InstanceOut): string {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const keeper = keeperOf(constructor);
  if (keeper !== undefined) {
    const Class = out.value(constructor);
    return `["saved",${Class},${out.content(object, () => keeper.save(object))}]`;
  }
  const foreign = writeForeign(object, constructor, out.registrations);
  if (foreign?.kind === "custom")
    return `["custom",${quote(foreign.name)},${out.content(object, foreign.serialize)}]`;
  if (foreign?.kind === "class") {
    return `["class",${quote(foreign.name)}${properties(foreign.content, out)}`;
  }
  if (inheritsFromObject(prototype, out)) {
    const brand = brandOf(object);
    if (brand !== undefined) return out.branded(object, brand, prototype);
    const above = out.value(prototype);
    const wrong = writePrivates(object, classesAbove(prototype), out);
    if (wrong !== undefined) return out.refuse(`${describe(object, constructor, prototype)} with ${wrong}`);
    return writeFields("derived", object, above, out);
  }
  // Every class on the way up must be one that a restore finds again; what unmarked code or the platform keeps is unknown.
  let above: object | null = prototype;
  const known: ClassValue[] = [];
  while (
    above !== Object.prototype &&
    above !== Array.prototype &&
    above !== iteratorPrototype &&
    above !== null &&
    out.kindOf(above) === undefined
  ) {
    const Class: unknown = Object.getOwnPropertyDescriptor(above, "constructor")?.value;
    if (!isSavableClass(Class, above)) return out.refuse(describe(object, constructor, prototype));
    const value = classOf(Class);
    if (value !== undefined) known.push(value);
    else if (hasPrivateFields(Class))
      return out.refuse(`${describe(object, constructor, prototype)} with private fields`);
    above = Object.getPrototypeOf(above);
  }
  if (above === prototype) return out.refuse(describe(object, constructor, prototype));
  const Class = out.value(constructor);
  const wrong = writePrivates(object, known, out);
  if (wrong !== undefined) return out.refuse(`${describe(object, constructor, prototype)} with ${wrong}`);
  if (above === Array.prototype) {
    if (!Array.isArray(object)) return out.refuse("an object that only looks like an array");
    return writeArray(object, out, Class);
  }
  const kind = above === null ? undefined : out.kindOf(above);
  if (kind !== undefined) {
    const text = kind.write(object as never, out);
    writeOwn(object, Class, out, (key) => typeof key === "string" && (kind.done?.(key, object) ?? false));
    return text;
  }
  return writeFields("new", object, Class, out);
}

/** @returns what is wrong with the private names that the object has of these classes; undefined: nothing */
function writePrivates(object: object, classes: readonly ClassValue[], out: Out): string | undefined {
  for (const one of classes) {
    if (one.names.length === 0) continue;
    const wrong = writePrivate(object, out.value(one.class), one, out);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Classes of marked modules whose prototypes stand in a chain, the nearest first. */
function classesAbove(prototype: object): readonly ClassValue[] {
  const found: ClassValue[] = [];
  for (let above: object | null = prototype; above !== null; above = Object.getPrototypeOf(above)) {
    const value = classOf(Object.getOwnPropertyDescriptor(above, "constructor")?.value);
    if (value !== undefined && value.class.prototype === above) found.push(value);
  }
  return found;
}

/** Ordinary properties go by a key list; if there are others, all of them go to the own table. */
function writeFields(tag: "new" | "derived", object: object, above: string, out: Out): string {
  const content: Record<string, unknown> = {};
  const all = (): string => {
    writeOwn(object, 0, out, () => false);
    return `["${tag}",${above},${out.name("[]")}]`;
  };
  if (!Object.isExtensible(object)) return all();
  for (const key of Reflect.ownKeys(object)) {
    const found = Object.getOwnPropertyDescriptor(object, key)!;
    const ordinary = "value" in found && found.enumerable && found.writable && found.configurable;
    if (typeof key === "symbol" || !ordinary || isIndex(key, Number.MAX_SAFE_INTEGER)) return all();
    Object.defineProperty(content, key, found);
  }
  return `["${tag}",${above}${properties(content, out)}`;
}

function properties(content: Readonly<Record<string, unknown>>, out: Out): string {
  const keys = Object.keys(content);
  let text = `,${out.name(`[${keys.map(quote).join(",")}]`)}`;
  for (const key of keys) text += `,${out.value(content[key])}`;
  return `${text}]`;
}

/**
 * Whether `prototype` is an object of the program, as `Object.create` takes it: no class has made it, and nothing of the platform
 * is in it. What such an object inherits is what stands in its prototype, and that is saved like any object.
 */
function inheritsFromObject(prototype: object, out: InstanceOut): boolean {
  if (!isProgramObject(prototype)) return false;
  let above: object | null = Object.getPrototypeOf(prototype);
  while (above !== null && above !== Object.prototype) {
    if (above === Array.prototype || out.kindOf(above) !== undefined) return true;
    if (!isProgramObject(above)) {
      const Class: unknown = Object.getOwnPropertyDescriptor(above, "constructor")?.value;
      return isSavableClass(Class, above) && (classOf(Class) !== undefined || !hasPrivateFields(Class));
    }
    above = Object.getPrototypeOf(above);
  }
  return true;
}

function isProgramObject(object: object): boolean {
  if (builtinName(object) !== undefined) return false;
  for (const key of Reflect.ownKeys(object)) {
    const { value, get } = Object.getOwnPropertyDescriptor(object, key)!;
    if (key === "constructor" && value?.prototype === object)
      if (closureOfPrototype(object) === undefined || namedConstructorOf(object) !== undefined) return false;
    if (key === Symbol.toStringTag || isNative(value) || isNative(get)) return false;
  }
  return true;
}

function isNative(f: unknown): boolean {
  return (
    typeof f === "function" &&
    Function.prototype.toString.call(f).endsWith("{ [native code] }") &&
    !isStamped(f)
  );
}

/**
 * A class that a restore will find again, that keeps nothing of its instances where a snapshot cannot look, and whose prototype this is.
 * That is known of classes of marked modules only. What unmarked code makes may stand in a WeakMap of its module, or in private
 * fields; errors are the exception, being data by their nature: a class of them goes by its name where a marked module imports it.
 */
function isSavableClass(constructor: unknown, prototype: object): constructor is object {
  if (typeof constructor !== "function") return false;
  if (Object.getOwnPropertyDescriptor(constructor, "prototype")?.value !== prototype) return false;
  if (classOf(constructor) !== undefined || isStamped(constructor) || isConstructorFunction(constructor))
    return true;
  const name = nameOf(constructor);
  if (name === undefined || isNative(constructor)) return false;
  return /^coldframe(\/[a-z-]+)?#/.test(name) || isErrorClass(constructor);
}

/** Private fields cannot be seen from outside; their names stand in the text of the class. */
function hasPrivateFields(constructor: unknown): boolean {
  if (typeof constructor !== "function") return false;
  const text = Function.prototype.toString.call(constructor);
  return (
    text.startsWith("class") && /[.;{}\n]\s*(?:(?:get|set|async)\s+|\*\s*)*#[\p{ID_Start}$_]/u.test(text)
  );
}

function isErrorClass(constructor: object): boolean {
  for (let above: unknown = constructor; above !== null; above = Object.getPrototypeOf(above))
    if (above === Error) return true;
  return false;
}

/** What an error calls a value. */
export function describeValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  const prototype: object | null = Object.getPrototypeOf(value);
  const found = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, "constructor");
  return describe(value, found?.value, prototype);
}

/** `a Socket`, `an Order`: what an error calls it. Reads no property of the object itself. */
export function describe(object: object, constructor: unknown, prototype: object | null): string {
  const name =
    typeof constructor === "function"
      ? (Object.getOwnPropertyDescriptor(constructor, "name")?.value as unknown)
      : prototype === null
        ? undefined
        : (Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value as unknown);
  if (typeof name === "string" && name !== "" && name !== "Object") {
    return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
  }
  return typeof object === "function" ? "a function" : "an object of an unknown prototype";
}

export const instance: Kind = {
  tags: ["new", "class", "derived"],
  prototypes: [],
  write: () => broken("written by its class"),
  allocate(node: Node, input: InstanceIn): unknown {
    if (node[0] === "derived") {
      const above = input.node(list(node[1])[0], []);
      return typeof above === "object" && above !== null
        ? Object.create(above)
        : broken("an object that inherits from none");
    }
    return Object.create(
      node[0] === "new" ? prototypeOf(node[1], input) : registered(string(node[1]), input),
    );
  },
  fill(object: object, node: Node, input: InstanceIn): void {
    const keys = list(input.names[integer(node[2], input.names.length)]);
    if (node.length !== keys.length + 3) broken("an instance with too few or too many values");
    for (let i = 0; i < keys.length; i++) {
      Object.defineProperty(object, string(keys[i]), {
        value: input.value(node[i + 3]),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  },
};

/** The prototype of the class that `[n]` refers to. */
export function prototypeOf(raw: unknown, input: In): object {
  const Class = input.node(list(raw)[0], CLASSES);
  const prototype: unknown =
    typeof Class === "function" ? Object.getOwnPropertyDescriptor(Class, "prototype")?.value : undefined;
  return typeof prototype === "object" && prototype !== null ? prototype : noClass(raw, input);
}

function registered(name: string, input: InstanceIn): object {
  return (
    registeredPrototype(name, input.registrations) ?? lacking(`class "${name}" (superjson.registerClass)`)
  );
}

export const custom: Kind = {
  tags: ["custom"],
  prototypes: [],
  write: () => broken("written by its transformer"),
  allocate(node: Node, input: InstanceIn): unknown {
    const name = string(node[1]);
    const made = readCustom(name, input.complete(node[2]), input.registrations);
    return made === undefined ? lacking(`value of "${name}" (superjson.registerCustom)`) : made.value;
  },
};

/** How a class of unmarked code says what is saved of its instances, and makes them again. */
interface Keeper {
  save(instance: object): unknown;
  load(value: unknown): unknown;
}

const saveKey = Symbol.for("coldframe.save");

/** The protocol of a class itself: what it inherits would not know its own fields. */
function keeperOf(constructor: unknown): Keeper | undefined {
  if (typeof constructor !== "function" || !Object.hasOwn(constructor, saveKey)) return undefined;
  const keeper = Reflect.get(constructor, saveKey) as Partial<Keeper> | null | undefined;
  if (typeof keeper?.save === "function" && typeof keeper.load === "function") return keeper as Keeper;
  throw new TypeError(
    `${constructor.name}[Symbol.for("coldframe.save")] must be { save(instance), load(value) }`,
  );
}

export const saved: Kind = {
  tags: ["saved"],
  prototypes: [],
  write: () => broken("written by its class"),
  allocate(node: Node, input: In): unknown {
    const Class = input.node(list(node[1])[0], CLASSES);
    const keeper = keeperOf(Class);
    if (keeper === undefined)
      return lacking(
        `way to load ${(Class as { name?: string }).name ?? "a class"} (Symbol.for("coldframe.save"))`,
      );
    const made = keeper.load(input.complete(node[2]));
    if ((typeof made === "object" && made !== null) || typeof made === "function") return made;
    throw new ColdframeError(
      "CF2103",
      `load() of ${(Class as { name: string }).name}[Symbol.for("coldframe.save")] returned no object`,
    );
  },
};
