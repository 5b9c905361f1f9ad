/** Patterns, as what they declare or assign. */
import * as t from "@babel/types";

/** The identifiers that a binding or assignment pattern sets. */
export function boundIdentifiers(pattern: t.Node, out: t.Identifier[] = []): t.Identifier[] {
  if (t.isIdentifier(pattern)) out.push(pattern);
  else if (t.isObjectPattern(pattern)) {
    for (const one of pattern.properties)
      boundIdentifiers(t.isRestElement(one) ? one.argument : one.value, out);
  } else if (t.isArrayPattern(pattern)) {
    for (const one of pattern.elements) if (one) boundIdentifiers(one, out);
  } else if (t.isRestElement(pattern)) boundIdentifiers(pattern.argument, out);
  else if (t.isAssignmentPattern(pattern)) boundIdentifiers(pattern.left, out);
  else if (t.isVariableDeclaration(pattern))
    for (const one of pattern.declarations) boundIdentifiers(one.id, out);
  return out;
}
