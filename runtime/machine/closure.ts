/**
 * The stamp that makes a native function savable: its code, its scope records and the run that made it.
 *
 * A class whose constructor returns its argument puts private fields on any object. They are invisible to reflection
 * and cost nothing when the function is called; a WeakMap costs ten times as much to fill.
 */

import type { Code } from "../../abi/index.ts";
import { registry } from "./registry.ts";
import { machine, type Run } from "./run.ts";
import { Same } from "./same.ts";

export interface StampValue {
  readonly code: Code;
  readonly scopes: readonly object[];
  /** Null: made outside any run, belongs to all. */
  readonly run: Run | null;
}

class Stamps extends Same {
  #code: Code;
  /** The scope record; an array of them unless there is exactly one, which saves most closures an array. */
  #scopes: object | readonly object[];
  #run: Run | null;
  constructor(f: object, code: Code, scopes: object | readonly object[], run: Run | null) {
    super(f);
    this.#code = code;
    this.#scopes = scopes;
    this.#run = run;
  }
  static read(f: object): StampValue | undefined {
    if (!(#code in f)) return undefined;
    const scopes = f.#scopes;
    return { code: f.#code, scopes: Array.isArray(scopes) ? scopes : [scopes], run: f.#run };
  }
  static run(f: object): Run | null {
    return #code in f ? f.#run : null;
  }
  static has(f: object): boolean {
    return #code in f;
  }
}

// Two copies of the runtime read each other's stamps: the class of the first is used by both.
registry.stamps ??= Stamps;
const Shared = registry.stamps as typeof Stamps;

/** Stamps `f`, made by the factory of `code` over `scopes`, as a closure of the current run. Returns `f`. */
export function $closure<F extends object>(f: F, code: Code, scopes: readonly object[]): F {
  new Shared(f, code, scopes.length === 1 ? scopes[0]! : scopes, machine.run);
  return f;
}

/** The same over a single scope record. */
export function $closureOver<F extends object>(f: F, code: Code, scope: object): F {
  new Shared(f, code, scope, machine.run);
  return f;
}

/** As `$closure`, for a run that need not be current: what a restore uses. */
export function stamp<F extends object>(f: F, code: Code, scopes: readonly object[], run: Run | null): F {
  new Shared(f, code, scopes.length === 1 ? scopes[0]! : scopes, run);
  return f;
}

/** What `f` is, if it is a closure of marked code or a savable built-in function. */
export function stampOf(f: object): StampValue | undefined {
  return Shared.read(f);
}

export function isStamped(f: unknown): boolean {
  return typeof f === "function" && Shared.has(f);
}

/** The run that made `f`; null for functions at module level, unmarked ones and those made outside any run. */
export function runOf(f: object): Run | null {
  return Shared.run(f);
}
