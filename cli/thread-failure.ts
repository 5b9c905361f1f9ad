/** Errors of threads, as their process throws them: what crosses is a copy, of no class. */
import { ColdframeError, type ErrorCode, errors } from "../runtime/errors.ts";

export interface Failed {
  readonly kind: "failed";
  readonly message: string;
  readonly code: string | null;
}

/** In the thread. */
export function failed(error: unknown): Failed {
  const { message, code } = error as { message?: string; code?: string };
  return { kind: "failed", message: message ?? String(error), code: code ?? null };
}

/** The error of a thread, as if it had been thrown here. */
export function failureOf({ message, code }: Failed): Error {
  if (code === null || !(code in errors)) return new Error(message);
  const title = `${code} ${errors[code as ErrorCode]}: `;
  return new ColdframeError(
    code as ErrorCode,
    message.startsWith(title) ? message.slice(title.length) : message,
  );
}
