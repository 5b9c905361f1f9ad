/**
 * In sloppy functions with plain parameters `arguments[0]` and the first parameter are one variable (ECMA-262 §10.4.4). Where the
 * compiler moves parameters into a frame or a record, the engine cannot see to that any more: then the parameters are variables of a
 * record that leads to another activation, whose parameters and arguments object the engine keeps together.
 */
import * as t from "@babel/types";
import { VISITOR_KEYS } from "@babel/types";
import type { Fn, Variable } from "./ir.ts";
import { boundIdentifiers } from "./names.ts";
import type { Resolved } from "./resolved.ts";

/** The variables that the record of the function has to hold, captured or not. Empty: nobody can tell, and nobody keeps the object. */
export function mappedVariables(fn: Fn, resolved: Resolved): readonly Variable[] {
  const own = fn.implicit.get("arguments");
  if (own === undefined || fn.strict || !t.isFunction(fn.node)) return [];
  if (!fn.node.params.every((one) => t.isIdentifier(one))) return [];
  const params = new Set(fn.node.params.map((one) => resolved.refs.get(one)!));
  if (!fn.suspends && !own.captured && ![...params].some((one) => one.captured)) return [];
  const uses = usesOf(fn.node, params, own, resolved);
  // Such an object can be made by such a function only, so a restore needs one, too.
  const isSaved = uses.reads && (fn.suspends || own.captured);
  const isOne = (uses.writes && uses.reads) || (uses.mentions && uses.leaves);
  return isSaved || isOne ? [...params, own] : [];
}

interface Uses {
  /** A parameter is mentioned, or written. */
  mentions: boolean;
  writes: boolean;
  /** Elements of the arguments object are read. */
  reads: boolean;
  /** They are written, or may be by somebody who got the object. */
  leaves: boolean;
}

function usesOf(node: t.Function, params: ReadonlySet<Variable>, own: Variable, resolved: Resolved): Uses {
  const uses: Uses = { mentions: false, writes: false, reads: false, leaves: false };
  const isOwn = (one: t.Node | null | undefined) => t.isIdentifier(one) && resolved.refs.get(one) === own;
  const isParam = (one: t.Node) => params.has(resolved.refs.get(one)!);
  const visit = (one: t.Node): void => {
    if (t.isMemberExpression(one) && isOwn(one.object)) {
      if (one.computed || !t.isIdentifier(one.property, { name: "length" })) uses.reads = true;
      if (one.computed) visit(one.property);
      return;
    }
    if (t.isSpreadElement(one) && isOwn(one.argument)) {
      uses.reads = true;
      return;
    }
    if (isOwn(one)) uses.leaves = uses.reads = true;
    else if (t.isIdentifier(one) && isParam(one)) uses.mentions = true;
    for (const target of targetsOf(one)) {
      if (t.isMemberExpression(target) && isOwn(target.object)) uses.leaves = true;
      if (boundIdentifiers(target).some(isParam)) uses.writes = true;
    }
    for (const key of VISITOR_KEYS[one.type] ?? []) {
      const child = (one as unknown as { [key: string]: unknown })[key];
      for (const part of Array.isArray(child) ? child : [child]) if (part) visit(part as t.Node);
    }
  };
  visit(node.body);
  return uses;
}

/** What a node assigns to. */
function targetsOf(node: t.Node): readonly t.Node[] {
  if (t.isAssignmentExpression(node) || t.isForXStatement(node)) return [node.left];
  if (t.isUpdateExpression(node)) return [node.argument];
  if (t.isUnaryExpression(node, { operator: "delete" })) return [node.argument];
  // `arguments[0]()` gets the object as `this`.
  if (t.isCallExpression(node) || t.isOptionalCallExpression(node)) return [node.callee];
  if (t.isTaggedTemplateExpression(node)) return [node.tag];
  if (t.isVariableDeclarator(node)) return [node.id];
  return t.isFunctionDeclaration(node) && node.id ? [node.id] : [];
}
