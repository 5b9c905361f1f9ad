/** `--at n`: which park of a run is meant; and who is at the keyboard. */
import { hostname, userInfo } from "node:os";
import type { ArgDef } from "citty";
import { ColdframeError } from "../runtime/errors.ts";

/** @throws ColdframeError CF3201 */
export function atOption(text: string | undefined): { readonly at?: number } {
  if (text === undefined) return {};
  if (!/^-?[1-9]\d{0,8}$/.test(text))
    throw new ColdframeError(
      "CF3201",
      `--at ${text}: the number of a turn, as coldframe history lists them, or -1, -2 … for parks before the present one.`,
    );
  return { at: Number(text) };
}

export const AT: ArgDef = {
  type: "string",
  valueHint: "turn",
  description: "a turn, as history lists them, or -3: three back",
};

/** For the journal: `ann@desk`. */
export function user(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A process of a user that has no name.
    return "";
  }
}
