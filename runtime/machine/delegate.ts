/**
 * `yield*` (ECMA-262 §15.5.5): what is asked of the generator is asked of the iterator that it delegates to.
 *
 * ```
 * x = yield* xs          ↦   $d = $delegate(xs); $v = undefined; $e = 0;
 *                            while ($d.resume($v, $e)) yield $d.value as it is;
 *                            if ($d.returns) return $d.value; x = $d.value
 * in an async generator  ↦   $d = $delegateAsync(xs); …
 *                            while ($d.accept(await $d.request($v, $e))) yield $d.value without awaiting it; …
 * ```
 */
import { Durable, NEXT, RETURN, type ResumeMode, THROW } from "./durable.ts";
import { $iterate, getMethod, type Iteration, isObject } from "./iterate.ts";
import { $iterateAsync, type AsyncIteration } from "./iterate-async.ts";
import { freeRun, machine } from "./run.ts";
import { reject, resolve } from "./settle.ts";

/** What an async delegation awaits: an answer to be passed on, to a `return`, or the end of an iterator that cannot do what was asked. */
export type DelegationPhase = "pass" | "return" | "no throw" | "no return";

export class Delegation {
  iteration: Iteration;
  phase: DelegationPhase = "pass";
  /** Sync: the result to be passed on, later the value; async: the value. */
  value: unknown = undefined;
  /** The delegate has ended with `return`: so does the generator. */
  returns = false;

  constructor(iteration: Iteration) {
    this.iteration = iteration;
  }

  /** Sync: asks the iterator. True: `value` is a result object to be yielded as it is; false: it is done, with `value`. */
  resume(sent: unknown, mode: ResumeMode): boolean {
    const { iteration } = this;
    if (mode === NEXT) return this.pass(step(iteration, sent), mode);
    const method = methodOf(iteration, mode === THROW ? "throw" : "return");
    if (method !== undefined)
      return this.pass(Reflect.apply(method, iteration.iterator, [sent] as never), mode);
    if (mode === RETURN) {
      this.finish(sent, true);
      return false;
    }
    iteration.done = false;
    iteration.close();
    throw noThrow();
  }

  private pass(result: unknown, mode: ResumeMode): boolean {
    if (!isObject(result)) throw notAnObject(result);
    return this.take(result, result, mode);
  }

  private take(result: object, pass: unknown, mode: ResumeMode): boolean {
    if (!(result as { done?: unknown }).done) {
      this.value = pass;
      return true;
    }
    this.finish((result as { value?: unknown }).value, mode === RETURN);
    return false;
  }

  private finish(value: unknown, returns: boolean): void {
    this.value = value;
    this.returns = returns;
  }

  /** Async: asks the iterator. Returns what to await; its outcome goes to `accept`. */
  request(sent: unknown, mode: ResumeMode): unknown {
    const iteration = this.iteration as AsyncIteration;
    this.phase = mode === RETURN ? "return" : "pass";
    if (iteration.kind === "async-from-sync") return requestSync(iteration, sent, mode);
    if (mode === NEXT) return Reflect.apply(iteration.method as never, iteration.iterator, [sent]);
    const iterator = iteration.iterator as object;
    const method = getMethod(iterator, mode === THROW ? "throw" : "return");
    if (method !== undefined) return Reflect.apply(method, iterator, [sent] as never);
    if (mode === RETURN) {
      this.phase = "no return";
      return sent;
    }
    this.phase = "no throw";
    const close = getMethod(iterator, "return");
    if (close === undefined) throw noThrow();
    return Reflect.apply(close, iterator, []);
  }

  /** Takes what was awaited. True: `value` is to be yielded; false: it is done, with `value`. */
  accept(result: unknown): boolean {
    const { phase } = this;
    if (phase === "no return") {
      this.finish(result, true);
      return false;
    }
    if (!isObject(result)) throw notAnObject(result);
    if (phase === "no throw") throw noThrow();
    if (!this.take(result, null, phase === "return" ? RETURN : NEXT)) return false;
    this.value = (result as { value?: unknown }).value;
    return true;
  }
}

/** `next(sent)`. Iterators of the language are read by their position; what is sent makes no difference to them. */
function step(iteration: Iteration, sent: unknown): unknown {
  if (iteration.method !== null) return Reflect.apply(iteration.method as never, iteration.iterator, [sent]);
  const more = iteration.next();
  return { value: more ? iteration.value : undefined, done: !more };
}

function methodOf(iteration: Iteration, name: string) {
  return iteration.method === null ? undefined : getMethod(iteration.iterator as object, name);
}

/** The methods of %AsyncFromSyncIteratorPrototype% (§27.1.6.2) */
function requestSync(iteration: AsyncIteration, sent: unknown, mode: ResumeMode): Durable {
  const target = new Durable(machine.run ?? freeRun, null);
  const iterator = iteration.iterator as object;
  try {
    if (mode === NEXT) {
      const result: unknown = Reflect.apply(iteration.method as never, iterator, [sent]);
      iteration.unwrap(result, target, true);
      return target;
    }
    const method = getMethod(iterator, mode === THROW ? "throw" : "return");
    if (method !== undefined) {
      const result: unknown = Reflect.apply(method, iterator, [sent] as never);
      iteration.unwrap(result, target, mode === THROW);
    } else if (mode === RETURN) resolve(target, { value: sent, done: true });
    else {
      iteration.done = false;
      iteration.close();
      reject(target, noThrow());
    }
  } catch (error) {
    reject(target, error);
  }
  return target;
}

function noThrow(): TypeError {
  return new TypeError("The iterator does not provide a 'throw' method");
}

function notAnObject(result: unknown): TypeError {
  return new TypeError(`Iterator result ${String(result)} is not an object`);
}

/** @throws TypeError when `x` is not iterable */
export function $delegate(x: unknown): Delegation {
  return new Delegation($iterate(x));
}

/** @throws TypeError when `x` is neither async iterable nor iterable */
export function $delegateAsync(x: unknown): Delegation {
  return new Delegation($iterateAsync(x));
}
