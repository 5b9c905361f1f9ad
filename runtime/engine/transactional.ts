/**
 * `transactional()`: a step whose effects are in the database that the store is in. Its body gets a transaction, and what it writes
 * there is committed together with its outcome: exactly once, whatever dies when.
 */
import { ColdframeError, wrongOption } from "../errors.ts";
import { machine, type Step } from "../machine/index.ts";
import { isInTransaction } from "./attempt.ts";
import { copyOf } from "./inline-transaction.ts";
import { policyOf, type StepOptions } from "./retry.ts";
import { makeStep } from "./step.ts";

export interface TransactionOptions<T> {
  /**
   * Begins a transaction, calls `use` with it, and commits: what is done where no run calls it, as in unit tests and in uncompiled
   * programs. Default: it throws CF2309 there.
   */
  readonly outside?: (use: (tx: T) => Promise<unknown>) => Promise<unknown>;
}

export interface TransactionalOptions<T> extends Omit<StepOptions, "onUnknown">, TransactionOptions<T> {}

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
  const owner = body.name === "" ? "transactional()" : `transactional step "${body.name}"`;
  checkOutside(owner, outside);
  if ("onUnknown" in rest)
    throw wrongOption(owner, "onUnknown", rest.onUnknown, "left out: what it did is always known");
  const made: Step = { id: "", name: body.name, body: body as never, options: rest, transactional: true };
  const freely = (...args: A): Promise<unknown> =>
    useOutside(made.name, outside, async (tx) => (made.body as unknown as typeof body)(tx, ...args));
  return makeStep<A, R>(made, policyOf(body.name, rest), () => {
    checkAlone(made.name);
    return freely as unknown as Step["body"];
  });
}

/**
 * Carries out a function with a transaction, in a workflow: a transactional step that is written where it is called. What it shares
 * with the code around it are its arguments, copied at the call.
 * @param body gets the transaction. When it throws, all of it is undone, and so does the promise. It may be called more than once
 * @returns what it returns, as a copy
 * @throws ColdframeError CF2309 where there is no transaction, CF2310 for a function that is not written in a workflow, or changes
 *   what it shares with it, CF2101 when that cannot be copied, CF3111 when the store has no transactions
 */
export function transaction<T, R>(
  body: (tx: T) => R,
  options: TransactionOptions<T> = {},
): Promise<Awaited<R>> {
  const name = body.name || "transaction";
  const { outside } = options;
  checkOutside(`transaction "${name}"`, outside);
  const { run } = machine;
  if (run !== null && run.host !== null) {
    const { id, args } = copyOf(body as (tx: unknown) => unknown);
    const called: Step = {
      id,
      name: "transaction",
      body: body as never,
      options: undefined,
      transactional: true,
    };
    return run.host.callStep(run, called, args) as unknown as Promise<Awaited<R>>;
  }
  checkAlone(name);
  return useOutside(name, outside, async (tx) => body(tx)) as Promise<Awaited<R>>;
}

function checkOutside(owner: string, outside: unknown): void {
  if (outside !== undefined && typeof outside !== "function")
    throw wrongOption(owner, "outside", outside, "a function");
}

/** @throws ColdframeError CF2309 in the body of a transactional step */
function checkAlone(name: string): void {
  if (!isInTransaction()) return;
  throw new ColdframeError(
    "CF2309",
    `"${name}" is called by another transactional step, and would commit by itself. Make what they share a function that takes tx`,
  );
}

async function useOutside<T>(
  name: string,
  outside: TransactionOptions<T>["outside"],
  body: (tx: T) => Promise<unknown>,
): Promise<unknown> {
  if (outside === undefined)
    throw new ColdframeError(
      "CF2309",
      `"${name}" is called by no run. Give it { outside } to say how it gets a transaction then, or call its function with one`,
    );
  let result: unknown;
  await outside(async (tx) => {
    result = await body(tx);
    return result;
  });
  return result;
}
