/**
 * Classes made in functions, members of classes, and the private names that objects have.
 *
 *   ["made",2,[5],["k"],[3],0,0,"count",1,…]   the class of code names[2] over the scope record 5, with the computed key "k", which
 *                                              extends node 3; then its static private fields
 *   ["member",[2],0,"total","value"]           a method or accessor (`get`, `set`) of class 2, or a `private` method; 1: a static one
 *   ["prototype",2]                            see generators.ts; of a class, too
 *
 * Heritage is `0` where the class extends nothing, `null` where it does not even inherit what functions do; behind it stands what its `prototype` inherits from, `0` for what follows from
 * the heritage, then members that were removed, `[[0,"total"],…]`, 1 for static ones. A class at the top of a module goes by name. Private names are entries of the own table:
 * `[node,"private",[2],"balance",12,…]`: the object has those of class 2, with these values of its fields. A base class comes
 * behind the classes derived from it.
 */
import { ColdframeError } from "../../errors.ts";
import {
  brandWith,
  type ClassValue,
  classOf,
  constructBase,
  iteratorHelperPrototype,
  type MemberValue,
  memberFunction,
  memberOf,
  stampOf,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, list, type Node, type Out, quote, string } from "../kind.ts";
import { splitName } from "../names.ts";
import { carryOver, checkVariables, closureName, type HeapIn, type HeapOut } from "./functions.ts";
import { writeOwn } from "./own-table.ts";

/** Tags of nodes that can be a class. */
export const CLASSES: readonly string[] = ["ref", "made", "fn", "builtin", "bound"];

type Constructor = ClassValue["class"];

// ---- classes made in functions

export function writeClass(value: ClassValue, out: HeapOut): string {
  const { class: made, code, scopes, keys, names } = value;
  out.code(code);
  const records = scopes.map((record, i) => out.scope(record, code.captures[i] ?? []));
  const parent: unknown = Object.getPrototypeOf(made);
  const inherits: unknown = Object.getPrototypeOf(made.prototype);
  let text = `["made",${out.name(closureName(code))},[${records.join()}],[${keys.map((key) => out.value(key)).join()}]`;
  text += `,${parent === Function.prototype ? 0 : out.value(parent)}`;
  text += `,${inherits === inheritedBy(parent) && hasItsPrototype(parent) ? 0 : out.value(inherits)}`;
  text += `,${removed(value, out)}`;
  for (const name of names)
    if (name.isStatic && name.kind === "field") text += `,${quote(name.name)},${out.value(name.get(made))}`;
  writeOwn(made, 0, out, (key) => isPristine(made, made, true, key));
  const { prototype } = made;
  const odd = Reflect.ownKeys(prototype).some((key) => !isPristine(prototype, made, false, key));
  if (odd || !Object.isExtensible(prototype)) out.index(prototype);
  for (const home of [made, prototype]) for (const f of changedMembers(home, made)) out.index(f);
  return `${text}]`;
}

/** Methods and accessors of the class that carry properties of their own. */
function changedMembers(home: object, made: Constructor): object[] {
  return Reflect.ownKeys(home).flatMap((key) => {
    const { value, get, set } = Object.getOwnPropertyDescriptor(home, key)!;
    const isChanged = (f: unknown): f is object =>
      typeof f === "function" &&
      memberOf(f)?.class === made &&
      Reflect.ownKeys(f).some((own) => own !== "length" && own !== "name" && own !== "prototype");
    return [value, get, set].filter(isChanged);
  });
}

/** `0`, or what was taken from the class: `[[static,key],…]`. */
function removed({ class: made, made: first }: ClassValue, out: Out): string {
  const list: string[] = [];
  for (const key of first.own) if (!Object.hasOwn(made, key)) list.push(`[1,${out.value(key)}]`);
  for (const key of first.prototype)
    if (!Object.hasOwn(made.prototype, key)) list.push(`[0,${out.value(key)}]`);
  return list.length === 0 ? "0" : `[${list.join()}]`;
}

/** What the `prototype` of a class inherits from when the class extends `parent`. */
function inheritedBy(parent: unknown): unknown {
  return parent === Function.prototype || typeof parent !== "function"
    ? Object.prototype
    : (parent.prototype as unknown);
}

/** Whether a restore makes `parent` with the `prototype` that it has; a closure may have been given another one. */
const hasItsPrototype = (parent: unknown): boolean =>
  typeof parent !== "function" || classOf(parent) !== undefined || stampOf(parent as never) === undefined;

/** Whether the property is as the factory of the class makes it. */
function isPristine(home: object, made: Constructor, isStatic: boolean, key: PropertyKey): boolean {
  const { value, get, set, enumerable, writable } = Object.getOwnPropertyDescriptor(home, key)!;
  if (isStatic && key === "prototype") return true;
  if (!isStatic && key === "constructor") return value === made && !enumerable;
  if (isStatic && key === "length" && typeof value === "number" && !enumerable) return true;
  if (isStatic && key === "name" && typeof value !== "function")
    return !enumerable && value === classOf(made)!.made.name;
  if (enumerable || writable === false) return false;
  // What every class that extends `Iterator` is given.
  if (!isStatic && value !== undefined && value === Reflect.get(iteratorHelperPrototype, key)) return true;
  const same = (f: unknown, part: MemberValue["part"]): boolean => {
    if (f === undefined) return true;
    const member = typeof f === "function" ? memberOf(f) : undefined;
    return (
      member?.class === made && member.isStatic === isStatic && member.key === key && member.part === part
    );
  };
  return value !== undefined
    ? same(value, "value")
    : get || set
      ? same(get, "get") && same(set, "set")
      : false;
}

