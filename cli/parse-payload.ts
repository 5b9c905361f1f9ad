/** The JSON of `coldframe send`, with errors that point at the place. */
import { ColdframeError } from "../runtime/errors.ts";
import { jsonMistake } from "./json-position.ts";

/** @throws ColdframeError CF3202 quoting the text, with a mark under the character at which it stops being JSON */
export function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const at = jsonMistake(text) ?? text.length;
    const { line, before } = lineAround(text, at);
    const place =
      at === text.length ? "it ends too early" : `character ${at + 1}, ${JSON.stringify(text[at])}`;
    throw new ColdframeError(
      "CF3202",
      `${place}.\n\n  ${line}\n  ${" ".repeat([...before].length)}^\n\n${advice(text)}`,
    );
  }
}

function lineAround(text: string, at: number): { line: string; before: string } {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const end = text.indexOf("\n", at) === -1 ? text.length : text.indexOf("\n", at);
  const from = Math.max(start, at - 50);
  return { line: text.slice(from, Math.min(end, at + 20)), before: text.slice(from, at) };
}

function advice(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return `Nothing is written null: coldframe send <key> null`;
  if (/^'.*'$/s.test(trimmed))
    return `JSON puts text in double quotes: '${JSON.stringify(trimmed.slice(1, -1))}'`;
  if (/^[\p{L}\d _.:/-]+$/u.test(trimmed))
    return `Text needs double quotes, and those need single ones for the shell: '${JSON.stringify(trimmed)}'`;
  return `Shells take quotes away; put single ones around the whole: '{"yes": true}'`;
}
