/** The output while it is being written: text, indentation, and where each piece came from. */
import type * as t from "@babel/types";
import { Mappings } from "./source-map.ts";

/** How each type of node is printed; one that is missing is no JavaScript. */
export type Printers = {
  readonly [K in t.Node["type"]]?: (w: Writer, node: Extract<t.Node, { type: K }>) => unknown;
};

export class Writer {
  out = "";
  readonly mappings = new Mappings();
  readonly printers: Printers;
  /** In the head of a `for`, where `in` would end the initialiser. */
  noIn = false;
  #line = 1;
  #lineStart = 0;
  #indent = "\n";

  constructor(printers: Printers) {
    this.printers = printers;
  }

  /** Text without line breaks of its own. */
  text(text: string): void {
    this.out += text;
  }

  /** Text of the author's that may have line breaks: templates, JSX. */
  raw(text: string): void {
    const { length } = this.out;
    this.out += text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#line++;
      this.#lineStart = length + at + 1;
    }
  }

  newline(): void {
    this.out += this.#indent;
    this.#line++;
    this.#lineStart = this.out.length - this.#indent.length + 1;
  }

  indent(): void {
    this.#indent += "\t";
  }

  dedent(): void {
    this.#indent = this.#indent.slice(0, -1);
  }

  /** What is written next comes from `node`. */
  mark(node: t.Node): void {
    const { loc } = node;
    if (loc === null || loc === undefined) return;
    let name: string | null = null;
    if (node.type === "Identifier") {
      const { identifierName } = loc;
      if (identifierName !== null && identifierName !== undefined && identifierName !== node.name)
        name = identifierName;
    }
    const { start } = loc;
    this.mappings.add(this.#line, this.out.length - this.#lineStart, start.line, start.column, name);
  }

  /** What is written next comes from where `node` ends: the brace that closes a block. */
  markEnd(node: t.Node): void {
    if (!node.loc) return;
    const { end } = node.loc;
    this.mappings.add(
      this.#line,
      this.out.length - this.#lineStart,
      end.line,
      Math.max(end.column - 1, 0),
      null,
    );
  }
}
