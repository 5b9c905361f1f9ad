/**
 * What explicit resource management needs where the engine lacks it: `SuppressedError`, `Symbol.dispose`, `Symbol.asyncDispose`.
 *
 * The symbols are properties of the global `Symbol`, as Node 20 itself has them: marked and unmarked code must mean the same ones.
 */
for (const name of ["dispose", "asyncDispose"] as const) {
  if (typeof Symbol[name] !== "symbol")
    Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

/** Taken before anybody can replace them. */
export const { asyncDispose, dispose } = Symbol;

interface SuppressedErrorConstructor {
  new (error: unknown, suppressed: unknown, message?: string): SuppressedErrorLike;
  (error: unknown, suppressed: unknown, message?: string): SuppressedErrorLike;
  readonly prototype: SuppressedErrorLike;
}

export interface SuppressedErrorLike extends Error {
  error: unknown;
  suppressed: unknown;
}

/** The SuppressedError constructor (explicit resource management proposal, §20.5.8.1). */
function SuppressedError(error: unknown, suppressed: unknown, message?: string): Error {
  const Target = (new.target ?? SuppressedError) as unknown as typeof Error;
  const made = Reflect.construct(Error, message === undefined ? [] : [message], Target) as Error;
  define(made, { error, suppressed });
  return made;
}

function define(object: object, properties: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(properties))
    Object.defineProperty(object, key, { value, writable: true, configurable: true });
}

Object.setPrototypeOf(SuppressedError, Error);
Object.setPrototypeOf(SuppressedError.prototype, Error.prototype);
define(SuppressedError.prototype, { name: "SuppressedError", message: "" });
Object.defineProperty(SuppressedError, "prototype", { writable: false });
Object.defineProperty(SuppressedError, "length", { value: 3 });

/** The engine's own where it has one. */
export const $SuppressedError = (Reflect.get(globalThis, "SuppressedError") ??
  SuppressedError) as SuppressedErrorConstructor;
