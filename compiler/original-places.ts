/**
 * Where the nodes of a text stood in the author's, when another tool has compiled it before (ECMA-426, decoding the mappings): lines in
 * messages, stacks and snapshots are then those that the author knows.
 */
import type * as t from "@babel/types";
import { walk } from "./children.ts";

/** What a source map of one source says. */
export interface Original {
  /** Path of the author's file, as messages should name it. */
  readonly filename: string;
  /** Its text; null: it is not known. */
  readonly source: string | null;
  readonly mappings: string;
}

/** Gives all nodes, and comments, the places that they had. */
export function placeAsWritten(file: t.File, mappings: string): void {
  const places = decoded(mappings);
  if (places.length === 0) return;
  const move = (node: { loc?: t.SourceLocation | null | undefined }): void => {
    const { loc } = node;
    if (loc === null || loc === undefined) return;
    const start = placeOf(places, loc.start.line, loc.start.column);
    const last = placeOf(places, loc.end.line, Math.max(loc.end.column - 1, 0));
    // Positions are shared between nodes.
    node.loc = {
      ...loc,
      start: { ...loc.start, line: start.sourceLine, column: start.sourceColumn },
      end: { ...loc.end, line: last.sourceLine, column: last.sourceColumn + 1 },
    };
  };
  walk(file.program, move);
  for (const directive of file.program.directives) move(directive);
  for (const comment of file.comments ?? []) move(comment);
}

/** Lines count from 1, columns from 0. */
interface Mapped {
  readonly line: number;
  readonly column: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

/** The last one that is not behind a position; what stands before all is from where the first is. */
function placeOf(places: readonly Mapped[], line: number, column: number): Mapped {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const one = places[middle]!;
    if (one.line < line || (one.line === line && one.column <= column)) low = middle;
    else high = middle - 1;
  }
  return places[low]!;
}

/** In order of the text; pieces that come from nowhere are left out. */
function decoded(mappings: string): Mapped[] {
  const places: Mapped[] = [];
  let sourceLine = 1;
  let sourceColumn = 0;
  for (const [index, text] of mappings.split(";").entries()) {
    let column = 0;
    const first = places.length;
    for (const segment of text === "" ? [] : text.split(",")) {
      const [columns = 0, , lines, sourceColumns] = numbers(segment);
      column += columns;
      if (lines === undefined || sourceColumns === undefined) continue;
      sourceLine += lines;
      sourceColumn += sourceColumns;
      places.push({ line: index + 1, column, sourceLine, sourceColumn });
    }
    const line = places.splice(first).sort((a, b) => a.column - b.column);
    places.push(...line);
  }
  return places;
}

/** The variable-length quantities of a segment. */
function numbers(segment: string): number[] {
  const found: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) !== 0) continue;
    found.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return found;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
