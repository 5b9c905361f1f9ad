/** What a person calls a piece of a program: paths of names, for what has no name of its own. */
import * as t from "@babel/types";

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
