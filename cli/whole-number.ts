/** Numbers on the command line. */
import { ColdframeError } from "../runtime/errors.ts";

/** @throws ColdframeError CF3201 unless `text` is a whole number from 1 to `most` */
export function whole(option: string, text: string, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new ColdframeError("CF3201", `--${option} ${text}: a number from 1 to ${most}.`);
}
