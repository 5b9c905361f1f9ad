/** Outcomes of steps and runs as text. What cannot be saved becomes an error that says so, never silence. */
import { encodeValue, type WriterOptions } from "../snapshot/index.ts";
import { StepError } from "./signals.ts";
import type { Arrival } from "./store.ts";
import { StepArrival } from "./turn-record.ts";

export const UNDEFINED: string = /* @__PURE__ */ encodeValue(undefined);

/** An outcome as it is recorded. A value that cannot be saved becomes the CF2101 that says so. */
export function encodeOutcome(
  wait: number,
  threw: boolean,
  value: unknown,
  options?: WriterOptions,
): Arrival {
  if (threw) return new StepArrival(wait, threw, encodeError(value));
  try {
    return new StepArrival(wait, threw, encodeValue(value, options));
  } catch (error) {
    return new StepArrival(wait, true, encodeError(error));
  }
}

/** An error as text. One of a class that no build knows by name keeps its name, message and stack. */
export function encodeError(error: unknown): string {
  try {
    return encodeValue(error);
  } catch {
    const { name, message, stack } = error as Partial<Error>;
    const copy = new StepError(String(name ?? "Error"), String(message ?? error));
    if (typeof stack === "string") copy.stack = stack;
    return encodeValue(copy);
  }
}
