/** Assignments: to locals and fields of records, with their dead zones and constants, and to what has left its class. */
import * as t from "@babel/types";
import type { Rewriting } from "./emitter.ts";
import { isMoved, moved, setMoved } from "./members.ts";
import { isConstant, located, nameless } from "./nodes.ts";
import { updateSelf, writeToSelf } from "./sloppy.ts";

export function rewriteAssignment(rw: Rewriting, node: t.AssignmentExpression): t.Node {
  const initialises = node.extra?.["initialises"] === true;
  const { left } = node;
  if (!t.isIdentifier(left)) {
    if (node.operator === "=" && isMoved(rw.module, left)) {
      const set = setMoved(rw, left, node.right);
      if (set !== null) return located(set, node);
    }
    const target = initialises ? rw.pattern(left) : rw.target(left);
    return {
      ...node,
      extra: undefined,
      left: target,
      right: rw.expression(node.right),
    } as unknown as t.Node;
  }
  const right = nameless(left, rw.expression(node.right));
  const variable = rw.module.resolved.refs.get(left);
  if (variable === undefined || variable.scope.kind === "module" || initialises || !rw.isChecked(variable))
    return {
      ...node,
      extra: undefined,
      left: initialises && variable ? rw.place(variable) : write(rw, left),
      right,
    } as unknown as t.Node;
  const name = t.stringLiteral(variable.name);
  const checked = rw.module.resolved.tdzChecks.has(left);
  if (variable.kind === "self" && !rw.fn.strict) return writeToSelf(node, rw.place(variable), right);
  if (isConstant(variable)) {
    const { operator } = node;
    const read = checked ? [rw.module.call("$tdz", rw.place(variable), name)] : [];
    if (operator === "&&=" || operator === "||=" || operator === "??=") {
      const assigning = t.sequenceExpression([right, rw.module.call("$const", t.cloneNode(name))]);
      const logical = operator.slice(0, -1) as t.LogicalExpression["operator"];
      return t.logicalExpression(logical, read[0] ?? rw.place(variable), assigning);
    }
    return t.sequenceExpression([right, ...read, rw.module.call("$const", t.cloneNode(name))]);
  }
  if (!checked) return { ...node, left: located(rw.place(variable), left) as t.LVal, right } as t.Node;
  if (node.operator === "=") {
    const both = t.arrayExpression([right, rw.module.call("$tdz", rw.place(variable), name)]);
    return t.assignmentExpression(
      "=",
      rw.place(variable) as t.LVal,
      t.memberExpression(both, t.numericLiteral(0), true),
    );
  }
  return t.sequenceExpression([
    rw.module.call("$tdz", rw.place(variable), name),
    { ...node, left: rw.place(variable) as t.LVal, right } as t.AssignmentExpression,
  ]);
}

export function rewriteUpdate(rw: Rewriting, node: t.UpdateExpression): t.Node {
  if (isMoved(rw.module, node.argument)) return { ...node, argument: moved(rw, node.argument) };
  if (!t.isIdentifier(node.argument)) return rw.copy(node);
  const variable = rw.module.resolved.refs.get(node.argument);
  if (variable === undefined || variable.scope.kind === "module" || !rw.isPlaced(variable))
    return { ...node, argument: write(rw, node.argument) } as t.Node;
  const name = t.stringLiteral(variable.name);
  const checks: t.Expression[] = [];
  if (rw.module.resolved.tdzChecks.has(node.argument))
    checks.push(rw.module.call("$tdz", rw.place(variable), name));
  if (variable.kind === "self" && !rw.fn.strict) checks.push(updateSelf(rw.place(variable)));
  else if (isConstant(variable)) checks.push(rw.module.call("$const", t.cloneNode(name)));
  else checks.push({ ...node, argument: rw.place(variable) } as t.UpdateExpression);
  return checks.length === 1 ? checks[0]! : t.sequenceExpression(checks);
}

function write(rw: Rewriting, node: t.Identifier): t.Expression {
  const variable = rw.module.resolved.refs.get(node);
  return variable === undefined || variable.scope.kind === "module"
    ? t.cloneNode(node, false)
    : located(rw.place(variable), node);
}

/**
 * A name or member as the target of an assignment; a constant, and a variable in its dead zone, throws when the value is there.
 * Null: a pattern, or nothing special.
 */
export function assignmentTarget(rw: Rewriting, node: t.Node): t.Node | null {
  if (t.isIdentifier(node)) {
    const variable = rw.module.resolved.refs.get(node);
    if (variable === undefined || variable.scope.kind === "module" || !rw.isChecked(variable))
      return write(rw, node);
    const name = t.stringLiteral(variable.name);
    const place = () => rw.place(variable);
    const value = () => t.identifier("$x");
    const steps: t.Expression[] = [];
    if (rw.module.resolved.tdzChecks.has(node)) steps.push(rw.module.call("$tdz", place(), name));
    if (variable.kind === "self" && !rw.fn.strict) return setter([]);
    if (isConstant(variable)) steps.push(rw.module.call("$const", t.cloneNode(name)));
    if (steps.length === 0) return write(rw, node);
    if (!isConstant(variable)) steps.push(t.assignmentExpression("=", place() as t.LVal, value()));
    return setter(steps);
  }
  return isMoved(rw.module, node) ? moved(rw, node) : null;
}

/** `({ set value($x) { … } }).value` */
function setter(steps: t.Expression[]): t.MemberExpression {
  const body = t.blockStatement(steps.map((one) => t.expressionStatement(one)));
  const method = t.objectMethod("set", t.identifier("value"), [t.identifier("$x")], body);
  return t.memberExpression(t.objectExpression([method]), t.identifier("value"));
}
