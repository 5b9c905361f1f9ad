/** Some lines of a source file around the one at which a run is parked, that one marked. */
import type { Style } from "./style.ts";
import { cut } from "./table.ts";

const BEFORE = 2;
const AFTER = 2;

/**
 * @param text of the whole file
 * @param line 1-based
 * @param column 0-based, of the `await`
 * @returns null when the file has no such line any more
 */
export function excerpt(
  text: string,
  line: number,
  column: number,
  width: number,
  style: Style,
): string | null {
  const lines = text.split(/\r?\n/);
  if (line < 1 || line > lines.length) return null;
  const from = Math.max(1, line - BEFORE);
  const to = Math.min(lines.length, line + AFTER);
  const digits = String(to).length;
  const out: string[] = [];
  for (let number = from; number <= to; number++) {
    const content = lines[number - 1]!.replaceAll("\t", "  ");
    const parked = number === line;
    const prefix = `${parked ? ">" : " "} ${String(number).padStart(digits)} | `;
    const shown = cut(`${prefix}${content}`, width).trimEnd();
    out.push(parked ? style.mark(shown) : style.dim(shown));
    if (parked) {
      const tabs = lines[number - 1]!.slice(0, column).split("\t").length - 1;
      const arrow = `${" ".repeat(digits + 2)} | ${" ".repeat(column + tabs)}^`;
      if (arrow.length <= width) out.push(style.mark(arrow));
    }
  }
  return out.join("\n");
}
