/**
 * Destructuring whose defaults, keys or targets contain suspend points, taken apart as ECMA-262 §8.6.2 and §13.15.5 order
 * it. Patterns without any stay patterns.
 */
import * as t from "@babel/types";
import type { Stmt, Variable } from "../ir.ts";
import { effect, helper, js, type Lowering, method } from "./context.ts";
import { lowerExpression, lowerMember, lowerReference, spill } from "./expressions.ts";

/**
 * Assigns `value`, an identifier that stays the same, to the pattern.
 * @param initialises the pattern declares: its identifiers leave the temporal dead zone, constants included
 */
export function assignPattern(
  l: Lowering,
  pattern: t.Node,
  value: t.Expression,
  out: Stmt[],
  initialises = false,
): void {
  if (!l.has(pattern)) {
    const node = t.assignmentExpression("=", pattern as t.LVal, value);
    if (initialises) node.extra = { initialises: true };
    out.push(effect(node));
    return;
  }
  switch (pattern.type) {
    case "MemberExpression":
      out.push(effect(t.assignmentExpression("=", lowerMember(l, pattern, out, []), value)));
      return;
    case "AssignmentPattern":
      assignPattern(l, pattern.left, withDefault(l, value, pattern.right, out), out, initialises);
      return;
    case "ObjectPattern":
      assignObject(l, pattern, value, out, initialises);
      return;
    case "ArrayPattern":
      assignArray(l, pattern, value, out, initialises);
      return;
    default:
      l.diagnostics.error(
        "CF1012",
        pattern,
        `an await inside of ${pattern.type}; assign the awaited value first.`,
      );
  }
}

/** The target of an element with its reference evaluated, as ECMA-262 wants it before the value is read. */
function targetOf(
  l: Lowering,
  element: t.Node,
  out: Stmt[],
): { target: t.Node; fallback: t.Expression | null } {
  const target = t.isAssignmentPattern(element) ? element.left : element;
  const fallback = t.isAssignmentPattern(element) ? element.right : null;
  return { target: t.isMemberExpression(target) ? lowerReference(l, target, out) : target, fallback };
}

function withDefault(l: Lowering, value: t.Expression, fallback: t.Expression, out: Stmt[]): t.Identifier {
  const kept = spill(l, value, "item", out);
  const variable = l.resolved.refs.get(kept)!;
  const yes: Stmt[] = [];
  const right = lowerExpression(l, fallback, yes);
  yes.push(js(l.set(variable, right)));
  out.push({
    kind: "if",
    test: t.binaryExpression("===", l.ref(variable), t.identifier("undefined")),
    yes,
    no: [],
  });
  return l.ref(variable);
}

function assignObject(
  l: Lowering,
  pattern: t.ObjectPattern,
  value: t.Expression,
  out: Stmt[],
  initialises: boolean,
): void {
  const source = spill(l, helper("$coercible", value), "source", out);
  const hasRest = pattern.properties.some((one) => t.isRestElement(one));
  const keys: t.Expression[] = [];
  for (const one of pattern.properties) {
    if (t.isRestElement(one)) {
      const { target } = targetOf(l, one.argument, out);
      const rest = spill(l, helper("$without", source, t.arrayExpression(keys)), "rest", out);
      assignPattern(l, target, rest, out, initialises);
      continue;
    }
    let key = one.key as t.Expression;
    if (one.computed && !t.isStringLiteral(key))
      key = spill(l, helper("$key", lowerExpression(l, key, out)), "key", out);
    if (hasRest) keys.push(one.computed || !t.isIdentifier(key) ? key : t.stringLiteral(key.name));
    const { target, fallback } = targetOf(l, one.value, out);
    const read = t.memberExpression(source, key, one.computed || !t.isIdentifier(key));
    const got = spill(l, read, "item", out);
    assignPattern(l, target, fallback === null ? got : withDefault(l, got, fallback, out), out, initialises);
  }
}

function assignArray(
  l: Lowering,
  pattern: t.ArrayPattern,
  value: t.Expression,
  out: Stmt[],
  initialises: boolean,
): void {
  const iteration = l.temp("iteration");
  out.push(js(l.set(iteration, helper("$iterate", value))));
  const body: Stmt[] = [];
  // A generator may be told to return at a `yield` of the pattern.
  l.targets.push({ kind: "close", iteration });
  for (const one of pattern.elements) {
    if (one === null) {
      body.push(effect(method(l.ref(iteration), "next", t.booleanLiteral(true))));
      continue;
    }
    const next = t.conditionalExpression(
      method(l.ref(iteration), "next"),
      t.memberExpression(l.ref(iteration), t.identifier("value")),
      t.identifier("undefined"),
    );
    const { target, fallback } = targetOf(l, t.isRestElement(one) ? one.argument : one, body);
    const got = t.isRestElement(one) ? takeRest(l, iteration, body) : spill(l, next, "item", body);
    assignPattern(
      l,
      target,
      fallback === null ? got : withDefault(l, got, fallback, body),
      body,
      initialises,
    );
  }
  l.targets.pop();
  body.push(effect(method(l.ref(iteration), "close")));
  const param = l.temp("error");
  out.push({
    kind: "try",
    label: null,
    body,
    handler: {
      kind: "made",
      param,
      local: true,
      body: [t.expressionStatement(method(l.ref(iteration), "abort")), t.throwStatement(l.ref(param))],
    },
  });
}

/** `$rest = []; while ($it.next()) $rest.push($it.value);` */
function takeRest(l: Lowering, iteration: Variable, out: Stmt[]): t.Identifier {
  const rest = spill(l, t.arrayExpression([]), "rest", out);
  const item = t.memberExpression(l.ref(iteration), t.identifier("value"));
  const push = t.expressionStatement(method(rest, "push", item));
  out.push(js(t.whileStatement(method(l.ref(iteration), "next"), push)));
  return rest;
}
