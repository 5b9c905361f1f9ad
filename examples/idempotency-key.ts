import { stepContext } from "coldframe";

/** The key of the step that is being called; none when the file runs uncompiled, since plain Node repeats nothing. */
export function idempotencyKey(): string {
  try {
    return stepContext().key;
  } catch {
    return "";
  }
}
