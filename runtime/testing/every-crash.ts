/**
 * A scenario, played once undisturbed and then once for each point at which its process can die: before and after every
 * write to the store, before and after every execution of a step. Each time a second process takes over. All of them have to
 * lead to the same end.
 */
import type { CrashScenario } from "./crash-scenario.ts";
import { Play, type PlayOutcome } from "./play.ts";

export interface CrashReport {
  /** Where the process died, in the order of the undisturbed play: `commit:before`, `step:after` … */
  readonly points: readonly string[];
  /** Executions of steps that were repeated since a crash left their outcome unknown. */
  readonly repeated: number;
}

/**
 * Plays the scenario with a crash at every point.
 * @throws Error naming the first crash after which the result, an effect, or a call of a step is another one
 */
export async function everyCrash<T>(scenario: CrashScenario<T>): Promise<CrashReport> {
  const undisturbed = await new Play(scenario, null).run();
  let repeated = 0;
  for (let at = 0; at < undisturbed.points.length; at++) {
    const play = new Play(scenario, at);
    const outcome = await play.run();
    const difference = differenceOf(undisturbed, outcome);
    if (difference !== null) {
      throw new Error(
        `after a crash at ${play.crashedAt ?? "no point"} (${at + 1} of ${undisturbed.points.length}) ${difference}`,
      );
    }
    for (const { times } of outcome.calls.values()) repeated += times - 1;
  }
  return { points: undisturbed.points, repeated };
}

function differenceOf(expected: PlayOutcome, found: PlayOutcome): string | null {
  for (const [key, call] of found.calls) {
    if (call.others.size > 0) {
      return `the call ${key} was ${[call.text, ...call.others].join(", then ")}: code that decides about steps came out differently when it ran again. Take what it decides by from a step`;
    }
    const same = expected.calls.get(key);
    if (same === undefined)
      return `there was a call ${key} of ${call.text} that an undisturbed play does not make`;
    if (same.text !== call.text) return `the call ${key} was ${call.text}, but undisturbed ${same.text}`;
  }
  for (const [key, { text }] of expected.calls) {
    if (!found.calls.has(key)) return `the call ${key} of ${text} was never made`;
  }
  if (found.result !== expected.result) {
    return `the scenario ${found.result}, but undisturbed it ${expected.result}`;
  }
  if (found.observed !== expected.observed) {
    return `it left ${found.observed}, but undisturbed ${expected.observed}`;
  }
  return null;
}
