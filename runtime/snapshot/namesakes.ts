/**
 * Functions of one function that the author has given the same name, or none: `order.undo.push` and `order.undo.push#2`. The numbers
 * follow from the order of the source, so edits may hand them to others. A name in a snapshot therefore says which of them it meant:
 *
 *   ~2/3        the second of three of its text. `~1/1`: no other had its text
 *   ~2/3/4      of a frame, too: four of them had an await with the fingerprint of its own
 *   ~           it was not known. So in early snapshots, in which frames never say anything
 *
 * Without such a word there was no other of this name. Who is meant is found by text, and among equal ones by order while they are
 * as many as they were: then it does not matter what was added around them. Never by the number in the name.
 */
import type { Code } from "../../abi/index.ts";
import { codeOf, currentName, loaded, registry } from "../machine/index.ts";
import { broken } from "./kind.ts";

/** What a name in a snapshot says of those that had the same author's name. */
export interface Among {
  /** Of those with the same text: which one it was, from 1, and how many there were. */
  readonly nth: number;
  readonly count: number;
  /** How many of them had an await with its fingerprint. */
  readonly awaits: number;
}

const ALONE: Among = { nth: 1, count: 1, awaits: 1 };

/** @returns null when it is not known */
export function amongOf(id: string, mark: string | undefined): Among | null {
  if (mark === undefined) return withoutOrdinals(id) === id ? ALONE : null;
  if (mark === "~") return null;
  const [, nth, count, awaits] =
    /^~(\d{1,9})\/(\d{1,9})(?:\/(\d{1,9}))?$/.exec(mark) ?? broken("a strange name");
  return { nth: Number(nth), count: Number(count), awaits: Number(awaits ?? count) };
}

/** The word for the name of a closure or class; undefined: no other has its name. */
export function markOf(code: Code): string | undefined {
  if (!hasNamesake(code.id)) return undefined;
  const equal = namesakesOf(code.id).filter(({ hash }) => hash === code.hash);
  // What a newer evaluation of its module has replaced is not among those that are loaded.
  return equal.includes(code) ? `~${equal.indexOf(code) + 1}/${equal.length}` : "~";
}

/** The word for the name of a frame that is suspended at a point with this fingerprint. */
export function markOfFrame(code: Code, fingerprint: string): string | undefined {
  const mark = markOf(code);
  if (mark === undefined || mark === "~") return mark;
  return `${mark}/${namesakesOf(code.id).filter((one) => hasAwait(one, fingerprint)).length}`;
}

export function hasAwait(code: Code, fingerprint: string): boolean {
  return code.points.some((point, ip) => ip > 0 && point.fingerprint === fingerprint);
}

/**
 * The loaded code that has the text of what was saved, and is it for certain.
 * @param id what it was called
 */
export function sameText(id: string, hash: string, among: Among | null): Code | undefined {
  const own = codeOf(id);
  if (own?.hash === hash && (among === null || among.count === 1)) return own;
  if (among === null) return undefined;
  const equal = namesakesOf(id).filter((other) => other.hash === hash);
  return equal.length === among.count ? equal[among.nth - 1] : undefined;
}

/**
 * True when closures of one function share an author's name and are told apart by a number only: edits may swap them. So may those of
 * the functions around it: `order.anonymous#2.undo.push`.
 */
export function hasNamesake(id: string): boolean {
  if (withoutOrdinals(id) !== id) return true;
  for (let name = id; name.includes("#"); name = name.replace(/[.#][^.#]*$/, ""))
    if (codeOf(`${name}$2`) || codeOf(`${name}#2`)) return true;
  return false;
}

/** A number at the end of a part of the path, behind the module. */
const ORDINAL = /(?<=#.*)[$#](\d+)(?=\.|$)/g;

const withoutOrdinals = (id: string) => id.replace(ORDINAL, "");

/** The numbers in an id, each part of the path having one. */
const ordinalsOf = (id: string): readonly number[] =>
  id
    .slice(id.indexOf("#"))
    .split(".")
    .map((part) => Number(/.[$#](\d+)$/.exec(part)?.[1] ?? 1));

interface Groups {
  readonly changes: number;
  readonly size: number;
  readonly byId: Map<string, readonly Code[]>;
}
const groups = new WeakMap<object, Groups>();

/** The loaded codes of the author's name of `id`, in the order of their numbers. */
export function namesakesOf(id: string): readonly Code[] {
  const { codes } = loaded();
  let known = groups.get(codes);
  if (known === undefined || known.changes !== registry.changes || known.size !== codes.size) {
    known = { changes: registry.changes, size: codes.size, byId: new Map() };
    groups.set(codes, known);
  }
  let group = known.byId.get(id);
  if (group === undefined || group.some((one) => codes.get(one.id) !== one)) {
    const name = withoutOrdinals(codeOf(id)?.id ?? currentName(id));
    group = [...codes.values()].filter((one) => withoutOrdinals(one.id) === name).sort(byOrdinals);
    if (group.length > 0) known.byId.set(id, group);
  }
  return group;
}

function byOrdinals(one: Code, other: Code): number {
  const others = ordinalsOf(other.id);
  for (const [i, ordinal] of ordinalsOf(one.id).entries())
    if (ordinal !== others[i]) return ordinal - others[i]!;
  return 0;
}
