/**
 * What compiled code checks when it uses a variable whose binding may not be initialised, or not be written.
 */
import { TDZ } from "../../abi/index.ts";

/**
 * @returns `value`
 * @throws ReferenceError while the binding called `name` is in its temporal dead zone
 */
export function $tdz<T>(value: T, name: string): T {
  if (value === (TDZ as unknown)) throw new ReferenceError(`Cannot access '${name}' before initialization`);
  return value;
}

/** @throws TypeError always: `name` is a constant */
export function $const(_name: string): never {
  throw new TypeError("Assignment to constant variable.");
}

/**
 * `this` of a derived constructor, where an arrow function uses it.
 * @param bound of a constructor whose class has initialisers: they run when `this` is bound, and before it is in the scope record
 * @throws ReferenceError before `super()` has returned
 */
export function $receiver<T>(value: T, bound?: () => T): T {
  if (value !== (TDZ as unknown)) return value;
  if (bound) return bound();
  throw new ReferenceError(
    "Must call super constructor in derived class before accessing 'this' or returning from derived constructor",
  );
}
