/** Names in syntax: what a pattern binds, what a property is called, what an anonymous function feeds. */
import * as t from "@babel/types";
import { walk } from "./children.ts";

/** The identifiers that a binding or assignment pattern sets. */
export function boundIdentifiers(pattern: t.Node, out: t.Identifier[] = []): t.Identifier[] {
  if (t.isIdentifier(pattern)) out.push(pattern);
  else if (t.isObjectPattern(pattern)) {
    for (const one of pattern.properties)
      boundIdentifiers(t.isRestElement(one) ? one.argument : one.value, out);
  } else if (t.isArrayPattern(pattern)) {
    for (const one of pattern.elements) if (one) boundIdentifiers(one, out);
  } else if (t.isRestElement(pattern)) boundIdentifiers(pattern.argument, out);
  else if (t.isAssignmentPattern(pattern)) boundIdentifiers(pattern.left, out);
  else if (t.isVariableDeclaration(pattern))
    for (const one of pattern.declarations) boundIdentifiers(one.id, out);
  return out;
}

/** The name that a target gives to an anonymous function: none in parentheses (ECMA-262 §13.15.2, IsIdentifierRef). */
export function givenName(target: t.Node): string {
  return t.isIdentifier(target) && !target.extra?.["parenthesized"] ? target.name : "";
}

/** `undo.push` for the arguments of `undo.push(…)`: how an anonymous function is named by what it feeds. */
export function feedName(node: t.Node): string {
  if (t.isIdentifier(node)) return node.name;
  if (t.isThisExpression(node)) return "this";
  if (
    (t.isMemberExpression(node) || t.isOptionalMemberExpression(node)) &&
    !node.computed &&
    t.isIdentifier(node.property)
  ) {
    const object = feedName(node.object);
    return object === "" ? node.property.name : `${object}.${node.property.name}`;
  }
  if (t.isCallExpression(node)) return feedName(node.callee);
  return "";
}

/** `ns` for `(function (_ns) { … })(ns || (ns = {}))`, which a namespace of TypeScript has become; else empty. */
export function namespaceName(node: t.Node): string {
  if (!t.isCallExpression(node)) return "";
  const { callee } = node;
  const [only] = node.arguments;
  if (!t.isFunctionExpression(callee) || !t.isLogicalExpression(only, { operator: "||" })) return "";
  const { left, right } = only;
  const isNamespace =
    t.isIdentifier(left) && t.isAssignmentExpression(right) && t.isNodesEquivalent(left, right.left);
  return isNamespace ? left.name : "";
}

/** Whether evaluating `node` makes a function or class: what it captures is that of this moment. */
export function makesClosure(node: t.Node): boolean {
  let found = false;
  walk(node, (one) => {
    if (t.isFunction(one) || t.isClass(one)) found = true;
  });
  return found;
}

/** A set of names. */
export interface Taken {
  has(name: string): boolean;
  add(name: string): unknown;
}

/** Names that are taken, and for each how many have been given: the thousandth namesake is found as fast as the second. */
export class Names {
  readonly #taken: Set<string>;
  readonly #given = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** As `unique`. */
  unique(base: string, joint: string): string {
    let n = this.#given.get(base) ?? 1;
    let name = n === 1 ? base : `${base}${joint}${n}`;
    while (this.#taken.has(name)) name = `${base}${joint}${++n}`;
    this.#given.set(base, n);
    this.#taken.add(name);
    return name;
  }
}

/** `base`, or `base` with the first free number from 2 on behind `joint`. */
export function unique(base: string, taken: Taken, joint: string): string {
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}${joint}${n}`;
  taken.add(name);
  return name;
}
