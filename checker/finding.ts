/** What the checker says: data for machines, and the layout in which a person reads it (docs/errors). */
import { ts } from "ts-morph";
import type { SourceModule } from "./program.ts";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
  /** The author's line. */
  readonly excerpt: string;
  /** What happens there; empty where the line says it. */
  readonly note: string;
}

/** A text to be put into a file. */
export interface Fix {
  /** Absolute path. */
  readonly path: string;
  readonly file: string;
  readonly position: number;
  readonly insert: string;
}

export interface Finding {
  /** Has a page in docs/errors. */
  readonly code: string;
  /** Warnings do not fail a check. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly places: readonly Place[];
  readonly advice: string;
  readonly fix: Fix | null;
}

export function placeOf({ source, file }: SourceModule, node: ts.Node, note = ""): Place {
  return placeAt({ source, file }, node.getStart(source), note);
}

function placeAt(
  { source, file }: Pick<SourceModule, "source" | "file">,
  position: number,
  note: string,
): Place {
  const { line, character } = ts.getLineAndCharacterOfPosition(source, position);
  const starts = source.getLineStarts();
  const excerpt = source.text.slice(starts[line]!, starts[line + 1] ?? source.text.length).trim();
  return { file, line: line + 1, column: character, excerpt: excerpt.slice(0, 100), note };
}

/** The text of a finding: what, where, and what to do. */
export function formatFinding({ code, severity, message, places, advice, fix }: Finding): string {
  const rows = places.map(({ file, line, column, excerpt, note }) => [
    `${file}:${line}:${column + 1}`,
    excerpt,
    note,
  ]);
  const width = (i: number) => Math.max(...rows.map((row) => row[i]!.length));
  const [at, text] = [width(0), width(1)];
  const lines = rows.map((row) =>
    `  ${row[0]!.padEnd(at)}    ${row[2] === "" ? row[1] : `${row[1]!.padEnd(text)}    ${row[2]}`}`.trimEnd(),
  );
  const mended = fix === null ? [] : ["coldframe check --fix does that."];
  return [
    `${code} ${message}${severity === "warning" ? " (warning)" : ""}`,
    ...lines,
    [advice, ...mended].join(" "),
  ].join("\n");
}
