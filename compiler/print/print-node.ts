/** How printers call one another: by the type of a node, with parentheses where its place asks for them. */
import type * as t from "@babel/types";
import { precedence, SEQUENCE } from "./precedence.ts";
import type { Writer } from "./writer.ts";

export type { Printers } from "./writer.ts";

type Printer = (w: Writer, node: t.Node) => unknown;

/** A node whose place is never ambiguous. */
export function node(w: Writer, of: t.Node): void {
  w.mark(of);
  const print = w.printers[of.type] as Printer | undefined;
  if (print === undefined) throw new Error(`no printer for ${of.type}`);
  print(w, of);
}

/** An expression that has to bind at least as tightly as `level`. */
export function expression(w: Writer, of: t.Node, level: number): void {
  wrapped(w, of, level, false);
}

/** @param always in parentheses, whatever it is */
export function wrapped(w: Writer, of: t.Node, level: number, always: boolean): void {
  if (
    !always &&
    precedence(of) >= level &&
    !(w.noIn && of.type === "BinaryExpression" && of.operator === "in")
  )
    return node(w, of);
  const { noIn } = w;
  w.noIn = false;
  w.text("(");
  node(w, of);
  w.text(")");
  w.noIn = noIn;
}

export function commas(w: Writer, list: readonly t.Node[], level = SEQUENCE): void {
  list.forEach((one, i) => {
    if (i > 0) w.text(", ");
    expression(w, one, level);
  });
}

/** Each on a line of its own, indented, with the line break behind the last. */
export function statements(
  w: Writer,
  list: readonly t.Statement[],
  directives: readonly t.Directive[] = [],
): void {
  // Inside of braces an `in` belongs to no loop.
  const { noIn } = w;
  w.noIn = false;
  w.indent();
  for (const one of directives) {
    w.newline();
    node(w, one);
  }
  for (const one of list) {
    w.newline();
    node(w, one);
  }
  w.dedent();
  w.newline();
  w.noIn = noIn;
}
