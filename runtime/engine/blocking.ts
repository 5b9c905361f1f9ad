/**
 * Turns and steps that keep the event loop: while they do, no timer fires, no lease is renewed, and no other run of the
 * process goes on. Told when it is over; one that never ends is found by its worker's death (poison.ts).
 */
import type { Activation } from "./activation.ts";
import type { Owner } from "./owner.ts";
import { placeOf } from "./waits.ts";

/** What is not worth a word, in ms. */
const PATIENCE = 1000;

/** A step's body has returned, perhaps a promise. */
export function noteStep(
  activation: Activation,
  wait: number,
  step: string,
  began: number,
  worker: Owner,
): void {
  const took = worker.settings.clock.now() - began;
  if (took < PATIENCE) return;
  const promise = activation.run?.waits.get(wait);
  warn(activation, `step "${step}"`, took, promise === undefined ? "" : placeOf(promise), worker);
}

/** The jobs of a run have come to an end. */
export function noteTurn(activation: Activation, began: number, worker: Owner): void {
  const took = worker.settings.clock.now() - began;
  if (took < PATIENCE) return;
  const places = [...(activation.run?.waits.values() ?? [])].map(placeOf).filter((place) => place !== "");
  warn(activation, "the code before this await", took, places[0] ?? "", worker);
}

function warn({ id }: Activation, what: string, took: number, at: string, { settings }: Owner): void {
  settings.log({
    level: "warn",
    message: `${what} kept the event loop for ${(took / 1000).toFixed(1)} s; nothing else of this process could go on. Split it up, or do it in a thread`,
    run: id,
    ...(at === "" ? {} : { at }),
  });
}
