/** What a seal is: a way there and back for bytes. */
import { ColdframeError } from "../../runtime/errors.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** A step of the way of a text into the store and back. */
export interface Seal {
  /** Stands before the sealed text: letters, digits, dots and hyphens. Change it together with the form of the bytes. */
  readonly name: string;
  /**
   * @param context where the text belongs: bytes that `open` gets again. Whoever authenticates the text has to include them.
   * @throws whatever: the write is tried again later, as when the database fails
   */
  seal(bytes: Bytes, context: Bytes): Promise<Bytes>;
  /** @throws ColdframeError CF2202 when the key is not known, CF2203 when bytes or context are not those of `seal` */
  open(bytes: Bytes, context: Bytes): Promise<Bytes>;
}

/** CF2203 with what was found. */
export function changed(detail: string, cause?: unknown): ColdframeError {
  return new ColdframeError("CF2203", detail, cause === undefined ? undefined : { cause });
}

/** CF2301 for an option of `owner`. */
export function wrongOption(owner: string, option: string, expected: string): ColdframeError {
  return new ColdframeError("CF2301", `${owner}: "${option}" must be ${expected}`);
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
