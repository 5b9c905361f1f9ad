/**
 * Texts that this process cannot read, as `docs/sealing.md` has them. What wrote or opened them stands above the store;
 * here is only what a reader must know to say why.
 *
 * | text                    | stands for                                                            |
 * |-------------------------|-----------------------------------------------------------------------|
 * | `sealed NAMES BASE64`   | a text that was sealed by these seals, the outermost last              |
 * | `unopened CODE DETAIL`  | one that could not be opened: whoever reads it gets this error instead |
 *
 * Neither is JSON.
 */
import { ColdframeError, type ErrorCode, errors } from "../errors.ts";

const SEALED = /^sealed ([\w.+-]+) /;
const UNOPENED = /^unopened (CF\d{4}) /;

/** Names of the seals of a text, joined by `+`; null when it is not sealed. */
export function sealsOf(text: string): string | null {
  return text.startsWith("sealed ") ? (SEALED.exec(text)?.[1] ?? null) : null;
}

/** What stands for a text that could not be opened. */
export function unopened({ code, message }: ColdframeError): string {
  return `unopened ${code} ${message.slice(`${code} ${errors[code]}: `.length)}`;
}

/** Why a text cannot be read, when it is one of these. */
export function unreadable(text: unknown): ColdframeError | null {
  if (typeof text !== "string") return null;
  const seals = sealsOf(text);
  if (seals !== null) {
    return new ColdframeError(
      "CF2201",
      `it was sealed with ${seals}, and this process has no seals. Give createEngine() a sealed store, or the command line --seal <module>`,
    );
  }
  const found = UNOPENED.exec(text);
  if (found === null || !(found[1]! in errors)) return null;
  return new ColdframeError(found[1] as ErrorCode, text.slice(found[0].length));
}
