/**
 * Names that the author and the compiler both use. The author's keep their meaning: until the end of compilation they carry a mark that no
 * source can contain, so that all passes take them for other names; then the mark goes, and the compiler's get another name.
 *
 * `const $t = 1; async function f() { await $t; }` ↦ `const $t = 1; function f() { const $t$2 = $begin(…); … }`
 */
import * as t from "@babel/types";
import { VISITOR_KEYS } from "@babel/types";
import type { Manifest } from "../abi/index.ts";
import type { Erased } from "./erase-types.ts";
import { unique } from "./names.ts";
import { helperNames, reserved } from "./reserved-names.ts";

/** A noncharacter of Unicode, "for internal use": no identifier has it, and no text that is meant for others. */
const MARK = "\uFDD0";
const marked = /(\$[\w$]*)\uFDD0/g;

const ours: ReadonlySet<string> = new Set([...reserved, ...helperNames]);
const isOurs = (name: string): boolean => ours.has(name) || /^\$(arg|p)\d+$/.test(name);

/** The author's name. */
export function withoutMark(name: string): string {
  return name.includes(MARK) ? name.replaceAll(marked, "$1") : name;
}

/**
 * Marks the author's names that are ours as well.
 * @returns the same tree; null when it has no such name
 */
export function setAside(parsed: Erased, source: string): Erased | null {
  if (!/\$|\\u(0024|\{0*24\})/.test(source)) return null;
  let found = false;
  const mark = (name: string): string => {
    if (!isOurs(name)) return name;
    found = true;
    return name + MARK;
  };
  rename(parsed.file.program, mark, (text) => text);
  if (!found) return null;
  const { file, types } = parsed;
  return {
    file,
    types: types && { ...types, names: new Set([...types.names].flatMap((one) => [one, mark(one)])) },
  };
}

/** Takes the marks away, and gives what is ours in the emitted program names that are free. */
export function giveBack(program: t.Program, manifest: Manifest): Manifest {
  const taken = new Set<string>();
  const collect = (name: string): string => {
    taken.add(isOurs(name) ? name : withoutMark(name));
    return name;
  };
  rename(program, collect, (text) => text);
  const given = new Map<string, string>();
  const free = (name: string, base: string): string => {
    let found = given.get(name);
    if (found === undefined) {
      found = unique(base, taken, "$");
      given.set(name, found);
    }
    return found;
  };
  rename(
    program,
    (name) => {
      if (isOurs(name)) return free(name, name);
      if (!name.includes(MARK)) return name;
      // Made from the author's by the compiler, or the author's itself.
      const own = withoutMark(name);
      return isOurs(own) ? own : free(name, own);
    },
    withoutMark,
  );
  return JSON.parse(withoutMark(JSON.stringify(manifest))) as Manifest;
}

type Fields = { [key: string]: unknown };

/**
 * Gives variables other names, in place.
 * @param name of a variable, label excepted; @param text of a literal, or the key of a property
 */
function rename(root: t.Node, name: (name: string) => string, text: (text: string) => string): void {
  const child = (parent: t.Node, key: string, node: t.Node): t.Node => {
    if (node.type === "Identifier" || node.type === "JSXIdentifier") {
      const changed = isVariable(parent, key) ? name(node.name) : text(node.name);
      // Nodes may stand in several places.
      return changed === node.name ? node : { ...node, name: changed };
    }
    if (node.type === "StringLiteral") {
      const value = text(node.value);
      return value === node.value ? node : t.stringLiteral(value);
    }
    if (node.type === "TemplateElement") {
      const { raw, cooked } = node.value;
      const value = { raw: text(raw), cooked: cooked == null ? cooked : text(cooked) };
      return value.raw === raw ? node : ({ ...node, value } as t.TemplateElement);
    }
    visit(node);
    return node;
  };
  const visit = (node: t.Node): void => {
    const fields = node as unknown as Fields;
    for (const key of VISITOR_KEYS[node.type] ?? []) {
      const value = fields[key];
      if (Array.isArray(value)) {
        const list = value as (t.Node | null)[];
        list.forEach((one, i) => {
          if (one) list[i] = child(node, key, one);
        });
      } else if (value) fields[key] = child(node, key, value as t.Node);
    }
    if (node.type === "ObjectProperty" && node.shorthand && !isShort(node)) node.shorthand = false;
  };
  visit(root);
}

function isShort({ key, value }: t.ObjectProperty): boolean {
  const target = value.type === "AssignmentPattern" ? value.left : value;
  return t.isIdentifier(key) && t.isIdentifier(target, { name: key.name });
}

/** Whether an identifier in this place is the name of a variable. */
function isVariable(parent: t.Node, key: string): boolean {
  switch (parent.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      return key !== "property" || parent.computed === true;
    case "ObjectProperty":
    case "ObjectMethod":
    case "ClassMethod":
    case "ClassProperty":
    case "ClassAccessorProperty":
      return key !== "key" || parent.computed === true;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return key !== "label";
    case "ImportSpecifier":
    case "ExportSpecifier":
      return key === "local";
    case "JSXMemberExpression":
      return key === "object";
    case "ExportNamespaceSpecifier":
    case "ImportAttribute":
    case "MetaProperty":
    case "PrivateName":
    case "JSXAttribute":
      return false;
    default:
      return true;
  }
}
