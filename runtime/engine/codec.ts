/** Outcomes of steps and runs as text. What cannot be saved becomes an error that says so, never silence. */
import { encodeValue, type WriterOptions } from "../snapshot/index.ts";
import { StepError } from "./signals.ts";
import type { Arrival } from "./store.ts";
import { StepArrival } from "./turn-record.ts";

export const UNDEFINED: string = /* @__PURE__ */ encodeValue(undefined);

/** How much of its message is kept of an error that is too large. */
const MESSAGE_KEPT = 200;

/** An outcome as it is recorded. A value that cannot be saved, or is too large, becomes the CF2101 or CF2104 that says so. */
export function encodeOutcome(
  wait: number,
  threw: boolean,
  value: unknown,
  what: string,
  options?: WriterOptions,
): Arrival {
  if (threw) return new StepArrival(wait, threw, encodeError(value, options));
  try {
    return new StepArrival(wait, threw, encodeValue(value, options, what));
  } catch (error) {
    return new StepArrival(wait, true, encodeError(error, options));
  }
}

/**
 * An error as text. One of a class that no build knows by name keeps its name, message and stack, and of its properties what can be
 * saved; for the others a text says what was there.
 */
export function encodeError(error: unknown, options?: WriterOptions): string {
  try {
    return encodeValue(error, options);
  } catch {}
  try {
    return encodeValue(plainError(error, options, new Map()), options);
  } catch {
    // Too large as it is.
    const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", error];
    const short = (text: unknown) => String(text).slice(0, MESSAGE_KEPT);
    return encodeValue(new StepError(short(name), `${short(message)}…`));
  }
}

function plainError(
  error: unknown,
  options: WriterOptions | undefined,
  seen: Map<unknown, unknown>,
): unknown {
  if (!(error instanceof Error)) return savable(error, options, seen);
  const known = seen.get(error);
  if (known !== undefined) return known;
  const { name, message, stack } = error;
  const copy = new StepError(String(name), String(message));
  seen.set(error, copy);
  if (typeof stack === "string") copy.stack = stack;
  for (const key of Reflect.ownKeys(error)) {
    if (key === "name" || key === "message" || key === "stack") continue;
    const found = Object.getOwnPropertyDescriptor(error, key)!;
    const value = "value" in found ? found.value : undefined;
    Object.defineProperty(copy, key, {
      value:
        Array.isArray(value) && key === "errors"
          ? value.map((one) => savable(one, options, seen))
          : savable(value, options, seen),
      writable: true,
      enumerable: found.enumerable === true,
      configurable: true,
    });
  }
  return copy;
}

function savable(value: unknown, options: WriterOptions | undefined, seen: Map<unknown, unknown>): unknown {
  try {
    encodeValue(value, options);
    return value;
  } catch {
    if (value instanceof Error) return plainError(value, options, seen);
    const { constructor } = Object(value) as { constructor?: { name?: string } };
    return `‹${constructor?.name || typeof value}, not saved›`;
  }
}
