/**
 * A syntax tree to text, with a source map. What a general printer does not do: it keeps on one line what was on one, puts the
 * short pieces that the compiler makes on one, and takes a quarter of the time.
 */
import type * as t from "@babel/types";
import { classes } from "./classes.ts";
import { expressions } from "./expressions.ts";
import { jsx } from "./jsx.ts";
import { modules } from "./modules.ts";
import { node, type Printers } from "./print-node.ts";
import { statementPrinters } from "./statements.ts";
import { Writer } from "./writer.ts";

export { inline } from "./layout.ts";

export interface Printed {
  readonly code: string;
  /** Of a source map, version 3. */
  readonly mappings: string;
  /** Of a source map: the author's names of what is called otherwise in the code. */
  readonly names: string[];
}

const printers: Printers = { ...expressions, ...classes, ...statementPrinters, ...modules, ...jsx };

/**
 * Prints a program. Comments are left out.
 * @throws Error for syntax that is no JavaScript, such as types
 */
export function print(program: t.Node): Printed {
  const w = new Writer(printers);
  node(w, program);
  return { code: w.out, mappings: w.mappings.text, names: w.mappings.names };
}