export const madeClass: Kind = {
  tags: ["made"],
  prototypes: [],
  write: () => broken("written by its stamp"),
  allocate(node: Node, input: HeapIn): unknown {
    const [id, hash, mark] = splitName(input.names[integer(node[1], input.names.length)]);
    const code = input.closureCode(string(id), string(hash), mark);
    const records = list(node[2]);
    const keys = list(node[3]).map((raw) => (Array.isArray(raw) ? symbolOf(raw, input) : raw));
    const fits = code.make !== null && code.captures.length === records.length;
    if (!fits || (code.hash !== hash && keys.length > 0))
      throw new ColdframeError(
        "CF2103",
        `the class ${code.id} (${code.file}:${code.line}) changed while it was in a frame. Deploy the old build beside this one, or map it in a migration`,
      );
    const scopes = records.map((raw) => input.node(raw, ["scope"]) as object);
    if (code.hash !== hash) carryOver(code, string(id), string(hash), records, input);
    checkVariables(code, scopes);
    const make = code.make as unknown as (...given: unknown[]) => Constructor;
    const made = make(...scopes, null, keys, true);
    const parent = parentAt(node[4], input);
    Object.setPrototypeOf(made, parent);
    Object.setPrototypeOf(made.prototype, heritage(node[5], parent, input));
    for (const key of Reflect.ownKeys(made))
      if (!isPristine(made, made, true, key)) Reflect.deleteProperty(made, key);
    return made;
  },
  fill(made: Constructor, node: Node, input: In): void {
    const names = classOf(made)!.names;
    for (const raw of node[6] === 0 ? [] : list(node[6])) {
      const [isStatic, key] = list(raw);
      const home: object = isStatic === 1 ? made : made.prototype;
      Reflect.deleteProperty(home, (Array.isArray(key) ? symbolOf(key, input) : key) as PropertyKey);
    }
    for (let i = 7; i < node.length; i += 2) {
      const name = names.find((one) => one.isStatic && one.kind === "field" && one.name === node[i]);
      name?.set(made, input.value(node[i + 1]));
    }
  },
};

/** What the class inherits from: another class; by `Object.setPrototypeOf` any object or null. */
function parentAt(raw: unknown, input: In): object | null {
  if (raw === 0 || raw === null) return raw === 0 ? Function.prototype : null;
  const index = integer(list(raw)[0], input.nodes.length);
  const parent = input.node(index, []);
  const isClass = CLASSES.includes((input.nodes[index] as Node)[0] as string);
  if (typeof parent === "function" || (!isClass && typeof parent === "object")) return parent;
  return noClass(raw, input, "a subclass of");
}

function symbolOf(raw: readonly unknown[], input: In): unknown {
  return typeof raw[0] === "number" ? input.node(raw[0], []) : input.value(raw);
}

function heritage(raw: unknown, parent: unknown, input: In): object | null {
  if (raw === 0) return inheritedBy(parent) as object | null;
  if (raw === null) return null;
  return input.node(list(raw)[0], []) as object;
}

// ---- members

/** What every method has. */
const isMadeWith: ReadonlySet<PropertyKey> = new Set(["length", "name", "prototype"]);

export function writeMember(f: object, { class: made, isStatic, key, part }: MemberValue, out: Out): string {
  // What was done to a method of a class at the top of a module belongs to the module.
  if (classOf(made)!.code.make !== null) writeOwn(f, 0, out, (key) => isMadeWith.has(key));
  return `["member",${out.value(made)},${isStatic ? 1 : 0},${out.value(key)},"${part}"]`;
}

export const member: Kind = {
  tags: ["member"],
  prototypes: [],
  write: () => broken("written by its class"),
  allocate(node: Node, input: In): unknown {
    const made = input.node(list(node[1])[0], CLASSES);
    const value = classOf(made);
    if (value === undefined) return broken("a method of no class");
    const key = Array.isArray(node[3]) ? symbolOf(node[3], input) : node[3];
    const part = string(node[4]) as MemberValue["part"];
    const f = memberFunction(value.class, node[2] === 1, key as PropertyKey, part);
    if (f !== undefined) return f;
    throw new ColdframeError(
      "CF2103",
      `the class ${value.code.id} (${value.code.file}:${value.code.line}) has no member "${String(key)}" any more. Deploy the old build beside this one, or map it in a migration`,
    );
  },
};

/** The class whose `prototype` this is, if it is one of marked code. */
export function classOfPrototype(object: object): ClassValue | undefined {
  const found = Object.getOwnPropertyDescriptor(object, "constructor")?.value as unknown;
  const value = classOf(found);
  return value?.class.prototype === object ? value : undefined;
}

