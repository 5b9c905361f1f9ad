/**
 * Columns of many rows as parameters. Clients make the text of an array element by element, which costs more than all else
 * that a turn does on its way to the server; these take one pass, and texts are not escaped.
 */

/** Stands between texts. No snapshot holds it: JSON escapes control characters. */
export const SEPARATOR = "\u001e";

/** An array of numbers, at least one, as Postgres writes it. */
export function numbers<T>(rows: readonly T[], of: (row: T) => number): string {
  let text = `{${of(rows[0]!)}`;
  for (let i = 1; i < rows.length; i++) text += `,${of(rows[i]!)}`;
  return `${text}}`;
}

/** Texts with the separator between them, for `string_to_array`. At least one; none of them holds a separator. */
export function texts<T>(rows: readonly T[], of: (row: T) => string): string {
  let text = of(rows[0]!);
  for (let i = 1; i < rows.length; i++) text += SEPARATOR + of(rows[i]!);
  return text;
}
