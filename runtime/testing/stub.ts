/** Another body for a step, for as long as a test needs it. */
import { wrongOption } from "../errors.ts";
import { registry } from "../machine/index.ts";

export interface Stub<A extends readonly unknown[]> {
  /** Arguments of each execution so far. */
  readonly calls: readonly A[];
  /** Gives the step its own body back. */
  restore(): void;
  [Symbol.dispose](): void;
}

/**
 * From now on the step executes `body`, in runs and outside of them; retries, timeouts and recording stay those of the step. Of a method
 * it gets the `this`.
 * @param step a function with `"use step"` in a compiled file, or what `step()` returned
 * @throws ColdframeError CF2301 when `step` is none
 */
export function stub<A extends unknown[], R>(
  step: (...args: A) => Promise<R>,
  body: (...args: A) => R | Promise<R>,
): Stub<A> {
  const made = typeof step === "function" ? registry.stepsByFunction.get(step) : undefined;
  if (made === undefined) {
    throw wrongOption("stub()", "step", step, 'a compiled function with "use step", or what step() returned');
  }
  if (typeof body !== "function") throw wrongOption("stub()", "body", body, "a function");
  const own = made.body;
  const calls: A[] = [];
  const call = (self: unknown, args: A): unknown => {
    calls.push(args);
    return Reflect.apply(body, self, args);
  };
  const instead = made.method
    ? (self: unknown, ...args: A) => call(self, args)
    : (...args: A) => call(undefined, args);
  made.body = instead;
  const restore = () => {
    if (made.body === instead) made.body = own;
  };
  return { calls, restore, [Symbol.dispose]: restore };
}
