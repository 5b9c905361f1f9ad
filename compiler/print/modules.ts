/** Imports and exports. */
import type * as t from "@babel/types";
import { ASSIGNMENT, misreadAsDefault } from "./precedence.ts";
import { node, type Printers, wrapped } from "./print-node.ts";
import type { Writer } from "./writer.ts";

type Specifier = (t.ImportDeclaration | t.ExportNamedDeclaration)["specifiers"][number];

/** `d, * as ns, { a, b as c }` */
function specifiers(w: Writer, list: readonly Specifier[]): void {
  const isNamed = (one: Specifier) => one.type === "ImportSpecifier" || one.type === "ExportSpecifier";
  const named = list.filter(isNamed);
  const others = list.filter((one) => !isNamed(one));
  others.forEach((one, i) => {
    if (i > 0) w.text(", ");
    node(w, one);
  });
  if (named.length === 0 && others.length > 0) return;
  if (others.length > 0) w.text(", ");
  if (named.length === 0) return w.text("{}");
  w.text("{ ");
  named.forEach((one, i) => {
    if (i > 0) w.text(", ");
    node(w, one);
  });
  w.text(" }");
}

function source(
  w: Writer,
  of: t.ImportDeclaration | t.ExportNamedDeclaration | t.ExportAllDeclaration,
): void {
  node(w, of.source!);
  if (of.attributes && of.attributes.length > 0) {
    w.text(of.extra?.deprecatedAssertSyntax === true ? " assert { " : " with { ");
    of.attributes.forEach((one, i) => {
      if (i > 0) w.text(", ");
      node(w, one);
    });
    w.text(" }");
  }
  w.text(";");
}

/** `a as b`; the same name once. */
function renamed(w: Writer, from: t.Node, to: t.Node): void {
  node(w, from);
  const same =
    from.type === "Identifier"
      ? to.type === "Identifier" && to.name === from.name
      : to.type === "StringLiteral" && to.value === (from as t.StringLiteral).value;
  if (same) return;
  w.text(" as ");
  node(w, to);
}

export const modules: Printers = {
  ImportDeclaration(w, of) {
    w.text(of.phase ? `import ${of.phase} ` : "import ");
    if (of.specifiers.length > 0) {
      specifiers(w, of.specifiers);
      w.text(" from ");
    }
    source(w, of);
  },
  ImportDefaultSpecifier: (w, of) => node(w, of.local),
  ImportNamespaceSpecifier(w, of) {
    w.text("* as ");
    node(w, of.local);
  },
  ImportSpecifier: (w, of) => renamed(w, of.imported, of.local),
  ImportAttribute(w, of) {
    node(w, of.key);
    w.text(": ");
    node(w, of.value);
  },
  ExportNamedDeclaration(w, of) {
    w.text("export ");
    if (of.declaration) return node(w, of.declaration);
    specifiers(w, of.specifiers);
    if (of.source) {
      w.text(" from ");
      return source(w, of);
    }
    w.text(";");
  },
  ExportSpecifier: (w, of) => renamed(w, of.local, of.exported),
  ExportNamespaceSpecifier(w, of) {
    w.text("* as ");
    node(w, of.exported);
  },
  ExportAllDeclaration(w, of) {
    w.text("export * from ");
    source(w, of);
  },
  ExportDefaultDeclaration(w, of) {
    w.text("export default ");
    const { declaration } = of;
    if (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration")
      return node(w, declaration);
    wrapped(w, declaration, ASSIGNMENT, misreadAsDefault(declaration as t.Expression));
    w.text(";");
  },
};
