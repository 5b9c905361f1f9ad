/**
 * Where a run meets its host: external waits are made and delivered, functions are started, steps are called.
 */
import { ColdframeError } from "../errors.ts";
import { Durable, FULFILLED, PENDING, REJECTED, type Wait } from "./durable.ts";
import { loading, registry, type Step } from "./registry.ts";
import { inRun, machine, type Run } from "./run.ts";
import { settle } from "./settle.ts";
import { trace } from "./stack.ts";

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/**
 * A promise that only `deliver` settles.
 * @param wait `wait.id` is `run.nextId++`, taken by the caller so that it can derive keys from it first
 */
export function external(run: Run, wait: Wait): Durable {
  const promise = new Durable(run, null);
  promise.wait = wait;
  run.waits.set(wait.id, promise);
  return promise;
}

/**
 * Settles an external wait. The run does not go on before it is drained, so that several can be delivered together.
 * @returns false when there is no such wait any more
 */
export function deliver(run: Run, id: number, outcome: Outcome): boolean {
  const promise = run.waits.get(id);
  if (promise === undefined) return false;
  run.waits.delete(id);
  promise.wait = null;
  if (promise.state !== PENDING) return false;
  if (outcome.ok) settle(promise, FULFILLED, outcome.value);
  else {
    trace(outcome.error, promise);
    settle(promise, REJECTED, outcome.error);
  }
  return true;
}

/**
 * Calls the marked async function `f` as the root of `run`, then drains the run.
 * @throws ColdframeError CF2001 when `f` was not compiled; the run has then ended
 */
export function start(run: Run, f: (...args: never[]) => unknown, args: readonly unknown[]): Durable {
  return inRun(run, () => {
    // Nothing but the queue is below the root: it has the top from the beginning. Under an observer nobody has it.
    machine.next = machine.observer === null ? f : null;
    const root: unknown = Reflect.apply(f, undefined, args);
    machine.next = machine.top = null;
    if (!(root instanceof Durable) || root.run !== run) {
      run.ended = true;
      throw new ColdframeError(
        "CF2001",
        `"${f.name}" returned no task. Put "use workflow" into it, and see that its file goes through the compiler`,
      );
    }
    run.root = root;
    return root;
  });
}

/**
 * Makes an external call of a function. In a hosted run the host takes it over; elsewhere the function itself is called.
 * @param id `module#path`, with `~hash` when the module has several of that path
 * @param name the author's name of the function
 * @param hash of its text, when it stands in another function: what was saved while it was one of several finds it
 */
export function $step<A extends unknown[], R>(
  id: string,
  name: string,
  body: (...args: A) => R,
  hash?: string,
): (...args: A) => R {
  return named(registerStep(id, name, body as never, hash), name, body.length) as never;
}

/** The function that calls the step, found by its name: a snapshot refers to it so. */
function named(step: Step, name: string, length: number) {
  const f = calling(step, name, length);
  registry.stepsByFunction.set(f, step);
  loading().names.set(f, step.id);
  step.call ??= f as never;
  return f;
}

/**
 * The same of a function that uses variables of a function around it. They are its first argument, as they are at the call.
 * @param length of the author's function
 * @param factory gives the body, for these variables
 * @returns makes the function for a place where it stands; `variables` reads them
 */
export function $stepOver(
  id: string,
  name: string,
  length: number,
  factory: (variables: object) => (...args: unknown[]) => unknown,
  hash?: string,
): (variables: () => object) => (...args: unknown[]) => unknown {
  const body = (variables: object, ...args: unknown[]) => factory(variables)(...args);
  const step = registerStep(id, name, body as never, hash);
  return (variables) => calling(step, name, length, variables);
}

function calling(step: Step, name: string, length: number, variables?: () => object) {
  const f = function (this: unknown, ...args: unknown[]): unknown {
    if (step.method) args.unshift(this);
    try {
      if (variables) args.unshift(variables());
    } catch (error) {
      // One that is in its dead zone: natively the body meets it.
      return Promise.reject(error);
    }
    const { run } = machine;
    if (run === null || run.host === null) return registry.callFreely(step.body, this, args);
    return run.host.callStep(run, step, args);
  };
  return Object.defineProperties(f, { name: { value: name }, length: { value: length } });
}

function registerStep(id: string, name: string, body: Step["body"], hash?: string): Step {
  const { steps } = loading();
  const step: Step = (!registry.hot && steps.get(id)) || { id, name, body, options: undefined };
  steps.set(id, step);
  if (hash) steps.set(`${id}~${hash}`, step);
  return step;
}

/**
 * Makes a method, which stays in its class, an external call. `this` in a static one is the class; in one of an instance it is the
 * first of the arguments: a copy, or what the process of the step has by that name. Returns nothing.
 * @param holder the class, or its `prototype`
 */
export function $stepMethod(holder: object, key: string, id: string): void {
  const method = (holder as { readonly [key: string]: (...args: unknown[]) => unknown })[key]!;
  const isStatic = typeof holder === "function";
  const step = registerStep(id, key, isStatic ? method.bind(holder) : method.call.bind(method));
  step.method = !isStatic;
  Object.defineProperty(holder, key, { value: named(step, key, method.length) });
}
