/** Parameters with expressions: their environment and their dead zones (ECMA-262 §10.2.11). */
import * as t from "@babel/types";
import { childKeys, walk } from "./children.ts";
import type { FunctionNode } from "./ir.ts";
import { boundIdentifiers } from "./names.ts";

/** The identifiers that a parameter binds, each with the position behind which it is initialised. */
export function parameterEnds(pattern: t.Node): [id: t.Identifier, end: number][] {
  if (t.isObjectPattern(pattern))
    return pattern.properties.flatMap((one) => parameterEnds(t.isRestElement(one) ? one : one.value));
  if (t.isArrayPattern(pattern)) return pattern.elements.flatMap((one) => (one ? parameterEnds(one) : []));
  // What a default binds is initialised behind it.
  return boundIdentifiers(pattern).map((id) => [id, pattern.end ?? Number.NaN]);
}

/**
 * Whether anybody can tell that the variables of the body live in an environment of their own: an expression of the parameters
 * uses a name that the body declares.
 */
export function needsOwnBody(node: FunctionNode): boolean {
  if (!t.isBlockStatement(node.body) || node.params.every((one) => t.isIdentifier(one))) return false;
  const used = new Set<string>();
  for (const one of node.params) collectUsed(one, used);
  if (used.size === 0) return false;
  for (const name of declaredNames(node.body)) if (used.has(name)) return true;
  return false;
}

/** Names in the defaults and computed keys of a pattern; more than are references, which does no harm. */
function collectUsed(pattern: t.Node, used: Set<string>): void {
  if (t.isAssignmentPattern(pattern)) {
    names(pattern.right, used);
    collectUsed(pattern.left, used);
  } else if (t.isObjectPattern(pattern)) {
    for (const one of pattern.properties) {
      if (t.isObjectProperty(one) && one.computed) names(one.key, used);
      collectUsed(t.isRestElement(one) ? one.argument : one.value, used);
    }
  } else if (t.isArrayPattern(pattern)) {
    for (const one of pattern.elements) if (one) collectUsed(one, used);
  } else if (t.isRestElement(pattern)) collectUsed(pattern.argument, used);
}

function names(node: t.Node, into: Set<string>): void {
  walk(node, (one) => {
    if (t.isIdentifier(one) || t.isJSXIdentifier(one)) into.add(one.name);
  });
}

/** Names of the variables, functions and classes of a function's body. */
function declaredNames(body: t.BlockStatement): Set<string> {
  const found = new Set<string>();
  for (const one of body.body) {
    if ((t.isFunctionDeclaration(one) || t.isClassDeclaration(one)) && one.id) found.add(one.id.name);
    if (t.isVariableDeclaration(one)) for (const id of boundIdentifiers(one)) found.add(id.name);
    if (t.isLabeledStatement(one) && t.isFunctionDeclaration(one.body)) found.add(one.body.id!.name);
  }
  collectVars(body, found);
  return found;
}

function collectVars(node: t.Node, found: Set<string>): void {
  if (t.isVariableDeclaration(node)) {
    if (node.kind === "var") for (const id of boundIdentifiers(node)) found.add(id.name);
    return;
  }
  if (t.isFunction(node) || t.isExpression(node) || t.isClass(node)) return;
  for (const key of childKeys(node.type)) {
    const child = (node as unknown as { [key: string]: unknown })[key];
    for (const one of Array.isArray(child) ? child : [child]) if (one) collectVars(one as t.Node, found);
  }
}

/** Whether a function declares `name` itself, as a parameter or in its body. */
export function declaresName(node: FunctionNode, name: string): boolean {
  if (node.params.some((one) => boundIdentifiers(one).some((id) => id.name === name))) return true;
  if (t.isFunctionExpression(node) && node.id?.name === name) return true;
  return t.isBlockStatement(node.body) && declaredNames(node.body).has(name);
}
