/**
 * The resources of a block with `using` declarations, and of a disposable stack: a list that can be saved at any moment, also
 * half disposed.
 *
 * ```
 * { using a = x; body }        ↦  $held = $using();
 *                                 try { a = $held.use(x); body }
 *                                 catch ($x) { $held.fail($x) } finally { $held.dispose() }
 * { await using a = x; body }  ↦  the same with $held.useAsync(x), and in the place of dispose():
 *                                 while ($held.next()) try { await $held.value } catch ($x) { $held.fail($x) }
 *                                 $held.end()
 * ```
 *
 * Algorithms: explicit resource management proposal, "Operations on Disposable Objects".
 */
import { getMethod, isObject } from "./iterate.ts";
import { $Promise } from "./promise.ts";
import { $SuppressedError, asyncDispose, dispose } from "./suppressed-error.ts";

/**
 * How a resource is disposed of:
 *
 * | how | call | awaited |
 * |---|---|---|
 * | `sync` | `value[Symbol.dispose]()` | – |
 * | `async` | `value[Symbol.asyncDispose]()`; nothing for null | the result |
 * | `async-from-sync` | `value[Symbol.dispose]()` | that it happened, not its result |
 * | `adopted`, `adopted-async` | `method(value)` | –, the result |
 */
export type Disposing = "sync" | "async" | "async-from-sync" | "adopted" | "adopted-async";

export interface Resource {
  readonly how: Disposing;
  readonly value: unknown;
  readonly method: unknown;
}

export class Disposal {
  /** In the order in which they were acquired. */
  resources: Resource[] = [];
  /** Whether an exception is under way, and which. */
  failed = false;
  error: unknown = undefined;
  /** An `await using` of null was met: one await is owed for all of them. */
  owed = false;
  awaited = false;
  /** What is to be awaited when `next` has said so. Not saved: by the time of a park it has been handed over. */
  value: unknown = undefined;

  /** AddDisposableResource for `using`. @throws TypeError when `value` cannot be disposed of */
  use<T>(value: T): T {
    if (value !== null && value !== undefined)
      this.resources.push({ how: "sync", value, method: disposerOf(value, dispose) });
    return value;
  }

  /** AddDisposableResource for `await using`. @throws TypeError when `value` cannot be disposed of */
  useAsync<T>(value: T): T {
    if (value === null || value === undefined) {
      this.resources.push({ how: "async", value: undefined, method: undefined });
      return value;
    }
    if (!isObject(value)) throw new TypeError(NO_OBJECT);
    const method = getMethod(value, asyncDispose);
    this.resources.push(
      method === undefined
        ? { how: "async-from-sync", value, method: disposerOf(value, dispose) }
        : { how: "async", value, method },
    );
    return value;
  }

  /** An exception: chained to the one that is under way already. */
  fail(error: unknown): void {
    this.error = this.failed
      ? new $SuppressedError(error, this.error, "An error was suppressed during disposal")
      : error;
    this.failed = true;
  }

  /** DisposeResources up to its next await: true when `value` is to be awaited, false when nothing is left. */
  next(): boolean {
    for (let resource = this.resources.at(-1); resource !== undefined; resource = this.resources.at(-1)) {
      const { how } = resource;
      if ((how === "sync" || how === "adopted") && this.owes()) return true;
      this.resources.pop();
      if (resource.method === undefined) this.owed = true;
      else if (this.call(resource)) return true;
    }
    return this.owes();
  }

  /** DisposeResources where nothing is to be awaited. @throws the exception that is under way then */
  dispose(): void {
    this.next();
    this.end();
  }

  /** @throws the exception that is under way behind the last disposal */
  end(): void {
    if (this.failed) throw this.error;
  }

  private owes(): boolean {
    if (!this.owed || this.awaited) return false;
    this.owed = false;
    this.value = undefined;
    return true;
  }

  /** True when its result is to be awaited. */
  private call({ how, value, method }: Resource): boolean {
    const isAdopted = how === "adopted" || how === "adopted-async";
    try {
      const result: unknown = isAdopted
        ? Reflect.apply(method as never, undefined, [value])
        : Reflect.apply(method as never, value, []);
      if (how === "sync" || how === "adopted") return false;
      this.value = how === "async-from-sync" ? undefined : result;
    } catch (error) {
      if (how !== "async-from-sync") {
        this.fail(error);
        return false;
      }
      this.value = $Promise.reject(error);
    }
    this.awaited = true;
    return true;
  }
}

export const NO_OBJECT = "An object is expected with `using` declarations";

/** GetDisposeMethod for a sync resource. @throws TypeError when there is none */
function disposerOf(value: unknown, name: symbol): unknown {
  if (!isObject(value)) throw new TypeError(NO_OBJECT);
  const method = getMethod(value, name);
  if (method === undefined) throw new TypeError(`${String(name)} is not a function`);
  return method;
}

/** What a block with `using` declarations opens with. */
export function $using(): Disposal {
  return new Disposal();
}
