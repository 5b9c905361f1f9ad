/** JSX, as it was written: compiling it is the business of another tool. */
import type * as t from "@babel/types";
import { ASSIGNMENT, SEQUENCE } from "./precedence.ts";
import { expression, node, type Printers } from "./print-node.ts";
import type { Writer } from "./writer.ts";

function contained(
  w: Writer,
  before: string,
  value: t.Expression | t.JSXEmptyExpression,
  level: number,
): void {
  w.text(`{${before}`);
  if (value.type !== "JSXEmptyExpression") expression(w, value, level);
  w.text("}");
}

export const jsx: Printers = {
  JSXElement(w, of) {
    node(w, of.openingElement);
    for (const one of of.children) node(w, one);
    if (of.closingElement) node(w, of.closingElement);
  },
  JSXOpeningElement(w, of) {
    w.text("<");
    node(w, of.name);
    for (const one of of.attributes) {
      w.text(" ");
      node(w, one);
    }
    w.text(of.selfClosing ? " />" : ">");
  },
  JSXClosingElement(w, of) {
    w.text("</");
    node(w, of.name);
    w.text(">");
  },
  JSXFragment(w, of) {
    w.text("<>");
    for (const one of of.children) node(w, one);
    w.text("</>");
  },
  JSXIdentifier: (w, of) => w.text(of.name),
  JSXNamespacedName(w, of) {
    node(w, of.namespace);
    w.text(":");
    node(w, of.name);
  },
  JSXMemberExpression(w, of) {
    node(w, of.object);
    w.text(".");
    node(w, of.property);
  },
  JSXAttribute(w, of) {
    node(w, of.name);
    if (!of.value) return;
    w.text("=");
    const { value } = of;
    const raw = value.extra?.raw;
    // Entities, and no escapes: not a string of JavaScript.
    if (value.type === "StringLiteral") w.raw(typeof raw === "string" ? raw : attribute(value.value));
    else node(w, value);
  },
  JSXSpreadAttribute: (w, of) => contained(w, "...", of.argument, ASSIGNMENT),
  JSXSpreadChild: (w, of) => contained(w, "...", of.expression, ASSIGNMENT),
  JSXExpressionContainer: (w, of) => contained(w, "", of.expression, SEQUENCE),
  JSXText: (w, of) => w.raw(typeof of.extra?.raw === "string" ? of.extra.raw : of.value),
};

const attribute = (value: string): string => `"${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`;
