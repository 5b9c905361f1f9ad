/** When an expression needs parentheses (ECMA-262 §13): by how tightly it binds, and by the token that it begins with. */
import type * as t from "@babel/types";

export const SEQUENCE = 0;
export const ASSIGNMENT = 1;
const CONDITIONAL = 2;
export const COALESCE = 3;
const EXPONENT = 14;
export const UNARY = 15;
const POSTFIX = 16;
export const LEFT_HAND_SIDE = 17;
export const MEMBER = 18;
const PRIMARY = 19;

const operators: { readonly [operator: string]: number } = {
  "??": COALESCE,
  "||": 4,
  "&&": 5,
  "|": 6,
  "^": 7,
  "&": 8,
  "==": 9,
  "!=": 9,
  "===": 9,
  "!==": 9,
  "<": 10,
  ">": 10,
  "<=": 10,
  ">=": 10,
  in: 10,
  instanceof: 10,
  "<<": 11,
  ">>": 11,
  ">>>": 11,
  "+": 12,
  "-": 12,
  "*": 13,
  "/": 13,
  "%": 13,
  "**": EXPONENT,
};

export function precedence(node: t.Node): number {
  switch (node.type) {
    case "SequenceExpression":
      return SEQUENCE;
    case "AssignmentExpression":
    case "ArrowFunctionExpression":
    case "YieldExpression":
      return ASSIGNMENT;
    case "ConditionalExpression":
      return CONDITIONAL;
    case "BinaryExpression":
    case "LogicalExpression":
      return operators[node.operator]!;
    case "UnaryExpression":
    case "AwaitExpression":
      return UNARY;
    case "UpdateExpression":
      return node.prefix ? UNARY : POSTFIX;
    case "NumericLiteral":
      return node.value < 0 ? UNARY : PRIMARY;
    case "CallExpression":
    case "OptionalCallExpression":
    case "OptionalMemberExpression":
    case "ImportExpression":
      return LEFT_HAND_SIDE;
    case "MemberExpression":
    case "TaggedTemplateExpression":
      return MEMBER;
    default:
      return PRIMARY;
  }
}

/** How tightly the left and the right operand have to bind, at least. */
export function operands(node: t.BinaryExpression | t.LogicalExpression): readonly [number, number] {
  const own = operators[node.operator]!;
  if (node.operator === "**") return [POSTFIX, own];
  return [own, own + 1];
}

/** Neither `a ?? b || c` nor `a && b ?? c` is a program. */
export function isMixed(node: t.LogicalExpression | t.BinaryExpression, operand: t.Node): boolean {
  return operand.type === "LogicalExpression" && (node.operator === "??") !== (operand.operator === "??");
}

/** The expression whose first token is the first of `node`, when nothing is put in parentheses on the way. */
function leftmost(node: t.Node): t.Node {
  let at = node;
  for (;;) {
    switch (at.type) {
      case "SequenceExpression":
        at = at.expressions[0]!;
        break;
      case "AssignmentExpression":
      case "BinaryExpression":
      case "LogicalExpression":
        at = at.left;
        break;
      case "ConditionalExpression":
        at = at.test;
        break;
      case "CallExpression":
      case "OptionalCallExpression":
        at = at.callee;
        break;
      case "MemberExpression":
      case "OptionalMemberExpression":
        at = at.object;
        break;
      case "TaggedTemplateExpression":
        at = at.tag;
        break;
      case "UpdateExpression":
        if (at.prefix) return at;
        at = at.argument;
        break;
      default:
        return at;
    }
  }
}

/** Would a statement of `node` be taken for a block, a declaration or a directive? */
export function misreadAsStatement(node: t.Expression): boolean {
  if (node.type === "StringLiteral") return true;
  const first = leftmost(node);
  return isDeclaration(first) || isObject(first) || (first.type === "Identifier" && first.name === "let");
}

/** Would the body of an arrow function? */
export const misreadAsBody = (node: t.Expression): boolean => isObject(leftmost(node));

/** Would `export default` of it? */
export const misreadAsDefault = (node: t.Expression): boolean => isDeclaration(leftmost(node));

/** `for (let …` and `for (async of …` mean something else. */
export function misreadAsFor(node: t.Node): boolean {
  const first = leftmost(node);
  return first.type === "Identifier" && (first.name === "let" || first.name === "async");
}

const isObject = (node: t.Node) => node.type === "ObjectExpression" || node.type === "ObjectPattern";
const isDeclaration = (node: t.Node) => node.type === "FunctionExpression" || node.type === "ClassExpression";

/** `new` takes the first arguments it meets: a callee with a call in it is put in parentheses. */
export function hasCall(callee: t.Node): boolean {
  for (let at = callee; ; ) {
    switch (at.type) {
      case "CallExpression":
      case "OptionalCallExpression":
      case "OptionalMemberExpression":
      case "ImportExpression":
      case "Import":
        return true;
      case "MemberExpression":
        at = at.object;
        break;
      case "TaggedTemplateExpression":
        at = at.tag;
        break;
      default:
        return false;
    }
  }
}

/** `(a?.b).c` is not `a?.b.c`. */
export const isChain = (node: t.Node): boolean =>
  node.type === "OptionalMemberExpression" || node.type === "OptionalCallExpression";
