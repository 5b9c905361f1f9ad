/** Pass 4, lower: the body of one async function to statements in which every suspend point stands alone. */
import * as t from "@babel/types";
import type { Diagnostics } from "../diagnostics.ts";
import type { Fn, FunctionNode, Lowered } from "../ir.ts";
import { boundIdentifiers } from "../names.ts";
import type { Resolved } from "../resolve.ts";
import { js, Lowering } from "./context.ts";
import { lowerYield } from "./generators.ts";
import { assignPattern } from "./patterns.ts";
import { lowerList } from "./statements.ts";

export function lower(fn: Fn, resolved: Resolved, diagnostics: Diagnostics): Lowered {
  const l = new Lowering(fn, resolved, diagnostics, { assign: assignPattern, yields: lowerYield });
  const { body } = fn.node as FunctionNode;
  const list = t.isBlockStatement(body) ? body.body : [t.inherits(t.returnStatement(body), body)];
  l.body.push({ kind: "enter", scope: fn.scope });
  for (const variable of fn.scope.variables.values())
    if (!variable.captured && variable.kind !== "param") l.locals.add(variable);
  for (const variable of fn.implicit.values()) if (!variable.captured) l.locals.add(variable);
  if (fn.scope.record !== null) l.locals.add(fn.scope.record.holder);
  const rest = restParameters(fn);
  if (rest !== null) {
    for (const id of rest.bound) {
      const variable = resolved.refs.get(id);
      if (variable !== undefined && !variable.captured) l.locals.add(variable);
    }
    const assign = t.assignmentExpression("=", rest.pattern, t.identifier("$rest"));
    assign.extra = { initialises: true };
    l.body.push(js(t.expressionStatement(assign)));
  }
  enterBody(l);
  if (fn.isGenerator) l.suspend(fn.node, t.identifier("undefined"), l.body, "start");
  lowerList(l, list, l.body);
  return l;
}

/** Where the body has an environment of its own. */
function enterBody(l: Lowering): void {
  const scope = l.resolved.scopes.get((l.fn.node as FunctionNode).body);
  if (scope?.kind !== "body") return;
  l.enter(scope, l.body);
  for (const variable of scope.variables.values()) {
    if (variable.startsAs === undefined) continue;
    const copy = t.assignmentExpression("=", l.ref(variable), l.ref(variable.startsAs));
    copy.extra = { initialises: true };
    l.body.push(js(t.expressionStatement(copy)));
  }
}

/** Leading parameters that are plain identifiers go to the step function by position; the others as one list. */
export function plainParameters(fn: Fn): t.Identifier[] {
  const plain: t.Identifier[] = [];
  for (const param of (fn.node as FunctionNode).params) {
    if (!t.isIdentifier(param)) break;
    plain.push(param);
  }
  return plain;
}

export interface RestParameters {
  /** `[b = 1, { c }, ...d]`: the parameters behind the plain ones. */
  readonly pattern: t.ArrayPattern;
  readonly bound: readonly t.Identifier[];
  /** Names for those of them that count for the `length` of the function (ECMA-262 §15.1.5). */
  readonly placeholders: readonly string[];
}

/** Null: all parameters are plain. */
export function restParameters(fn: Fn): RestParameters | null {
  const { params } = fn.node as FunctionNode;
  const plain = plainParameters(fn).length;
  const others = params.slice(plain);
  if (others.length === 0) return null;
  const pattern = t.arrayPattern(others as t.ArrayPattern["elements"]);
  const counted = params.findIndex((one) => t.isAssignmentPattern(one) || t.isRestElement(one));
  const length = (counted === -1 ? params.length : counted) - plain;
  const placeholders = Array.from({ length }, (_, i) => `$p${plain + i + 1}`);
  return { pattern, bound: boundIdentifiers(pattern), placeholders };
}
