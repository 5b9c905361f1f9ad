/**
 * Cancel. One rule, wherever an await stands and whatever it waits for:
 *
 * | await                                              | what happens to it                                              |
 * |----------------------------------------------------|-----------------------------------------------------------------|
 * | pending when the cancel is carried out             | `Cancelled`, once, in handlers too                              |
 * | made later, in a handler (`catch`, `finally`, the end of an `await using`) or called by one | works         |
 * | made later, elsewhere                              | `Cancelled` at once; a step or run that was asked for is never begun |
 * | under `shield()`                                   | works, before and later                                         |
 *
 * Steps in flight get a grace time first: the cancel is carried out when they have ended, or it is over. What they did is
 * then recorded, and known to the code that has to undo it.
 *
 * A function that catches `Cancelled` and goes on is told at each await that it makes. From then on it cannot sleep in
 * its handlers either, so that a retry loop with a pause in its `catch` ends; and it is ended after `PATIENCE` times.
 */
import { type Durable, drain } from "../machine/index.ts";
import type { Activation } from "./activation.ts";
import { encodeError } from "./codec.ts";
import type { Owner } from "./owner.ts";
import { isShielded } from "./shield.ts";
import { Cancelled } from "./signals.ts";
import { throwAt } from "./throw-at.ts";
import { inHandler } from "./waits.ts";

/** A function that catches every `Cancelled` and goes on is ended after so many. */
const PATIENCE = 1000;

/** @returns true when the run must not be saved now: it went on, or waits for its steps in flight */
export function applyCancel(activation: Activation, worker: Owner): boolean {
  const first = activation.cancel === "asked";
  if (first && stepsGetGrace(activation, worker)) return true;
  const run = activation.run!;
  const told = first ? pending(activation) : swallowedBy(activation);
  if (first) {
    activation.cancel = "under way";
    // A clone begins with that of another cancel.
    run.swallowed = 0;
    activation.dirty = true;
  }
  if (told.length === 0) return false;
  if (!first && run.swallowed > PATIENCE) {
    worker.end(activation, { status: "cancelled", value: encodeError(new Cancelled()) });
    return true;
  }
  activation.dirty = true;
  activation.draining = true;
  for (const promise of told) {
    const { wait } = promise;
    // Told of another one, the run has dropped it: as a race does with those that lost.
    if (wait === null || run.waits.get(wait.id) !== promise) continue;
    activation.abandon(wait.id);
    promise.handled = true;
    if (wait.kind === "child" && wait.attached) activation.told.push(wait.run);
    throwAt(run, promise, cancelled, () => drain(run));
  }
  activation.draining = false;
  worker.settle(activation);
  return true;
}

const cancelled = (): Cancelled => new Cancelled();

/**
 * Whether a rejection that nobody handles is the cancel itself, in a task that nobody waits for: that must not end the run
 * before its handlers have.
 */
export function isOwnRejection({ cancel }: Activation, { value }: Durable): boolean {
  return cancel === "under way" && value instanceof Cancelled;
}

/** All that the cancel is thrown at when it is carried out. */
function pending({ run }: Activation): readonly Durable[] {
  return [...run!.waits.values()].filter((promise) => !isShielded(promise));
}

/** New awaits of a function that has caught `Cancelled` and gone on. */
function swallowedBy(activation: Activation): readonly Durable[] {
  if (activation.fresh.size === 0) return [];
  const made = pending(activation).filter(({ wait }) => activation.fresh.has(wait!.id));
  const told = made.filter((promise) => !inHandler(promise));
  const run = activation.run!;
  run.swallowed += told.length;
  if (run.swallowed === 0) return told;
  return made.filter((promise) => promise.wait!.kind === "timer" || !inHandler(promise));
}

function stepsGetGrace(activation: Activation, worker: Owner): boolean {
  if (activation.graceOver || !hasStepsToTell(activation)) return false;
  const { clock, grace } = worker.settings;
  activation.graceTimer ??= worker.timers.add(clock.now() + grace, () => {
    activation.graceOver = true;
    worker.advance(activation);
  });
  return true;
}

/** Whether a step is in flight that the cancel is going to be thrown at. */
function hasStepsToTell({ run, flights }: Activation): boolean {
  for (const id of flights.keys()) {
    const promise = run!.waits.get(id);
    if (promise !== undefined && !isShielded(promise)) return true;
  }
  return false;
}
