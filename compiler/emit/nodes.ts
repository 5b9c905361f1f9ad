/** Small syntax trees that the parts of the emitter share. */
import * as t from "@babel/types";
import type { Variable } from "../ir.ts";

export function isConstant(variable: Variable): boolean {
  return variable.kind === "const" || variable.kind === "self" || variable.kind === "import";
}

/** The key of a variable in its record: one of them is no identifier. */
export function fieldKey(name: string): t.Identifier | t.StringLiteral {
  return name === "new.target" ? t.stringLiteral(name) : t.identifier(name);
}

export function assign(
  target: t.Expression | t.LVal,
  value: t.Expression,
  from: t.Node | null,
): t.ExpressionStatement {
  const statement = t.expressionStatement(t.assignmentExpression("=", target as t.LVal, value));
  statement.loc = from?.loc ?? null;
  return statement;
}

export function located<N extends t.Node>(node: N, from: t.Node): N {
  node.loc = from.loc ?? null;
  return node;
}

/** An anonymous class that is assigned to `(name)` gets no name from it; functions are made where no name is given. */
export function nameless(target: t.Node, value: t.Expression): t.Expression {
  if (!target.extra?.["parenthesized"] || !t.isClassExpression(value) || value.id) return value;
  return t.sequenceExpression([t.numericLiteral(0), value]);
}

export function labeled(node: t.Statement, labels: readonly string[]): t.Statement {
  return labels.reduceRight(
    (inner: t.Statement, label) => t.labeledStatement(t.identifier(label), inner),
    node,
  );
}
