/** How a run ends: what its function returned or threw, and what is dropped with it. */
import { ColdframeError } from "../errors.ts";
import { FULFILLED, type Run, type WaitTable } from "../machine/index.ts";
import { encodeValue, type RunSnapshot } from "../snapshot/index.ts";
import type { Activation } from "./activation.ts";
import { encodeError } from "./codec.ts";
import { addEffects, addLastStarts } from "./effects.ts";
import type { Owner } from "./owner.ts";
import type { RunEnd, Turn, WaitInfo } from "./store.ts";
import { NONE, TurnRecord } from "./turn-record.ts";
import { describeWait, placeOf } from "./waits.ts";

/** A rejection that nobody can handle any more. */
export function unhandledFailure(saved: RunSnapshot): RunEnd | null {
  const [promise] = saved.lost;
  return promise === undefined ? null : { status: "failed", value: encodeError(promise.value) };
}

/** The root task has settled. @returns the error, when the result cannot be saved and the run is to be held then */
export function endOf(activation: Activation, worker: Owner, run: Run): RunEnd | ColdframeError {
  const root = run.root!;
  const unhandled = [...run.rejections].find((promise) => !promise.handled && promise !== root);
  if (root.state === FULFILLED && unhandled !== undefined)
    return { status: "failed", value: encodeError(unhandled.value) };
  warnOfDropped(activation, worker, run);
  if (root.state !== FULFILLED) {
    const status = activation.cancel !== "no" && isCancelled(root.value) ? "cancelled" : "failed";
    return { status, value: encodeError(root.value, worker.settings.codec) };
  }
  try {
    const value = encodeValue(root.value, worker.settings.codec, "the result of the run");
    return { status: "done", value };
  } catch (error) {
    if (worker.settings.onUnsavable === "hold" && error instanceof ColdframeError) return error;
    return { status: "failed", value: encodeError(error) };
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && error.name === "Cancelled";
}

function warnOfDropped(activation: Activation, worker: Owner, run: Run): void {
  for (const promise of run.waits.values()) {
    const wait = promise.wait!;
    if (wait.kind === "child" ? !wait.attached : wait.kind !== "step" && promise.reactions === undefined)
      continue;
    const { name } = describeWait(promise, wait, 0);
    worker.settings.log({
      level: "warn",
      message: `the run ended while ${wait.kind} "${name}" was pending; it is ${wait.kind === "child" ? "cancelled" : "dropped"}`,
      run: activation.id,
      at: placeOf(promise),
    });
  }
}

/** Writes the end of a run. */
export function writeEnd(activation: Activation, worker: Owner, end: RunEnd): void {
  activation.run!.ended = true;
  activation.phase = "committing";
  const turn = new TurnRecord(activation, worker.id);
  turn.unsubscribe = droppedEvents(activation, null);
  addEffects(turn, activation, null);
  addLastStarts(turn, activation, activation.run!);
  turn.end = end;
  turn.build = worker.builds.change(activation);
  worker.write({
    activation,
    write: turn,
    done(outcome) {
      if (worker.written(activation, turn, outcome)) worker.ended(activation, end);
    },
  });
}

/** Event waits of the last commit that went without an arrival. */
export function droppedEvents(activation: Activation, kept: WaitTable<WaitInfo> | null): Turn["unsubscribe"] {
  let dropped: { wait: number; key: string }[] | null = null;
  for (const { id, kind, name } of activation.waits.values()) {
    if (kind === "event" && !kept?.has(id) && !activation.delivered.has(id))
      (dropped ??= []).push({ wait: id, key: name });
  }
  return dropped ?? NONE;
}
