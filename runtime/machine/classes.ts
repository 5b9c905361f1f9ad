/**
 * What the machine knows of the classes of marked code: how each was made, what its private names mean, which functions are its
 * members. Every class tells it in a static block of its own, before any of its static parts runs.
 *
 * Private names belong to one evaluation of a class body, and only the class itself can give them to an object: its
 * [[Construct]] does, to a new object (of a base class) or to what `super()` returned (of a derived one). A restore uses
 * both, while `machine.allocating` keeps the author's constructors and initialisers from doing anything.
 */

import type { Code } from "../../abi/index.ts";
import type { Callable } from "./durable.ts";
import { loading, registry } from "./registry.ts";
import { machine, type Run } from "./run.ts";
import { Same } from "./same.ts";

type Constructor = new (...args: unknown[]) => object;

/** A private name of one evaluation of a class (ECMA-262 §6.2.12), through functions that stand in its body. */
export class PrivateName {
  readonly name: string;
  readonly kind: "field" | "method" | "accessor";
  readonly isStatic: boolean;
  readonly get: (object: unknown) => unknown;
  readonly set: (object: unknown, value: unknown) => unknown;
  readonly has: (object: unknown) => boolean;

  constructor(
    name: string,
    kind: PrivateName["kind"],
    isStatic: boolean,
    get: PrivateName["get"],
    set: PrivateName["set"],
    has: PrivateName["has"],
  ) {
    this.name = name;
    this.kind = kind;
    this.isStatic = isStatic;
    this.get = get;
    this.set = set;
    this.has = has;
  }

  /** `object.#name` as something that can be read and written. */
  at(object: unknown): { value: unknown } {
    const name = this;
    return {
      get value() {
        return name.get(object);
      },
      set value(value) {
        name.set(object, value);
      },
    };
  }

  /** The callee of `object.#name(…)`, read now. */
  method(object: unknown): (...args: unknown[]) => unknown {
    const f = this.get(object);
    return (...args) => {
      if (typeof f !== "function") throw new TypeError(`object.#${this.name} is not a function`);
      return Reflect.apply(f, object, args);
    };
  }
}

/** One evaluation of a class body. */
export interface ClassValue {
  readonly class: Constructor;
  readonly code: Code;
  readonly scopes: readonly object[];
  /** What its computed keys were. */
  readonly keys: readonly PropertyKey[];
  readonly names: readonly PrivateName[];
  /** What its body made, before anything was done to it: its name, its own keys, those of its `prototype`. */
  readonly made: {
    readonly name: unknown;
    readonly own: readonly PropertyKey[];
    readonly prototype: readonly PropertyKey[];
  };
  /** Has `extends`: its objects are made by another constructor. */
  readonly isDerived: boolean;
  /** Null: made outside any run. */
  readonly run: Run | null;
}

/** Where a method or accessor stands in its class. */
export interface MemberValue {
  readonly class: Constructor;
  readonly isStatic: boolean;
  readonly key: PropertyKey;
  readonly part: "value" | "get" | "set" | "private";
}

class ClassStamps extends Same {
  #value: ClassValue;
  constructor(f: object, value: ClassValue) {
    super(f);
    this.#value = value;
  }
  static of(f: object): ClassValue | undefined {
    return #value in f ? f.#value : undefined;
  }
}

// Two copies of the runtime know each other's classes: the stamps of the first are used by both.
registry.classStamps ??= ClassStamps;
const Shared = registry.classStamps as typeof ClassStamps;

export function $private(
  name: string,
  kind: PrivateName["kind"],
  isStatic: boolean,
  get: PrivateName["get"],
  set: PrivateName["set"],
  has: PrivateName["has"],
): PrivateName {
  return new PrivateName(name, kind, isStatic, get, set, has);
}

/**
 * Tells of a class that is being made; its methods are there, its static parts are not.
 * @param into where code that has left the class looks for what is told here
 */
export function $class(
  made: Constructor,
  code: Code,
  scopes: readonly object[],
  keys: readonly PropertyKey[],
  names: readonly PrivateName[],
  isDerived: boolean,
  into?: object,
): ClassValue {
  const first: ClassValue["made"] = {
    name: Object.getOwnPropertyDescriptor(made, "name")?.value,
    own: Reflect.ownKeys(made),
    prototype: Reflect.ownKeys(made.prototype),
  };
  const { run } = machine;
  const value: ClassValue = { class: made, code, scopes, keys, names, made: first, isDerived, run };
  new Shared(made, value);
  if (into !== undefined) Object.assign(into, value);
  if (code.make !== null) list(made);
  else {
    const { classes } = loading();
    const known = classes.get(code.id);
    classes.set(code.id, known === undefined || registry.hot ? made : null);
    // What was replaced is not kept for a look that may never come.
    if (registry.hot && known) {
      registry.unlisted = registry.unlisted.filter((one) => one !== known);
      list(known as Constructor);
    }
    registry.unlisted.push(made);
  }
  return value;
}

