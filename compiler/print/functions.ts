/** Functions and methods: head, parameters, body. */
import type * as t from "@babel/types";
import { ASSIGNMENT } from "./precedence.ts";
import { commas, expression, node } from "./print-node.ts";
import type { Writer } from "./writer.ts";

export function key(w: Writer, of: { key: t.Node; computed?: boolean | null }): void {
  if (!of.computed) return node(w, of.key);
  w.text("[");
  expression(w, of.key, ASSIGNMENT);
  w.text("]");
}

/** Parameters and body of a method, with what stands before its name. */
export function method(w: Writer, of: t.ObjectMethod | t.ClassMethod | t.ClassPrivateMethod): void {
  if (of.kind === "get" || of.kind === "set") w.text(`${of.kind} `);
  if (of.async) w.text("async ");
  if (of.generator) w.text("*");
  key(w, of as { key: t.Node; computed?: boolean });
  parameters(w, of.params);
  w.text(" ");
  node(w, of.body);
}

export function parameters(w: Writer, list: readonly t.Node[]): void {
  w.text("(");
  commas(w, list, ASSIGNMENT);
  w.text(")");
}

export function functionHead(w: Writer, of: t.FunctionDeclaration | t.FunctionExpression): void {
  w.text(of.async ? "async function" : "function");
  if (of.generator) w.text("*");
  w.text(" ");
  if (of.id) node(w, of.id);
  parameters(w, of.params);
  w.text(" ");
  node(w, of.body);
}
