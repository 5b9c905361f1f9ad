/**
 * Destructuring whose defaults, keys or targets contain suspend points, taken apart as ECMA-262 §8.6.2 and §13.15.5 order
 * it. Patterns without any stay patterns.
 */
import * as t from "@babel/types";
import type { Stmt } from "../ir.ts";
import { effect, helper, js, type Lowering, method } from "./context.ts";
import { lowerExpression, lowerMember, spill } from "./expressions.ts";

/** Assigns `value` (an identifier that stays the same) to the pattern, also for declarations. */
export function assignPattern(l: Lowering, pattern: t.Node, value: t.Expression, out: Stmt[]): void {
  if (!l.has(pattern)) {
    out.push(effect(t.assignmentExpression("=", pattern as t.LVal, value)));
    return;
  }
  switch (pattern.type) {
    case "MemberExpression":
      out.push(effect(t.assignmentExpression("=", lowerMember(l, pattern, out, []), value)));
      return;
    case "AssignmentPattern":
      assignPattern(l, pattern.left, withDefault(l, value, pattern.right, out), out);
      return;
    case "ObjectPattern":
      assignObject(l, pattern, value, out);
      return;
    case "ArrayPattern":
      assignArray(l, pattern, value, out);
      return;
    default:
      l.diagnostics.error(
        "CF1012",
        pattern,
        `an await inside of ${pattern.type}; assign the awaited value first.`,
      );
  }
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

function assignObject(l: Lowering, pattern: t.ObjectPattern, value: t.Expression, out: Stmt[]): void {
  const source = spill(l, helper("$coercible", value), "source", out);
  const hasRest = pattern.properties.some((one) => t.isRestElement(one));
  const keys: t.Expression[] = [];
  for (const one of pattern.properties) {
    if (t.isRestElement(one)) {
      const rest = spill(l, helper("$rest", source, t.arrayExpression(keys)), "rest", out);
      assignPattern(l, one.argument, rest, out);
      continue;
    }
    let key = one.key as t.Expression;
    if (one.computed && !t.isLiteral(key))
      key = spill(l, helper("$key", lowerExpression(l, key, out)), "key", out);
    if (hasRest)
      keys.push(one.computed || t.isLiteral(key) ? key : t.stringLiteral((key as t.Identifier).name));
    let target = t.isAssignmentPattern(one.value) ? one.value.left : one.value;
    if (t.isMemberExpression(target)) target = lowerMember(l, target, out, [one.value]);
    const got = spill(l, t.memberExpression(source, key, one.computed || !t.isIdentifier(key)), "item", out);
    assignPattern(
      l,
      target,
      t.isAssignmentPattern(one.value) ? withDefault(l, got, one.value.right, out) : got,
      out,
    );
  }
}

function assignArray(l: Lowering, pattern: t.ArrayPattern, value: t.Expression, out: Stmt[]): void {
  const iteration = l.temp("iteration");
  out.push(js(l.set(iteration, helper("$iterate", value))));
  const body: Stmt[] = [];
  for (const one of pattern.elements) {
    if (t.isRestElement(one)) {
      const rest = spill(l, method(l.ref(iteration), "rest"), "rest", body);
      assignPattern(l, one.argument, rest, body);
      continue;
    }
    const next = t.conditionalExpression(
      method(l.ref(iteration), "next"),
      t.memberExpression(l.ref(iteration), t.identifier("value")),
      t.identifier("undefined"),
    );
    if (one === null) {
      body.push(effect(next));
      continue;
    }
    const got = spill(l, next, "item", body);
    if (t.isAssignmentPattern(one)) assignPattern(l, one.left, withDefault(l, got, one.right, body), body);
    else assignPattern(l, one, got, body);
  }
  body.push(effect(method(l.ref(iteration), "close")));
  const param = l.temp("error");
  out.push({
    kind: "try",
    label: null,
    body,
    handler: {
      kind: "made",
      param,
      body: [t.expressionStatement(method(l.ref(iteration), "abort")), t.throwStatement(l.ref(param))],
    },
  });
}
