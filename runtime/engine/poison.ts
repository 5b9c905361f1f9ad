/**
 * Runs that take their workers down. Which one did it cannot be seen from outside: all that a dead worker owned are
 * suspects, until what was under way for them has ended. So a run that was there twice is then tried alone, and blocked
 * when the worker dies again. Those that only were near it are never blamed.
 *
 * | deaths | of its workers since it last came further                                       |
 * |--------|----------------------------------------------------------------------------------|
 * | 0, 1   | claimed with others                                                              |
 * | 2 …    | claimed alone, by a worker that has no other run; has company when it lives long |
 * | 3 …    | and it was alone at the last one: blocked                                        |
 */
import { ColdframeError } from "../errors.ts";
import type { Blocked } from "./store.ts";

/** From so many deaths on it is claimed alone. */
export const SUSPECT = 2;
/** From so many on it is blocked, if it was alone when the last worker died. */
export const POISON = 3;

/** In the first part of each so many ms, a worker takes nothing else while a suspect is waiting: so that it comes to have no run. */
export const DRAIN = { every: 120_000, first: 30_000 } as const;

/** Whether workers are to come to an end with what they have, since a suspect is waiting. */
export function isDraining(now: number): boolean {
  return now % DRAIN.every < DRAIN.first;
}

export function poisoned(deaths: number): Blocked {
  const error = new ColdframeError(
    "CF2308",
    `${deaths} workers died while they had it, the last one with no other run. Find out what it does there, then let it try again with "coldframe unblock"`,
  );
  return { reason: error.message, needs: null };
}
