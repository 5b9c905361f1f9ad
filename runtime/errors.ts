/**
 * Every error of the runtime: `CF2xxx` while a run advances, `CF3xxx` for stores and operation.
 * A code is never reused. Each has a page `docs/errors/CFxxxx.md` and a test that provokes it.
 */
export const errors = {
  CF2001: "this function was not compiled",
  CF2002: "a value of one run was used in another",
  CF2003: "an uncompiled function awaits an external call",
  CF2101: "a value cannot be saved",
  CF2102: "the snapshot is damaged",
  CF2103: "the snapshot cannot be carried on by this build",
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
