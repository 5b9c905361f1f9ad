/**
 * `step()`: an external call with options. Its id is the name of the top-level binding that holds it, in its own module
 * or where a marked module imports it; so it needs no compiler, but a name.
 */
import { ColdframeError } from "../errors.ts";
import { bindingOf, currentName, loaded, machine, nameOf, registry, type Step } from "../machine/index.ts";
import { FreeAttempt, noteCall } from "./attempt.ts";
import { freeWorld } from "./free.ts";
import "./held-name.ts";
import { inlineStep } from "./inline-transaction.ts";
import { backoff, type Policy, policyOf, type StepOptions } from "./retry.ts";
import { callInLine } from "./step-line.ts";

/**
 * Makes an external call of a function, as `"use step"` does, with options.
 * @throws ColdframeError CF2301, CF2302 for wrong options; the function it returns throws CF2001 when a run calls it
 *   and its file was not compiled
 */
export function step<A extends unknown[], R>(
  body: (...args: A) => R,
  options?: StepOptions,
): (...args: A) => Promise<Awaited<R>> {
  const made: Step = { id: "", name: body.name, body: body as never, options };
  return makeStep(made, policyOf(body.name, options), () => made.body);
}

/**
 * The function that calls a step.
 * @param outside what is called when there is no run
 */
export function makeStep<A extends unknown[], R>(
  made: Step,
  policy: Policy,
  outside: () => Step["body"],
): (...args: A) => Promise<Awaited<R>> {
  const f = function (this: unknown, ...args: A) {
    const { run } = machine;
    if (run === null || run.host === null) {
      return callFreely(outside(), this, args, policy) as Promise<Awaited<R>>;
    }
    const id = nameOf(f);
    if (id === undefined) {
      throw new ColdframeError(
        "CF2001",
        `${made.name === "" ? "a step" : `the step "${made.name}"`} of step() has no name that another process would find it by. Keep it in a const at the top level of a marked module, or in an object or class there, or import it from there; or write "use step" at the top of its function, which may then stand anywhere`,
      );
    }
    const called: Step = { ...made, id, name: lastOf(id) };
    const { concurrency } = policy;
    return (
      concurrency === null ? run.host.callStep(run, called, args) : callInLine(run, called, concurrency, args)
    ) as Promise<Awaited<R>>;
  };
  const { name, body, transactional } = made;
  const length = transactional === true ? Math.max(0, body.length - 1) : body.length;
  Object.defineProperties(f, { name: { value: name }, length: { value: length } });
  registry.stepsByFunction.set(f, made);
  return f;
}

/** The step of this id, if its module is loaded. */
export function findStep(id: string): Step | undefined {
  const { steps } = loaded();
  const known = steps.get(id) ?? steps.get(currentName(id));
  if (known !== undefined) return known;
  const value = bindingOf(id)?.value;
  if (typeof value !== "function") return inlineStep(id);
  const made = registry.stepsByFunction.get(value);
  return made === undefined || made.id !== "" ? made : { ...made, name: lastOf(id) };
}

/** `bank.charge` of `shop/systems.ts#bank.charge`: what people call a step. Its function may have no name, or what a minifier gave it. */
function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("#") + 1);
}

/** Outside any run: the same policy, in this process. */
async function callFreely(
  body: (...args: never[]) => unknown,
  self: unknown,
  args: unknown[],
  policy: Policy,
): Promise<unknown> {
  noteCall(body.name);
  const { clock } = freeWorld;
  const line = `step ${body.name}`;
  if (policy.concurrency !== null) await freeWorld.acquire(line, policy.concurrency);
  const end = policy.totalTimeout === null ? Number.POSITIVE_INFINITY : clock.now() + policy.totalTimeout;
  const bound = (...given: never[]) => Reflect.apply(body, self, given);
  let last = new FreeAttempt();
  try {
    for (;;) {
      try {
        return await last.call(bound, args as never[], policy, clock, end - clock.now(), body.name);
      } catch (error) {
        const wait = backoff(policy, last.attempt, error, Math.random(), end - clock.now());
        if (wait === null) throw error;
        await freeWorld.sleep(wait);
        last = new FreeAttempt(last);
      }
    }
  } finally {
    if (policy.concurrency !== null) freeWorld.release(line);
  }
}
