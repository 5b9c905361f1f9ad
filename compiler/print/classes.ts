/** Classes and their members. */
import type * as t from "@babel/types";
import { key, method } from "./functions.ts";
import { ASSIGNMENT, hasCall, LEFT_HAND_SIDE } from "./precedence.ts";
import { expression, node, type Printers, statements, wrapped } from "./print-node.ts";
import type { Writer } from "./writer.ts";

/** `@f @g.h(1)`, each followed by `after`. */
function decorators(w: Writer, list: readonly t.Decorator[] | null | undefined, after: string): void {
  for (const one of list ?? []) {
    node(w, one);
    w.text(after);
  }
}

function classBody(w: Writer, of: t.ClassDeclaration | t.ClassExpression): void {
  w.text("class ");
  if (of.id) {
    node(w, of.id);
    w.text(" ");
  }
  if (of.superClass) {
    w.text("extends ");
    expression(w, of.superClass, LEFT_HAND_SIDE);
    w.text(" ");
  }
  const { body } = of.body;
  if (body.length === 0) return w.text("{}");
  // Made by the compiler, of fields only.
  if (!of.loc && body.every((one) => one.type === "ClassProperty")) {
    w.text("{ ");
    body.forEach((one, i) => {
      if (i > 0) w.text(" ");
      node(w, one);
    });
    return w.text(" }");
  }
  w.text("{");
  w.indent();
  for (const one of body) {
    w.newline();
    node(w, one);
  }
  w.dedent();
  w.newline();
  w.text("}");
}

function property(
  w: Writer,
  of: t.ClassProperty | t.ClassPrivateProperty | t.ClassAccessorProperty,
  kind: string,
): void {
  decorators(w, of.decorators, " ");
  if (of.static) w.text("static ");
  w.text(kind);
  key(w, of as { key: t.Node; computed?: boolean });
  if (of.value) {
    w.text(" = ");
    expression(w, of.value, ASSIGNMENT);
  }
  w.text(";");
}

function classMethod(w: Writer, of: t.ClassMethod | t.ClassPrivateMethod): void {
  decorators(w, of.decorators, " ");
  if (of.static) w.text("static ");
  method(w, of);
}

/** A decorator is a path of names, perhaps called; anything else stands in parentheses. */
function isDecoratorPath(of: t.Expression): boolean {
  let at: t.Node = of.type === "CallExpression" ? of.callee : of;
  while (at.type === "MemberExpression" && !at.computed) at = at.object;
  return at.type === "Identifier" && !hasCall(of.type === "CallExpression" ? of.callee : of);
}

export const classes: Printers = {
  ClassDeclaration(w, of) {
    decorators(w, of.decorators, " ");
    classBody(w, of);
  },
  ClassExpression(w, of) {
    decorators(w, of.decorators, " ");
    classBody(w, of);
  },
  ClassMethod: classMethod,
  ClassPrivateMethod: classMethod,
  ClassProperty: (w, of) => property(w, of, ""),
  ClassPrivateProperty: (w, of) => property(w, of, ""),
  ClassAccessorProperty: (w, of) => property(w, of, "accessor "),
  StaticBlock(w, of) {
    w.text("static {");
    statements(w, of.body);
    w.text("}");
  },
  Decorator(w, of) {
    w.text("@");
    wrapped(w, of.expression, LEFT_HAND_SIDE, !isDecoratorPath(of.expression));
  },
};
