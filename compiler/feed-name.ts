/** What a person calls a piece of a program: paths of names, for what has no name of its own. */
import * as t from "@babel/types";

/** The name of a member of an object or class. Empty: it has none that is known before it runs. */
export function keyName(node: { key?: t.Node; computed?: boolean | null }): string {
  if (!node.key) return "";
  if (t.isPrivateName(node.key)) return `#${node.key.id.name}`;
  if (t.isStringLiteral(node.key)) return node.key.value;
  if (t.isNumericLiteral(node.key)) return String(node.key.value);
  if (t.isIdentifier(node.key) && !node.computed) return node.key.name;
  return "";
}

/** `undo.push` for the arguments of `undo.push(…)`: how an anonymous function is named by what it feeds. */
export function feedName(node: t.Node): string {
  if (t.isIdentifier(node)) return node.name;
  if (t.isThisExpression(node)) return "this";
  if (
    (t.isMemberExpression(node) || t.isOptionalMemberExpression(node)) &&
    !node.computed &&
    t.isIdentifier(node.property)
  ) {
    const object = feedName(node.object);
    return object === "" ? node.property.name : `${object}.${node.property.name}`;
  }
  if (t.isCallExpression(node)) return feedName(node.callee);
  return "";
}
