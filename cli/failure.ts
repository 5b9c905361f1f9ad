/**
 * How commands end. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 the database cannot be used.
 * With `--json`, an error is one line of JSON on the error output.
 */
import { ColdframeError, type ErrorCode } from "../runtime/errors.ts";

export const exits = { ok: 0, failure: 1, usage: 2, notFound: 3, database: 4 } as const;

const byCode: Readonly<Partial<Record<ErrorCode, number>>> = {
  // What was said at the command line is checked by the engine.
  CF2301: exits.usage,
  CF2302: exits.usage,
  CF3103: exits.usage,
  CF3101: exits.notFound,
  CF3102: exits.notFound,
  CF3107: exits.notFound,
  CF3120: exits.notFound,
  CF3201: exits.usage,
  CF3202: exits.usage,
  CF3203: exits.notFound,
};

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ColdframeError)) return exits.failure;
  return byCode[error.code] ?? (/^CF30/.test(error.code) ? exits.database : exits.failure);
}

/** The text of an error for people, or one line for machines. A defect of ours comes with its stack. */
export function describeFailure(error: unknown, json: boolean): string {
  const known = error instanceof ColdframeError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const code = error instanceof ColdframeError ? error.code : null;
    return JSON.stringify({ error: { code, message, exit: exitCodeOf(error) } });
  }
  if (known || !(error instanceof Error)) return `coldframe: ${message}`;
  return `coldframe: ${error.stack ?? message}`;
}