/** The `prototype` of a class as an object of its own. That of a class at the top of a module is the module's. */
export function writeClassPrototype({ class: made, code }: ClassValue, object: object, out: Out): string {
  if (code.make !== null) writeOwn(object, 0, out, (key) => isPristine(object, made, false, key));
  return `["prototype",${out.index(made)}]`;
}

// ---- private names of objects

/**
 * Writes the private names that the object has of this class.
 * @returns what is wrong with them; undefined: nothing
 */
export function writePrivate(object: object, Class: string, value: ClassValue, out: Out): string | undefined {
  const own = value.names.filter((one) => !one.isStatic);
  const has = own.filter((one) => one.has(object));
  if (has.length === 0) return undefined;
  if (has.length < own.length) return "some of its private fields only";
  if (value.isDerived && !Object.isExtensible(value.class)) return "private fields of a frozen class";
  let text = `[${out.current},"private",${Class}`;
  for (const name of own)
    if (name.kind === "field") text += `,${quote(name.name)},${out.value(name.get(object))}`;
  out.own(`${text}]`);
  return undefined;
}

/** Entries of the own table of this sort, by node. */
export function entriesOf(
  sort: "private" | "load",
  own: readonly unknown[],
): ReadonlyMap<unknown, readonly Node[]> {
  const found = new Map<unknown, Node[]>();
  for (const raw of own) {
    const entry = list(raw);
    if (entry[1] !== sort) continue;
    const known = found.get(entry[0]);
    if (known === undefined) found.set(entry[0], [entry]);
    else known.push(entry);
  }
  return found;
}

/**
 * Allocates an object that has private names: an ordinary one by its base class, any other by its kind.
 * @param gained classes that give it names of which nothing was saved
 * @param allocate makes it where no base class has to
 */
export function allocatePrivate(
  node: Node,
  entries: readonly Node[],
  gained: readonly ClassValue[],
  input: In,
  allocate: () => unknown,
): unknown {
  // What others share is not for a snapshot to change.
  if (["ref", "builtin", "resource", "scope", "symbol"].includes(node[0] as string))
    return broken("private names of what is not its own");
  const classes = [...entries.map((entry) => classAt(entry, input)), ...gained];
  if (gained.length > 0) classes.sort(byHeritage);
  const base = classes.find((one) => !one.isDerived);
  const object = base === undefined ? allocate() : constructed(base.class, node, input, allocate);
  if ((typeof object !== "object" || object === null) && typeof object !== "function")
    return broken("private names of a primitive");
  for (const one of classes.toReversed()) if (one.isDerived) brandWith(one.class, object);
  return object;
}

/** A class before those that it extends. */
function byHeritage({ class: one }: ClassValue, { class: other }: ClassValue): number {
  return Object.isPrototypeOf.call(other, one) ? -1 : Object.isPrototypeOf.call(one, other) ? 1 : 0;
}

/** An instance by its base class, which inherits from what its node says. */
function constructed(base: Constructor, node: Node, input: In, allocate: () => unknown): object {
  if (node[0] !== "derived") return constructBase(base, instanceClass(node, input));
  return Object.setPrototypeOf(constructBase(base, base), Object.getPrototypeOf(allocate())) as object;
}

export function fillPrivate(object: object, entry: Node, input: In): void {
  const { names } = classAt(entry, input);
  for (let i = 3; i < entry.length; i += 2) {
    // A field that the class has no more is dropped, as a property would be that nobody reads.
    const name = names.find((one) => !one.isStatic && one.kind === "field" && one.name === entry[i]);
    name?.set(object, input.value(entry[i + 1]));
  }
}

/** The class that an entry about private names is of. */
export function classAt(entry: Node, input: In): ClassValue {
  return classOf(input.node(list(entry[2])[0], CLASSES)) ?? noClass(entry[2], input);
}

/**
 * What `[n]` refers to as a class, or as a function that makes objects, is none here. What goes by a name was one in other code;
 * anything else never was.
 * @param held what of it is saved
 * @throws ColdframeError CF2103
 */
export function noClass(raw: unknown, input: In, held = "an instance of"): never {
  const [tag, name] = input.nodes[integer(list(raw)[0], input.nodes.length)] as Node;
  const id =
    tag === "ref" ? name : tag === "fn" || tag === "made" ? splitName(input.names[Number(name)])[0] : null;
  if (typeof id !== "string") return broken("a class that is none");
  throw new ColdframeError(
    "CF2103",
    `migration needed: it holds ${held} ${id.slice(0, 200)}, which is no such class in the loaded code. Deploy the old build beside this one, or say with renamed() which class it is now`,
  );
}

/** The class of an instance's node: what its prototype follows from. */
function instanceClass(node: Node, input: In): Constructor {
  const found = node[0] === "new" ? input.node(list(node[1])[0], CLASSES) : undefined;
  return typeof found === "function"
    ? (found as Constructor)
    : broken("private names of what is no instance");
}
