/**
 * The name of a function expression, assigned in sloppy code: it keeps its value (ECMA-262 §9.1.1.1.5), the expression has
 * the one that was to be assigned.
 */
import * as t from "@babel/types";

/** `f = v` ↦ `v`, `f += v` ↦ `f + v`, `f ??= v` ↦ `f ?? v` */
export function writeToSelf(
  { operator }: t.AssignmentExpression,
  self: t.Expression,
  right: t.Expression,
): t.Expression {
  if (operator === "=") return right;
  const plain = operator.slice(0, -1);
  return plain === "&&" || plain === "||" || plain === "??"
    ? t.logicalExpression(plain, self, right)
    : t.binaryExpression(plain as "+", self, right);
}

/** `f++` ↦ `+f`: no function is a number. */
export const updateSelf = (self: t.Expression): t.Expression => t.unaryExpression("+", self);
