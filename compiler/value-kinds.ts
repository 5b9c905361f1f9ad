/**
 * What sort of value a constant holds, as far as the expression says that initialises it. A run that is carried over to changed code
 * must not bring a number where that code can only have a text: `const k = n * 2` before, `const k = String(n)` now.
 */
import * as t from "@babel/types";
import type { ValueKind } from "../abi/index.ts";

/** Global functions whose calls give a primitive. */
const conversions: Readonly<Record<string, ValueKind>> = {
  String: "string",
  Number: "number",
  Boolean: "boolean",
  BigInt: "bigint",
  Symbol: "symbol",
  parseInt: "number",
  parseFloat: "number",
};
const constructed: Readonly<Record<string, ValueKind>> = {
  Array: "array",
  Date: "Date",
  Map: "Map",
  Set: "Set",
  RegExp: "RegExp",
};
const numeric: readonly ValueKind[] = ["bigint", "number"];

/**
 * All kinds that the value of an expression may have, in order; null when it may be anything.
 * @param isGlobal whether an identifier means the global of its name
 */
export function valueKinds(
  node: t.Node,
  isGlobal: (id: t.Identifier) => boolean,
): readonly ValueKind[] | null {
  const kinds = (one: t.Node) => valueKinds(one, isGlobal);
  switch (node.type) {
    case "StringLiteral":
    case "TemplateLiteral":
      return ["string"];
    case "NumericLiteral":
      return ["number"];
    case "BooleanLiteral":
      return ["boolean"];
    case "BigIntLiteral":
      return ["bigint"];
    case "NullLiteral":
      return ["null"];
    case "RegExpLiteral":
      return ["RegExp"];
    case "ArrayExpression":
      return ["array"];
    case "ObjectExpression":
      return node.properties.some((one) => t.isObjectProperty(one) && isProto(one)) ? null : ["object"];
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "ClassExpression":
      return ["function"];
    case "UnaryExpression":
      if (node.operator === "typeof") return ["string"];
      if (node.operator === "!" || node.operator === "delete") return ["boolean"];
      if (node.operator === "void") return ["undefined"];
      if (node.operator === "+") return ["number"];
      return (kinds(node.argument) ?? numeric).includes("bigint") ? numeric : ["number"];
    case "BinaryExpression":
      return binaryKinds(node, kinds);
    case "ConditionalExpression": {
      const [yes, no] = [kinds(node.consequent), kinds(node.alternate)];
      return yes === null || no === null ? null : [...new Set([...yes, ...no])].sort();
    }
    case "SequenceExpression":
      return kinds(node.expressions.at(-1)!);
    case "CallExpression":
    case "NewExpression": {
      const { callee } = node;
      if (!t.isIdentifier(callee) || !isGlobal(callee)) return null;
      const table = node.type === "CallExpression" ? conversions : constructed;
      return Object.hasOwn(table, callee.name) ? [table[callee.name]!] : null;
    }
    default:
      return null;
  }
}

const isProto = ({ key, computed }: t.ObjectProperty): boolean =>
  !computed && (t.isIdentifier(key, { name: "__proto__" }) || t.isStringLiteral(key, { value: "__proto__" }));

function binaryKinds(
  { operator, left, right }: t.BinaryExpression,
  kinds: (node: t.Node) => readonly ValueKind[] | null,
): readonly ValueKind[] | null {
  if (/^([=!]==?|[<>]=?|in|instanceof)$/.test(operator)) return ["boolean"];
  if (operator === ">>>") return ["number"];
  if (operator === "|>") return null;
  const [one, other] = [kinds(left), kinds(right)];
  const isText = (list: readonly ValueKind[] | null) => list?.length === 1 && list[0] === "string";
  if (operator === "+" && (isText(one) || isText(other))) return ["string"];
  const isNumber = (list: readonly ValueKind[] | null) => list?.length === 1 && list[0] === "number";
  if (operator === "+") return isNumber(one) && isNumber(other) ? ["number"] : null;
  // Both are of one sort, or it throws.
  return isNumber(one) || isNumber(other) ? ["number"] : numeric;
}