/**
 * An object is getting the private names of a class: called by its first initialiser. One that does not inherit from the class (its
 * parent returned something else) is remembered, for nothing in the object tells of them.
 */
export function $brand(object: object, known: ClassValue): undefined {
  const { prototype } = known.class;
  let above: object | null = Object.getPrototypeOf(object);
  while (above !== null && above !== prototype) above = Object.getPrototypeOf(above);
  if (above !== null) return undefined;
  registry.branded ??= new WeakMap();
  const list = registry.branded.get(object);
  if (list === undefined) registry.branded.set(object, [known]);
  else list.push(known);
  return undefined;
}

/** The classes whose private names an object got without inheriting from them. */
export function brandsOf(object: object): readonly ClassValue[] {
  return (registry.branded?.get(object) as ClassValue[] | undefined) ?? [];
}

/** What is known of a class of marked code; undefined for anything else. */
export function classOf(f: unknown): ClassValue | undefined {
  return typeof f === "function" ? Shared.of(f) : undefined;
}

/** The same, for code that knows that it is one. */
export function $classOf(f: object): ClassValue {
  return Shared.of(f)!;
}

// ---- members

function list(made: Constructor): void {
  listOf(made, made, true);
  listOf(made.prototype, made, false);
  $classOf(made).names.forEach((name) => {
    if (name.kind !== "method") return;
    const f = privateMethod(made, name.name)!;
    const member: MemberValue = { class: made, isStatic: name.isStatic, key: name.name, part: "private" };
    registry.members.set(f, member);
  });
}

/** A private method as a function, read from an object that is made for nothing else; undefined when there is none. */
export function privateMethod(made: Constructor, key: PropertyKey): Callable | undefined {
  const name = $classOf(made).names.find((one) => one.kind === "method" && one.name === key);
  return name?.get(name.isStatic ? made : privateSample(made)) as Callable | undefined;
}

function privateSample(made: Constructor): object {
  if (!$classOf(made).isDerived) return constructBase(made, made);
  const sample = {};
  brandWith(made, sample);
  return sample;
}

const parts = ["value", "get", "set"] as const;

function listOf(home: object, made: Constructor, isStatic: boolean): void {
  // By forEach, as in the other lists here: a program may have changed how arrays iterate.
  Reflect.ownKeys(home).forEach((key) => {
    if (key === "constructor" && !isStatic) return;
    const found = Object.getOwnPropertyDescriptor(home, key)!;
    parts.forEach((part) => {
      const f: unknown = found[part];
      if (typeof f !== "function" || registry.members.has(f)) return;
      const member: MemberValue = { class: made, isStatic, key, part };
      registry.members.set(f, member);
    });
  });
}

/** Where `f` stands, if it is a method or accessor of a class of marked code. */
export function memberOf(f: object): MemberValue | undefined {
  const known = registry.members.get(f) as MemberValue | undefined;
  if (known !== undefined || registry.unlisted.length === 0) return known;
  const unlisted = registry.unlisted as Constructor[];
  registry.unlisted = [];
  unlisted.forEach(list);
  return registry.members.get(f) as MemberValue | undefined;
}

/** The function that a class was made with at this place; undefined when there is none. */
export function memberFunction(
  made: Constructor,
  isStatic: boolean,
  key: PropertyKey,
  part: MemberValue["part"],
): Callable | undefined {
  if (part === "private") return privateMethod(made, key);
  const home: object = isStatic ? made : made.prototype;
  const f: unknown = Object.getOwnPropertyDescriptor(home, key)?.[part];
  return typeof f === "function" ? (f as Callable) : undefined;
}

// ---- private names at a restore

/** An object with the private names of a base class, which inherits from the `prototype` of `newTarget`. Nothing of the author's runs. */
export function constructBase(made: Constructor, newTarget: Constructor): object {
  const outer = machine.allocating;
  machine.allocating = made;
  try {
    return withoutProperties(Reflect.construct(made, [], newTarget) as object, []);
  } finally {
    machine.allocating = outer;
  }
}

/**
 * Gives an object the private names of a derived class (InitializeInstanceElements, §7.3.34): for the moment its parent is a
 * function that returns the object.
 */
export function brandWith(made: Constructor, object: object): void {
  $brand(object, $classOf(made));
  const outer = machine.allocating;
  const parent: unknown = Object.getPrototypeOf(made);
  const before = Reflect.ownKeys(object);
  machine.allocating = object;
  Object.setPrototypeOf(made, Same);
  try {
    Reflect.construct(made, [object]);
  } finally {
    Object.setPrototypeOf(made, parent as object | null);
    machine.allocating = outer;
  }
  withoutProperties(object, before);
}

/** Takes away the public fields again, the last one first: so the object keeps its hidden class. */
function withoutProperties(object: object, before: readonly PropertyKey[]): object {
  const after = Reflect.ownKeys(object);
  for (let i = after.length; i-- > 0; )
    if (!before.includes(after[i]!)) Reflect.deleteProperty(object, after[i]!);
  return object;
}
