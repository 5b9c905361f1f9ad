/**
 * `shield()`: awaits that cancel does not touch. The shielded promise is `p.then(pass)`: data, so that a snapshot
 * keeps it, and recognisable, so that cancel finds it when it follows a wait to those who wait for it.
 */
import { $module, type Durable, Durable as DurableClass, inRun, machine, Then } from "../machine/index.ts";
import { reactionsOf, targetsOf } from "./dependents.ts";

/** Does nothing; its identity is what counts. */
export function shieldPass<T>(value: T): T {
  return value;
}

$module("coldframe/shield", "1", { shieldPass: () => shieldPass });

/**
 * Runs `body` (or takes a promise) so that a cancel of the run is not thrown into it: for compensation, and for
 * work that must not stop half-way. Outside a run it only calls the body.
 */
export function shield<T>(body: (() => Promise<T> | T) | Promise<T>): Promise<T> {
  const promise = typeof body === "function" ? body() : body;
  const { run } = machine;
  if (!((promise as unknown) instanceof DurableClass)) return Promise.resolve(promise);
  const durable = promise as unknown as Durable & PromiseLike<T>;
  if (run === durable.run) return durable.then(shieldPass) as Promise<T>;
  return inRun(durable.run, () => durable.then(shieldPass)) as Promise<T>;
}

/** True when nobody but shielded promises waits for `promise`. */
export function isShielded(promise: Durable, seen: Set<Durable> = new Set()): boolean {
  if (seen.has(promise)) return true;
  seen.add(promise);
  const reactions = reactionsOf(promise);
  return (
    reactions.length > 0 &&
    reactions.every((reaction) => {
      if (reaction instanceof Then && reaction.onFulfilled === shieldPass) return true;
      const targets = targetsOf(reaction);
      return targets.length > 0 && targets.every((target) => isShielded(target, seen));
    })
  );
}
