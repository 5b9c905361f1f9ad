/**
 * Every error of the runtime: `CF2xxx` while a run advances, `CF3xxx` for stores and operation.
 * A code is never reused. Each has a page `docs/errors/CFxxxx.md` and a test that provokes it.
 */
export const errors = {
  CF2001: "this function was not compiled, or has no name",
  CF2002: "a value of one run was used in another",
  CF2003: "an uncompiled function awaits an external call",
  CF2004: "one name stands for two different functions",
  CF2005: "a function of a run was called after the run had ended",
  CF2006: "there are two copies of coldframe in the process",
  CF2101: "a value cannot be saved",
  CF2102: "the snapshot is damaged",
  CF2103: "the snapshot cannot be carried on by this build",
  CF2104: "a value is too large",
  CF2201: "a stored text is not sealed as this process opens it",
  CF2202: "a stored text was sealed with a key that is not here",
  CF2203: "a sealed text is not as it was written",
  CF2301: "an option is unknown or has a wrong value",
  CF2302: "a duration or date cannot be read",
  CF2303: "a step is not loaded in this process",
  CF2304: "a function is not loaded in this process",
  CF2305: "nothing can wake this run",
  CF2306: "there is no step here",
  CF2307: "a value does not fit its schema",
  CF2308: "the run takes its workers down",
  CF2309: "there is no transaction here",
  CF2310: "a function cannot be carried out as a transaction",
  CF2401: "migrations or renames contradict each other",
  CF2402: "a migration leads to no suspend point",
  CF2403: "a migration failed",
  CF2404: "the build of the run is not here",
  CF3001: "this file is not a database of coldframe",
  CF3002: "the database was written by a newer version of coldframe",
  CF3003: "the database is read-only",
  CF3004: "the database is locked",
  CF3005: "the database cannot be opened",
  CF3006: "the database failed",
  CF3010: "the database server cannot be reached",
  CF3011: "the database server refuses this user",
  CF3012: "no connection to the database is free",
  CF3013: "the database took too long",
  CF3014: "this schema is not one of coldframe",
  CF3015: "the driver of the database is not installed",
  CF3016: "the database server is too old",
  CF3101: "there is no such run",
  CF3102: "there is no such event key",
  CF3103: "an id or key cannot be used",
  CF3104: "the engine is closed",
  CF3105: "no step to mend",
  CF3106: "the run cannot be cloned",
  CF3107: "there is no such schedule",
  CF3108: "the transaction is over",
  CF3109: "the transaction took too long",
  CF3110: "this is no transaction of the store",
  CF3111: "the store has no transactions for users",
  CF3112: "another list of databases",
  CF3113: "a transaction of another database",
  CF3114: "not between databases",
  CF3120: "no such park is kept",
  CF3121: "the run cannot go on from this park",
  CF3122: "the run does not stand still",
  CF3123: "there is no such local",
  CF3124: "a value cannot be the local's",
  CF3201: "the command line cannot be understood",
  CF3202: "the payload is not JSON",
  CF3203: "there is no such file",
  CF3301: "the lock file cannot be read",
  CF3302: "the lock file belongs to another project",
  CF3303: "two functions have one id",
  CF3304: "a package is missing",
  CF3305: "nobody waits for a marked function",
  CF3306: "a native promise is awaited beside an external wait",
  CF3307: "a migration does not fit the types",
  CF3401: "the HTTP handler was not told who may use it",
  CF3402: "the request does not say who sends it",
  CF3403: "the request is not allowed",
  CF3404: "there is nothing at this address",
  CF3405: "the method is not possible here",
  CF3406: "the request cannot be understood",
  CF3407: "the request is too large",
  CF3408: "the content type is not understood",
  CF3409: "a run of this id was started otherwise",
  CF3410: "the run of this event key has ended",
  CF3411: "the server cannot do this now",
  CF3412: "the server failed",
  CF3413: "the body was read before the handler got the request",
  CF3501: "there is no such kept build",
  CF3502: "a kept build cannot be used",
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

/** @throws ColdframeError CF2301 when `options` has a key that is not in `known` */
export function checkOptions(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new ColdframeError("CF2301", `${owner} takes an object of options, and got ${String(options)}`);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new ColdframeError("CF2301", `${owner} has no option "${key}". It knows: ${known.join(", ")}`);
  }
}

/** @throws ColdframeError CF2301 */
export function wrongOption(owner: string, option: string, value: unknown, expected: string): ColdframeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new ColdframeError("CF2301", `${owner}: "${option}" is ${shown}, but must be ${expected}`);
}
