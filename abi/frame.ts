/**
 * What compiled code, the runtime and the checker must agree on about functions and their frames.
 * Types and constants only. `docs/abi.md` explains them with the compiled form of a function.
 */

/** Raised whenever compiled code and runtime stop understanding each other. Part of the registry's key. */
export const ABI_VERSION = 1;

/** Stands in a slot or scope record for a `let`, `const` or class binding in its temporal dead zone. */
export const TDZ: unique symbol = Symbol.for("coldframe.tdz") as never;

export type CodeKind = "async" | "sync" | "generator" | "async-generator" | "class";

/**
 * One place at which a function can be suspended. `points[0]` is the entry and never in a snapshot;
 * `points[n]` belongs to `ip === n`. The integers exist in loaded code only: snapshots name points.
 */
export interface Point {
  /** Stable name, unique in its function: the awaited callee or expression, `#2` appended for the second of the same. */
  readonly name: string;
  /** Fingerprint of the statement, the variable it feeds and the path of its enclosing statements. */
  readonly fingerprint: string;
  /** 1-based line and 0-based column of the `await` in the author's source. */
  readonly line: number;
  readonly column: number;
  /**
   * What is live here. `"ip"` is a slot of the frame; `"$s1"` is a slot that holds a scope record;
   * `"$s1.undo"` says that this frame itself may still use variable `undo` of that record.
   */
  readonly live: readonly string[];
  /**
   * By slot, for each `finally` that is under way with a pended completion: the jumps that it may carry out, beside `normal` and
   * `throw`. `return`; `break 1` and `continue 2`, of the first and second loop or switch around it; `break out` of a labelled block.
   */
  readonly exits?: Readonly<Record<string, readonly string[]>>;
  /** Set inside of a `catch` or `finally` of its function: cancelling lets that finish first. */
  readonly handler?: true;
}

/** Sorts of values that changed code must not take for each other. `object`: any that has no word of its own. */
export type ValueKind =
  | ("undefined" | "null" | "boolean" | "number" | "bigint" | "string" | "symbol")
  | ("function" | "array" | "Date" | "Map" | "Set" | "RegExp" | "object");

/**
 * A function of a marked module: enough to make it, to carry on its tasks, and to say what they hold. Compiled code has all but
 * the functions in one text (docs/abi.md §6), which is taken apart when somebody asks.
 */
export interface Code {
  /** `module#path`, e.g. `shop/flows.ts#upgradeGame.dbBranch`; anonymous functions are named by what they feed. */
  readonly id: string;
  /** Hash of the normalised source text. Equal hash: points and slots may be taken without alignment. */
  readonly hash: string;
  readonly kind: CodeKind;
  /** The author's source file, relative to its package. */
  readonly file: string;
  readonly line: number;
  /** Carries on at `task.ip`: with `value` sent, or thrown when `threw`. Null for `sync`. */
  readonly step: StepFunction | null;
  readonly points: readonly Point[];
  /** `line:column` (from 1) of the author's declarations of what its frames and scope records hold, by name. */
  readonly declared?: ReadonlyMap<string, string>;
  /** Which kinds of values those can hold that are constants with a telling initialiser, by name. */
  readonly kinds?: ReadonlyMap<string, readonly ValueKind[]>;
  /**
   * Factory over the scope records the function uses; null for functions at module level (they go by reference). That of a
   * class takes its heritage, its computed keys and whether it is made again behind them.
   */
  readonly make: ((...scopes: never[]) => (...args: never[]) => unknown) | null;
  /** For each parameter of `make`: the variables of that record which this function, or one made in it, may use. */
  readonly captures: readonly (readonly string[])[];
}

/** A plain object; the slots that are live at the point are its own data properties, named after the author's variables. */
export interface Frame {
  [slot: string]: unknown;
}
// biome-ignore lint/suspicious/noExplicitAny: parameters differ for each function; only its own wrapper passes them
export type StepFunction = (task: any, value: unknown, threw: boolean, ...args: any[]) => unknown;

/** A class of scope records: variables captured by closures, as own data properties of the author's names. */
export interface RecordSchema {
  /** `module#function.scope`, e.g. `shop/flows.ts#upgradeGame.scope` (`.scope#2` for the second). */
  readonly id: string;
  readonly Record: new () => object;
  readonly variables: readonly string[];
}
