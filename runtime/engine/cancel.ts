/**
 * Cancel: thrown once at every pending external await, so that `catch` and `finally` run; then at each new one that is
 * outside of the handlers being unwound; never at shielded ones.
 *
 * Steps in flight get a grace time first. What they did is then known to the code that has to undo it.
 */
import { deliver, drain } from "../machine/index.ts";
import type { Activation } from "./activation.ts";
import { encodeError } from "./codec.ts";
import type { Owner } from "./owner.ts";
import { isShielded } from "./shield.ts";
import { Cancelled } from "./signals.ts";
import { inHandler } from "./waits.ts";

/** A function that catches every `Cancelled` and goes on is ended after so many. */
const PATIENCE = 1000;

/** @returns true when the run must not be saved now: it went on, or waits for its steps in flight */
export function applyCancel(activation: Activation, worker: Owner): boolean {
  if (activation.cancel === "asked" && stepsGetGrace(activation, worker)) return true;
  const run = activation.run!;
  const first = activation.cancel === "asked";
  const told = [...run.waits.values()].filter((promise) => {
    if (isShielded(promise)) return false;
    return first || (activation.fresh.has(promise.wait!.id) && !inHandler(promise));
  });
  if (told.length === 0) return false;
  if (!first && (activation.cancels += told.length) > PATIENCE) {
    worker.end(activation, { status: "cancelled", value: encodeError(new Cancelled()) });
    return true;
  }
  activation.cancel = "under way";
  activation.dirty = true;
  activation.draining = true;
  for (const promise of told) {
    const { id } = promise.wait!;
    activation.abandon(id);
    promise.handled = true;
    const { wait } = promise;
    if (wait?.kind === "child" && wait.attached) activation.told.push(wait.run);
    deliver(run, id, { ok: false, error: new Cancelled() });
    drain(run);
  }
  activation.draining = false;
  worker.settle(activation);
  return true;
}

function stepsGetGrace(activation: Activation, worker: Owner): boolean {
  if (activation.flights.size === 0 || activation.graceOver) return false;
  const { clock, grace } = worker.settings;
  activation.graceTimer ??= worker.timers.add(clock.now() + grace, () => {
    activation.graceOver = true;
    worker.advance(activation);
  });
  return true;
}
