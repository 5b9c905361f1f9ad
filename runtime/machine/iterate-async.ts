/**
 * `for await`: an async iterator, or a sync one read as ECMA-262 §27.1.6 says, on the fields of an `Iteration`.
 *
 * ```
 * for await (const x of xs) body  ↦  $it = $iterateAsync(xs);
 *                                    try { while ($it.step(await $it.nextAsync($t))) { x = $it.value; body } }
 *                                    catch ($x) { if (($c = $it.abortAsync()) !== undefined) try { await $c } catch {} throw $x; }
 * break, return out of it         ↦  if (($c = $it.closeAsync()) !== undefined) $it.closed(await $c); break
 * ```
 */
import { Durable, Unwrap } from "./durable.ts";
import { asyncIterator, iterator } from "./intrinsics.ts";
import { getMethod, Iteration, isObject } from "./iterate.ts";
import { attachResolved } from "./loop.ts";
import { freeRun, machine } from "./run.ts";
import { reject, resolve } from "./settle.ts";

export class AsyncIteration extends Iteration {
  /** What `task` awaits for the next result; its outcome goes to `step`. */
  nextAsync(task: Durable): unknown {
    // Done until `step` has seen a value: what is thrown meanwhile ends the iteration without closing it.
    this.done = true;
    if (this.kind === "async") {
      if (machine.top === task) machine.next = this.method;
      return Reflect.apply(this.method as never, this.iterator, []);
    }
    const target = new Durable(machine.run ?? freeRun, null);
    try {
      const result: unknown = Reflect.apply(this.method as never, this.iterator, []);
      this.unwrap(result, target, true);
    } catch (error) {
      reject(target, error);
    }
    return target;
  }

  /** Takes an awaited result: puts its value into `value`; false when there is none. @throws TypeError when it is no object */
  step(result: unknown): boolean {
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
    const { done } = result as { done?: unknown };
    if (done) {
      this.finish();
      return false;
    }
    this.value = (result as { value?: unknown }).value;
    this.done = false;
    return true;
  }

  /** Closes it (§7.4.13). @returns what to await, its outcome goes to `closed`; undefined when nothing is to be awaited */
  closeAsync(): unknown {
    if (this.done) return undefined;
    const iterator = this.finish();
    if (iterator === null) return undefined;
    if (this.kind === "async-from-sync") return this.returnSync(iterator);
    const method = getMethod(iterator, "return");
    // `null` stands for undefined: to be awaited all the same, and no object either.
    return method === undefined ? undefined : (Reflect.apply(method, iterator, []) ?? null);
  }

  /** Closes it because of an exception, which is what counts: neither this nor awaiting what it returns need succeed. */
  abortAsync(): unknown {
    try {
      return this.closeAsync();
    } catch {
      return undefined;
    }
  }

  /** @throws TypeError when `return` of the iterator gave something else than an object */
  closed(result: unknown): void {
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  }

  /** %AsyncFromSyncIteratorPrototype%.return (§27.1.6.2.2) */
  private returnSync(iterator: object): Durable {
    const target = new Durable(machine.run ?? freeRun, null);
    try {
      const method = getMethod(iterator, "return");
      if (method === undefined) resolve(target, { value: undefined, done: true });
      else this.unwrap(Reflect.apply(method, iterator, []), target, false);
    } catch (error) {
      reject(target, error);
    }
    return target;
  }

  /** AsyncFromSyncIteratorContinuation (§27.1.6.4): settles `target` with the awaited value of a result. */
  unwrap(result: unknown, target: Durable, closes: boolean): void {
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
    const { run } = target;
    const done = Boolean((result as { done?: unknown }).done);
    const { value } = result as { value?: unknown };
    const closing = closes && !done ? this : null;
    try {
      attachResolved(run, value, new Unwrap(closing, done, target));
    } catch (error) {
      closing?.fail();
      throw error;
    }
  }
}

/** What `for await (… of x)` iterates over: CreateAsyncFromSyncIterator where `x` has no async iterator. @throws TypeError when it has none at all */
export function $iterateAsync(x: unknown): AsyncIteration {
  const iteration = iterationOf(x);
  if (iteration === null) throw new TypeError(`${String(x)} is not async iterable`);
  return iteration;
}

/** As `$iterateAsync`; null when there is none. */
export function iterationOf(x: unknown): AsyncIteration | null {
  const object = Object(x ?? {}) as object;
  const method = getMethod(object, asyncIterator);
  const asynchronous = method ?? getMethod(object, iterator);
  if (asynchronous === undefined) return null;
  const iteration = new AsyncIteration(method === undefined ? "async-from-sync" : "async", x);
  iteration.open(asynchronous);
  return iteration;
}
