/** Facts as the parts of a turn see them. Call only while facts are wanted. */

import { decodeValue } from "../snapshot/index.ts";
import type { Activation, StepIntent } from "./activation.ts";
import { codeOfReason } from "./blockage.ts";
import type { RunFact, StepFact } from "./facts.ts";
import type { Owner } from "./owner.ts";
import type { RunEnd, Turn, WaitInfo } from "./store.ts";
import { whereabouts } from "./whereabouts.ts";

function about(activation: Activation, worker: Owner, at: string): RunFact {
  const { id: run, entry, turn } = activation;
  return { time: worker.settings.clock.now(), run, entry, worker: worker.id, turn, at };
}

export function tellStarted(activation: Activation, worker: Owner): void {
  const { facts } = worker.settings;
  facts.tell({ ...about(activation, worker, ""), kind: "started", bytes: activation.call.length });
}

/** `wait` has an outcome, which is delivered now. */
export function tellWoken(activation: Activation, worker: Owner, wait: WaitInfo): void {
  const fact = about(activation, worker, wait.at);
  const waited = Math.max(0, fact.time - wait.since);
  worker.settings.facts.tell({ ...fact, kind: "woken", wait, waited, restored: activation.restored });
}

/** @param began when the turn was handed over, in ms */
export function tellParked(
  activation: Activation,
  worker: Owner,
  turn: Turn,
  began: number,
  released: boolean,
): void {
  const fact = about(activation, worker, whereabouts(activation));
  const waits = [...activation.waits.values()];
  const took = fact.time - began;
  worker.settings.facts.tell({
    ...fact,
    kind: "parked",
    bytes: turn.snapshot?.length ?? 0,
    took,
    waits,
    released,
  });
}

export function tellEnded(activation: Activation, worker: Owner, { status, value }: RunEnd): void {
  const { facts } = worker.settings;
  const fact = { ...about(activation, worker, ""), bytes: value.length };
  if (status === "done") facts.tell({ ...fact, kind: "finished" });
  else if (status === "cancelled") facts.tell({ ...fact, kind: "cancelled" });
  else facts.tell({ ...fact, kind: "failed", error: decoded(value) });
}

export function tellBlocked(activation: Activation, worker: Owner, reason: string): void {
  const fact = about(activation, worker, whereabouts(activation));
  const { build } = activation;
  worker.settings.facts.tell({ ...fact, kind: "blocked", reason, code: codeOfReason(reason), build });
}

export function tellLost(activation: Activation, worker: Owner): void {
  const fact = about(activation, worker, whereabouts(activation));
  worker.settings.facts.tell({ ...fact, kind: "lost" });
}

export function aboutStep(
  activation: Activation,
  worker: Owner,
  { id, step }: StepIntent,
  attempt: number,
): StepFact {
  const at = activation.waits.get(id)?.at ?? "";
  return { ...about(activation, worker, at), step, wait: id, attempt };
}

function decoded(value: string): unknown {
  try {
    return decodeValue(value);
  } catch (error) {
    return error;
  }
}
