/** The name that a property, method or field gives to its function. */
import * as t from "@babel/types";

/** The name that a property, method or field gives to its function; empty when only the program knows it. */
export function keyName(node: { readonly key?: t.Node; readonly computed?: boolean | null }): string {
  if (!node.key) return "";
  if (t.isPrivateName(node.key)) return `#${node.key.id.name}`;
  if (t.isStringLiteral(node.key)) return node.key.value;
  if (t.isNumericLiteral(node.key)) return String(node.key.value);
  if (t.isBigIntLiteral(node.key)) return String(BigInt(node.key.value));
  if (t.isIdentifier(node.key) && !node.computed) return node.key.name;
  return "";
}
