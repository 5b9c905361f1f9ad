/**
 * Instances of classes that changed while they were saved. Public fields are carried over by name. Private names of a class belong to
 * all its instances, so old ones are given those that it has now; a private field that was not saved has to get a value from a migration,
 * since it cannot be absent, and what an initialiser would have made of it nobody knows.
 *
 * With the name of a class at the top of a module stand its hash, and the name and hash of each class of marked modules that it extends:
 * `["ref","shop/a.ts#Cart","7f2k","shop/a.ts#Entity","9x0c"]`.
 */
import { ColdframeError } from "../../errors.ts";
import { type ClassValue, classOf, codeOf } from "../../machine/index.ts";
import { type In, integer, type Node, string } from "../kind.ts";
import { applied, type Chain, failed } from "../migrations.ts";
import { splitName } from "../names.ts";
import { CLASSES, classAt } from "./classes.ts";
import type { HeapIn } from "./functions.ts";

/** A class of other text than when its instance was saved. */
export interface ChangedClass {
  readonly value: ClassValue;
  /** False: early snapshots do not tell its hash, so that it may be the same. */
  readonly isKnown: boolean;
  readonly chain: Chain | undefined;
}

/** Those of an instance of the class that is node `index`, the nearest first. */
export function changedClasses(index: number, input: In & Pick<HeapIn, "chain">): readonly ChangedClass[] {
  const [own, ...above] = savedClasses(index, input);
  const found: ChangedClass[] = [];
  for (let f: unknown = input.node(index, CLASSES); typeof f === "function"; f = Object.getPrototypeOf(f)) {
    const value = classOf(f);
    if (value === undefined) continue;
    const { code } = value;
    const saved =
      found.length === 0 && f === input.node(index, CLASSES)
        ? own
        : above.find(([id]) => codeOf(id)?.id === code.id);
    if (saved === undefined || saved[1] === code.hash) continue;
    const [id, hash] = saved;
    found.push({ value, isKnown: hash !== "", chain: input.chain("fields", code, id, hash) });
  }
  return found;
}

/** Name and hash of a class as it was saved, and of those that it extends. */
function savedClasses(index: number, input: In): (readonly [id: string, hash: string])[] {
  const node = input.nodes[index] as Node;
  if (node[0] === "ref") {
    const found: [string, string][] = [];
    for (let i = 1; i < node.length; i += 2) found.push([string(node[i]), string(node[i + 1] ?? "")]);
    return found;
  }
  if (node[0] !== "made") return [];
  const [id, hash = ""] = splitName(input.names[integer(node[1], input.names.length)]);
  const parent: unknown = Array.isArray(node[4]) ? (node[4] as Node)[0] : undefined;
  return [
    [id!, hash],
    ...(typeof parent === "number" ? savedClasses(integer(parent, input.nodes.length), input) : []),
  ];
}

/** Of the changed classes those that have private names now, of which nothing was saved. */
export function gainedNames(
  changed: readonly ChangedClass[],
  entries: readonly Node[],
  input: In,
): readonly ClassValue[] {
  if (changed.length === 0) return [];
  const saved = entries.map((entry) => classAt(entry, input));
  return changed
    .filter(
      ({ value, isKnown }) => isKnown && value.names.some((one) => !one.isStatic) && !saved.includes(value),
    )
    .map(({ value }) => value);
}

/** Gives a complete instance what the migrations of its classes make of its fields, those of base classes first. */
export function carryInstance(
  object: object,
  changed: readonly ChangedClass[],
  entries: readonly Node[],
  input: In,
): void {
  for (const { value, isKnown, chain } of changed.toReversed()) {
    const saved = new Map<string, unknown>();
    const entry = entries.find((one) => classAt(one, input) === value) ?? [];
    for (let i = 3; i < entry.length; i += 2) saved.set(`#${string(entry[i])}`, input.value(entry[i + 1]));
    const given =
      chain && applied(chain, { ...object, ...Object.fromEntries(saved) }, `the class ${value.code.id}`);
    if (given !== undefined) giveFields(object, given, saved, value);
    if (isKnown) checkPrivate(value, saved, given ?? {});
  }
}

const fieldsOf = ({ names }: ClassValue) => names.filter((one) => !one.isStatic && one.kind === "field");

function giveFields(
  object: object,
  given: Readonly<Record<string, unknown>>,
  saved: ReadonlyMap<string, unknown>,
  value: ClassValue,
): void {
  const { id } = value.code;
  for (const key of Object.keys(object)) if (!Object.hasOwn(given, key)) Reflect.deleteProperty(object, key);
  for (const [key, one] of Object.entries(given)) {
    const field = key.startsWith("#") ? fieldsOf(value).find(({ name }) => `#${name}` === key) : undefined;
    if (field !== undefined) field.set(object, one);
    else if (saved.has(key)) continue;
    else if (key.startsWith("#") && !Object.hasOwn(object, key))
      throw failed(`that of the class ${id} gave "${key}", and the class has no such private field`);
    else if (!Reflect.set(object, key, one))
      throw failed(`that of the class ${id} gave "${key}", which cannot be written`);
  }
}

function checkPrivate(
  value: ClassValue,
  saved: ReadonlyMap<string, unknown>,
  given: Readonly<Record<string, unknown>>,
): void {
  const lacking = fieldsOf(value).find(
    ({ name }) => !saved.has(`#${name}`) && !Object.hasOwn(given, `#${name}`),
  );
  if (lacking === undefined) return;
  const { id, file, line } = value.code;
  throw new ColdframeError(
    "CF2103",
    `migration needed: the class ${id} (${file}:${line}) has a private field "#${lacking.name}" now, which an instance of it that the run holds was saved without. Deploy a migration that gives it a value, as in migrate(${value.class.name}, { fields: (old) => ({ ...old, "#${lacking.name}": … }) }), or the old build`,
  );
}
