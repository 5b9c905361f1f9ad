/**
 * Values that a run parked at a point may hold, so that a rehearsal meets what might stop it: of a local whose type was changed one
 * that the new code does not take, of a pended completion each that there is.
 */
import type { ManifestCode, ManifestPoint, ValueKind } from "../abi/index.ts";

/** Values of slots and variables, by name. */
export type Sample = ReadonlyMap<string, unknown>;

/** All that should be tried. */
export function samplesAt(code: ManifestCode, point: ManifestPoint, now: ManifestCode | undefined): Sample[] {
  const locals = new Map<string, unknown>();
  for (const [name, , , ...kinds] of now?.declared ?? []) {
    if (kinds.length === 0) continue;
    const before =
      kindsOfType(code.types?.[name] ?? "") ?? code.declared.find(([one]) => one === name)?.slice(3);
    const held = (before?.length ?? 0) > 0 ? (before as readonly ValueKind[]) : kinds;
    locals.set(name, valueOf(held.find((one) => !kinds.includes(one)) ?? held[0]!));
  }
  const pended = Object.entries(point.exits ?? {}).flatMap(([slot, exits]) =>
    exits.map((exit) => new Map([...locals, [slot, exit]])),
  );
  return [locals, ...pended];
}

const words: Readonly<Record<string, ValueKind>> = {
  ...{
    undefined: "undefined",
    void: "undefined",
    null: "null",
    boolean: "boolean",
    true: "boolean",
    false: "boolean",
  },
  ...{ number: "number", bigint: "bigint", string: "string", symbol: "symbol" },
  ...{ Date: "Date", Map: "Map", ReadonlyMap: "Map", Set: "Set", ReadonlySet: "Set", RegExp: "RegExp" },
};

/** What sorts of values a type has, by its text; null when that does not say. */
export function kindsOfType(text: string): readonly ValueKind[] | null {
  const kinds = membersOf(text).map(kindOfType);
  return kinds.includes(null) ? null : (kinds as ValueKind[]);
}

function kindOfType(text: string): ValueKind | null {
  if (/^".*"$|^`.*`$/s.test(text)) return "string";
  if (/^-?\d+n$/.test(text)) return "bigint";
  if (/^-?[\d.]+(e[+-]?\d+)?$/.test(text)) return "number";
  if (/\[\]$|^(readonly )?\[.*\]$/s.test(text)) return "array";
  if (/^\{.*\}$/s.test(text)) return "object";
  const word = text.replace(/<.*>$/s, "");
  return Object.hasOwn(words, word) ? words[word]! : null;
}

/** `string | { a: number | null }` has two. */
function membersOf(text: string): string[] {
  const members = [""];
  let depth = 0;
  for (const part of text.split(/( \| |[([{<]|[)\]}]|=>|>)/)) {
    if (part === " | " && depth === 0) {
      members.push("");
      continue;
    }
    if (/^[([{<]$/.test(part)) depth++;
    if (/^[)\]}>]$/.test(part)) depth--;
    members[members.length - 1] += part;
  }
  return members;
}

/** Some value of a type; undefined, which may stand for any, when its text does not say what sort of value that is. */
export function valueOfType(text: string): unknown {
  const [kind] = kindsOfType(text) ?? [];
  return kind === undefined ? undefined : valueOf(kind);
}

function valueOf(kind: ValueKind): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "null":
      return null;
    case "boolean":
      return true;
    case "number":
      return 0;
    case "bigint":
      return 0n;
    case "string":
      return "";
    case "symbol":
      return Symbol.iterator;
    case "function":
      return Math.max;
    case "array":
      return [];
    case "Date":
      return new Date(0);
    case "Map":
      return new Map();
    case "Set":
      return new Set();
    case "RegExp":
      return /(?:)/;
    case "object":
      return {};
  }
}
