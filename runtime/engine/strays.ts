/**
 * Steps that are called outside of any run while a run of this process waits for a promise of unmarked code. It may be that code that
 * calls them, later, on behalf of the run: a mapper that was given a step, a helper that tries once more what was refused with CF2003.
 * Who it is cannot be known without cost for all other code of the process. So nothing is refused; each step is told once.
 */
import type { Activation } from "./activation.ts";
import type { Settings } from "./ports.ts";
import { whereabouts } from "./whereabouts.ts";

/** Of the workers of this process. */
const watching = new Set<Strays>();

/** A step is executed outside of any run. @param step the author's name of it */
export function noteStray(step: string): void {
  for (const one of watching) one.note(step);
}

export class Strays {
  readonly #log: Settings["log"];
  readonly #runs: ReadonlyMap<string, Activation>;
  readonly #told = new Set<string>();

  /** @param runs those that the worker owns, by their ids */
  constructor(log: Settings["log"], runs: ReadonlyMap<string, Activation>) {
    this.#log = log;
    this.#runs = runs;
    watching.add(this);
  }

  end(): void {
    watching.delete(this);
  }

  note(step: string): void {
    if (this.#told.has(step)) return;
    for (const activation of this.#runs.values()) {
      if ((activation.run?.natives.size ?? 0) === 0) continue;
      this.#told.add(step);
      this.#log({
        level: "warn",
        message: `CF2003 step "${step}" was called outside of any run while this one waits for unmarked code: it is executed, and not recorded. If that code called it, as pMap(list, ${step}) does, have it compiled, with "include", or call ${step} in a marked function`,
        run: activation.id,
        at: whereabouts(activation),
      });
      return;
    }
  }
}
