/**
 * What stands on one line: what did in the source, and short pieces that the compiler made. So the author's layout is kept
 * roughly, and compiled code stays compact.
 */
import type * as t from "@babel/types";

const oneLine = (node: t.Node): boolean => !node.loc || node.loc.start.line === node.loc.end.line;

/** Properties of a literal or pattern. */
export const isInlineObject = (node: t.ObjectExpression | t.ObjectPattern): boolean =>
  oneLine(node) && node.properties.every((one) => one.type !== "ObjectMethod" && oneLine(one));

const simple = new Set<t.Node["type"]>([
  "ExpressionStatement",
  "ReturnStatement",
  "ThrowStatement",
  "BreakStatement",
  "ContinueStatement",
]);

/** Marks a block that the compiler made and whose statements share a line. */
export function inline<N extends t.Node>(node: N): N {
  node.extra = { ...node.extra, inline: true };
  return node;
}

export function isInlineBlock(node: t.BlockStatement): boolean {
  if (node.extra?.inline === true) return true;
  const { body, directives } = node;
  return directives.length === 0 && body.length === 1 && simple.has(body[0]!.type) && isShort(body[0]!);
}

/** Nothing in it will have lines of its own. */
function isShort(node: t.Statement): boolean {
  const value =
    node.type === "ExpressionStatement"
      ? node.expression
      : node.type === "ReturnStatement" || node.type === "ThrowStatement"
        ? node.argument
        : null;
  return value === null || value === undefined || isShortExpression(value);
}

function isShortExpression(node: t.Node): boolean {
  switch (node.type) {
    case "Identifier":
    case "StringLiteral":
    case "NumericLiteral":
    case "BooleanLiteral":
    case "NullLiteral":
    case "ThisExpression":
    case "BigIntLiteral":
    case "RegExpLiteral":
    case "Super":
    case "PrivateName":
      return true;
    case "AssignmentExpression":
    case "BinaryExpression":
    case "LogicalExpression":
      return isShortExpression(node.left) && isShortExpression(node.right);
    case "UnaryExpression":
    case "UpdateExpression":
    case "SpreadElement":
      return isShortExpression(node.argument);
    case "MemberExpression":
    case "OptionalMemberExpression":
      return isShortExpression(node.object) && isShortExpression(node.property);
    case "CallExpression":
    case "OptionalCallExpression":
    case "NewExpression":
      return isShortExpression(node.callee) && node.arguments.every(isShortExpression);
    case "ArrayExpression":
      return node.elements.every((one) => one === null || isShortExpression(one));
    case "ObjectExpression":
      return isInlineObject(node);
    case "TemplateLiteral":
      return (
        node.quasis.every(({ value }) => !value.raw.includes("\n")) &&
        node.expressions.every(isShortExpression)
      );
    default:
      return false;
  }
}
