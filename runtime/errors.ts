/**
 * Every error of the runtime: `CF2xxx` while a run advances, `CF3xxx` for stores and operation.
 * A code is never reused. Each has a page `docs/errors/CFxxxx.md` and a test that provokes it.
 */
export const errors = {
  CF2001: "this function was not compiled",
  CF2002: "a value of one run was used in another",
  CF2003: "an uncompiled function awaits an external call",
  CF2004: "one name stands for two different functions",
  CF2005: "a function of a run was called after the run had ended",
  CF2101: "a value cannot be saved",
  CF2102: "the snapshot is damaged",
  CF2103: "the snapshot cannot be carried on by this build",
  CF2301: "an option is unknown or has a wrong value",
  CF2302: "a duration or date cannot be read",
  CF2303: "a step is not loaded in this process",
  CF2304: "a function is not loaded in this process",
  CF2305: "nothing can wake this run",
  CF2306: "there is no step here",
  CF2307: "a value does not fit its schema",
  CF3001: "this file is not a database of coldframe",
  CF3002: "the database was written by a newer version of coldframe",
  CF3003: "the database is read-only",
  CF3004: "the database is locked",
  CF3005: "the database cannot be opened",
  CF3006: "the database failed",
  CF3101: "there is no such run",
  CF3102: "there is no such event key",
  CF3103: "an id or key cannot be used",
  CF3104: "the engine is closed",
  CF3105: "no step to mend",
  CF3106: "the run cannot be cloned",
  CF3201: "the command line cannot be understood",
  CF3202: "the payload is not JSON",
  CF3203: "there is no such file",
} as const;

export type ErrorCode = keyof typeof errors;

/** An error of coldframe: `code` names its page in `docs/errors/`, the message quotes the user's code and says what to do. */
export class ColdframeError extends Error {
  readonly code: ErrorCode;
  /** @param detail what happened to which of the user's values, and what to do; the title of the code stands before it */
  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code} ${errors[code]}${detail === "" ? "" : `: ${detail}`}`, options);
    this.name = "ColdframeError";
    this.code = code;
  }
}
