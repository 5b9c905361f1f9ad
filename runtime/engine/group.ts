/**
 * `group()`: structured concurrency (Sústrik, "Structured Concurrency", 2016). What is added to a group ends before the group does:
 * it is awaited, and cancelled when something else of the group fails.
 */
import { $module, $Promise, createBound, Durable, machine } from "../machine/index.ts";
import { type ChildOptions, type ChildPromise, start } from "./child.ts";
import { methodsOf } from "./methods.ts";
import { Cancelled } from "./signals.ts";
import { throwAt } from "./throw-at.ts";
import { leadsTo } from "./waits.ts";

export class Group {
  /** What has not ended. */
  readonly pending: Set<PromiseLike<unknown>> = new Set();
  failed = false;
  reason: unknown = undefined;
  /** Told when all has ended. */
  end: ((value?: unknown) => void) | null = null;

  /** Makes a promise part of the group. @returns the same promise */
  add<P extends PromiseLike<unknown>>(promise: P): P {
    this.pending.add(promise);
    if (this.failed) cancelWaits(promise);
    try {
      promise.then(
        createBound(ended as never, this, [promise]) as () => void,
        createBound(broke as never, this, [promise]) as (reason: unknown) => void,
      );
    } catch (error) {
      // No promise, or one that cannot be followed: the group must not wait for it.
      this.pending.delete(promise);
      throw error;
    }
    return promise;
  }

  /** Starts a run that is part of the group: see `start`. */
  start<A extends readonly unknown[], R>(
    f: (...args: A) => Promise<R>,
    args: NoInfer<A>,
    options?: ChildOptions,
  ): ChildPromise<R> {
    return this.add(start(f, args, options));
  }
}

/**
 * Calls `body` with a group, and waits until it and all that was added have ended. When one of them fails, what the others
 * wait for is rejected with `Cancelled`; once they have ended too, the first failure is thrown.
 * Outside a run nothing can be cancelled: the others are only waited for.
 * @returns what `body` returned
 */
export function group<T>(body: (group: Group) => Promise<T> | T): Promise<T> {
  const made = new Group();
  const { promise, resolve } = $Promise.withResolvers<unknown>();
  made.end = resolve;
  const main = made.add($Promise.try(body as (group: Group) => unknown, made));
  return promise.then(createBound(outcome as never, made, [main]) as () => Promise<T>) as Promise<T>;
}

function ended(this: Group, promise: PromiseLike<unknown>): void {
  this.pending.delete(promise);
  if (this.pending.size === 0) this.end?.();
}

function broke(this: Group, promise: PromiseLike<unknown>, reason: unknown): void {
  if (!this.failed) {
    this.failed = true;
    this.reason = reason;
    for (const other of this.pending) if (other !== promise) cancelWaits(other);
  }
  Reflect.apply(ended, this, [promise]);
}

function outcome(this: Group, main: Promise<unknown>): unknown {
  if (this.failed) throw this.reason;
  return main;
}

/** Rejects the external awaits that `promise` depends on with `Cancelled`, and cancels runs that it started. */
function cancelWaits(promise: PromiseLike<unknown>): void {
  if (!((promise as unknown) instanceof Durable)) return;
  const { run } = promise as unknown as Durable;
  if (run.host === null || machine.run !== run) return;
  for (const waiting of [...run.waits.values()]) {
    const { wait } = waiting;
    if (wait === null || !leadsTo(waiting, promise as unknown as Durable)) continue;
    if (wait.kind === "child" && wait.attached) run.host.effect(run, { kind: "cancel", run: wait.run });
    if (wait.kind === "step") run.host.effect(run, { kind: "abort", wait: wait.id });
    throwAt(run, waiting, () => new Cancelled());
  }
}

$module("coldframe/group", "1", {
  Group: () => Group,
  ...methodsOf(Group),
  ended: () => ended,
  broke: () => broke,
  outcome: () => outcome,
});
