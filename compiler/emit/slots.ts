/** Where variables are kept under their own names: slots of frames, fields of scope records. */
import * as t from "@babel/types";
import type { Fn, FunctionNode } from "../ir.ts";

/** `{ name }`, in a literal and in a pattern; `{ name: value }`. */
export function slotProperty(name: string, given?: t.Expression): t.ObjectProperty {
  const value = given ?? t.identifier(name);
  // Written out by another tool, `__proto__: value` would set the prototype.
  if (name === "__proto__") return t.objectProperty(t.stringLiteral(name), value, true);
  return t.objectProperty(t.identifier(name), value, false, t.isIdentifier(value, { name }));
}

/**
 * Each field has an initialiser: tools that turn fields into assignments, as TypeScript wants it for targets before ES2022, drop those that
 * have none, and with them the variable.
 */
export function scopeClass(
  fields: readonly string[],
  initial: (field: string) => t.Expression | null,
): t.Expression {
  const members = fields.map((one) => {
    const value = initial(one) ?? t.unaryExpression("void", t.numericLiteral(0));
    // No name of a field, and no identifier.
    if (one === "constructor" || one === "new.target")
      return t.classProperty(t.stringLiteral(one), value, null, null, true);
    return t.classProperty(t.isValidIdentifier(one, false) ? t.identifier(one) : t.stringLiteral(one), value);
  });
  return t.classExpression(null, null, t.classBody(members));
}

/**
 * What keeps parameters and arguments object together (runtime/machine/mapped-arguments.ts):
 * `["a"], function (a) { return [arguments, { get a() { return a; }, set a($x) { a = $x; } }]; }`
 */
export function activation(fn: Fn): [t.Expression, t.Expression] {
  const params = (fn.node as FunctionNode).params.map((one) => (one as t.Identifier).name);
  const accessors = [...new Set(params)].flatMap((name) => {
    const key = () => t.stringLiteral(name);
    const set = t.assignmentExpression("=", t.identifier(name), t.identifier("$x"));
    return [
      t.objectMethod("get", key(), [], t.blockStatement([t.returnStatement(t.identifier(name))])),
      t.objectMethod("set", key(), [t.identifier("$x")], t.blockStatement([t.expressionStatement(set)])),
    ];
  });
  const made = t.arrayExpression([t.identifier("arguments"), t.objectExpression(accessors)]);
  return [
    t.arrayExpression(params.map((one) => t.stringLiteral(one))),
    t.functionExpression(
      null,
      params.map((one) => t.identifier(one)),
      t.blockStatement([t.returnStatement(made)]),
    ),
  ];
}
