/** Tables that fit the terminal: columns as wide as they need, the one that may shrink shortened in its middle. */
import type { Style } from "./style.ts";

export interface Column {
  readonly title: string;
  /** How the cells are painted. The painting does not count as width. */
  readonly paint?: (text: string) => string;
  readonly align?: "right";
  /** Shortened first when the table is too wide, largest first. */
  readonly shrinks?: boolean;
  /** Sentences lose their end, ids and paths their middle. */
  readonly sentence?: boolean;
}

const GAP = 2;
const LEAST = 8;

/** @param width of the terminal in characters */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  style: Style,
): string {
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => columnsOf(row[i] ?? ""))),
  );
  narrow(columns, widths, width);
  const line = (cells: readonly string[], paint: (text: string, column: Column) => string) =>
    columns
      .map((column, i) => {
        const text = (column.sentence === true ? cut : shorten)(cells[i] ?? "", widths[i]!);
        const space = " ".repeat(widths[i]! - columnsOf(text));
        return column.align === "right" ? space + paint(text, column) : paint(text, column) + space;
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  const head = line(
    columns.map((column) => column.title),
    (text) => style.dim(text),
  );
  return [head, ...rows.map((row) => line(row, (text, column) => (column.paint ?? ((t) => t))(text)))].join(
    "\n",
  );
}

function narrow(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  while (excess > 0) {
    let widest = -1;
    columns.forEach((column, i) => {
      const wider = widest === -1 || widths[i]! > widths[widest]!;
      if (column.shrinks === true && widths[i]! > LEAST && wider) widest = i;
    });
    if (widest === -1) return;
    widths[widest]!--;
    excess--;
  }
}

/** `text` in at most `width` characters, with "…" in the middle: both ends of a path or an id tell it apart. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  if (width <= 1) return "…".slice(0, width);
  const tail = Math.floor((width - 1) / 2);
  return `${characters.slice(0, width - 1 - tail).join("")}…${tail === 0 ? "" : characters.slice(-tail).join("")}`;
}

/** `text` in at most `width` characters, with "…" at the end. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

function columnsOf(text: string): number {
  return [...text].length;
}
