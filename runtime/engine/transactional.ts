/**
 * `transactional()`: a step whose effects are in the database that the store is in. Its body gets a transaction, and what it writes
 * there is committed together with its outcome: exactly once, whatever dies when.
 */
import { ColdframeError } from "../errors.ts";
import type { Step } from "../machine/index.ts";
import { isInTransaction } from "./attempt.ts";
import { wrongOption } from "./options.ts";
import { policyOf, type StepOptions } from "./retry.ts";
import { makeStep } from "./step.ts";

export interface TransactionalOptions<T> extends Omit<StepOptions, "onUnknown"> {
  /**
   * Begins a transaction, calls `use` with it, and commits: what the step does where no run calls it, as in unit tests and in
   * uncompiled programs. Default: it throws CF2309 there.
   */
  readonly outside?: (use: (tx: T) => Promise<unknown>) => Promise<unknown>;
}

/**
 * Makes a step of a function that writes to tables of the user. Like `step()` otherwise: top-level `const`, options, copies.
 * @param body gets the transaction, whose form the store says, then the arguments. When it throws, all of it is undone, and the
 *   attempt has failed
 * @throws ColdframeError CF2301, CF2302 for wrong options; the function it returns throws CF2309 where there is no transaction, and
 *   rejects with CF3111 when the store has none
 */
export function transactional<T, A extends unknown[], R>(
  body: (tx: T, ...args: A) => R,
  options: TransactionalOptions<T> = {},
): (...args: A) => Promise<Awaited<R>> {
  const { outside, ...rest } = options;
  const owner = `transactional step "${body.name}"`;
  if (outside !== undefined && typeof outside !== "function")
    throw wrongOption(owner, "outside", outside, "a function");
  if ("onUnknown" in rest)
    throw wrongOption(owner, "onUnknown", rest.onUnknown, "left out: what it did is always known");
  const made: Step = { id: "", name: body.name, body: body as never, options: rest, transactional: true };
  const freely = async (...args: A): Promise<unknown> => {
    if (outside === undefined)
      throw new ColdframeError(
        "CF2309",
        `"${made.name}" is called by no run. Give it { outside } to say how it gets a transaction then, or call its function with one`,
      );
    let result: unknown;
    await outside(async (tx) => {
      result = await (made.body as unknown as typeof body)(tx, ...args);
      return result;
    });
    return result;
  };
  return makeStep<A, R>(made, policyOf(body.name, rest), () => {
    if (!isInTransaction()) return freely as unknown as Step["body"];
    throw new ColdframeError(
      "CF2309",
      `"${made.name}" is called by another transactional step, and would commit by itself. Make what they share a function that takes tx`,
    );
  });
}
