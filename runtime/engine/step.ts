/** `step()`: an external call with options. The compiler turns it into `$step`; here it is what uncompiled code gets. */
import { ColdframeError } from "../errors.ts";
import { machine } from "../machine/index.ts";
import { attemptStep } from "./attempt.ts";
import { freeWorld } from "./free.ts";
import { backoff, type Policy, policyOf, type StepOptions } from "./retry.ts";

/**
 * Makes an external call of a function, as `"use step"` does, with options.
 * @throws ColdframeError CF2301, CF2302 for wrong options; the function it returns throws CF2001 when a run calls it
 *   and its file was not compiled
 */
export function step<A extends unknown[], R>(
  body: (...args: A) => R,
  options?: StepOptions,
): (...args: A) => Promise<Awaited<R>> {
  const policy = policyOf(body.name, options);
  return function (this: unknown, ...args: A) {
    if (machine.run !== null && machine.run.host !== null) {
      throw new ColdframeError(
        "CF2001",
        `step("${body.name}") was made in a file that did not go through the compiler, so that a run cannot record its result`,
      );
    }
    return callFreely(() => Reflect.apply(body, this, args), policy) as Promise<Awaited<R>>;
  };
}

let calls = 0;

/** Outside any run: the same policy, in this process. */
async function callFreely(body: () => unknown, policy: Policy): Promise<unknown> {
  const key = `local/${++calls}`;
  for (let attempt = 1; ; attempt++) {
    const controller = new AbortController();
    const context = { key, attempt, signal: controller.signal, fence: 0 };
    try {
      return await attemptStep(body, context, controller, policy, freeWorld.clock);
    } catch (error) {
      const wait = backoff(policy, attempt, error, Math.random());
      if (wait === null) throw error;
      await freeWorld.sleep(wait);
    }
  }
}
