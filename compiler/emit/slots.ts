/** Where variables are kept under their own names: slots of frames, fields of scope records. */
import * as t from "@babel/types";

/** `{ name }`, in a literal and in a pattern; `{ name: value }`. */
export function slotProperty(name: string, given?: t.Expression): t.ObjectProperty {
  const value = given ?? t.identifier(name);
  // Written out by another tool, `__proto__: value` would set the prototype.
  if (name === "__proto__") return t.objectProperty(t.stringLiteral(name), value, true);
  return t.objectProperty(t.identifier(name), value, false, t.isIdentifier(value, { name }));
}

export function scopeClass(
  fields: readonly string[],
  initial: (field: string) => t.Expression | null,
): t.Expression {
  const members = fields.map((one) =>
    // No name of a field, and no identifier.
    one === "constructor" || one === "new.target"
      ? t.classProperty(t.stringLiteral(one), initial(one), null, null, true)
      : t.classProperty(
          t.isValidIdentifier(one, false) ? t.identifier(one) : t.stringLiteral(one),
          initial(one),
        ),
  );
  return t.classExpression(null, null, t.classBody(members));
}
