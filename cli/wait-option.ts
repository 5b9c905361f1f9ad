/** `--wait n`: which of several waits of a run is meant. */
import { ColdframeError } from "../runtime/errors.ts";

/** @throws ColdframeError CF3201 */
export function waitOption(text: string | undefined): { readonly wait?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,15}$/.test(text))
    throw new ColdframeError("CF3201", `--wait ${text}: a number, as coldframe show tells it.`);
  return { wait: Number(text) };
}
