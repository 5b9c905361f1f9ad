/** Runs a program in one of several regimes, in virtual time. All of them have to lead to the same end. */

import { systemClock } from "../engine/clock.ts";
import { freeWorld } from "../engine/free.ts";
import { FULFILLED } from "../machine/index.ts";
import { ScenarioRun } from "./scenario-run.ts";
import { settled } from "./virtual-clock.ts";
import { World } from "./world.ts";

export interface ScenarioOptions {
  /**
   * `plain`: called outside any run, as uncompiled code is. `memory`: as a run that is never saved. `park`: saved and
   * restored as a whole, again and again. Default `park`.
   */
  readonly regime?: "plain" | "memory" | "park";
  /** Where `park` saves: at each external await, or between any two jobs. Default `wait`. */
  readonly between?: "wait" | "job";
  /** Time and events. Default: a new one, in which nobody sends anything. */
  readonly world?: World;
}

export interface ScenarioOutcome {
  /** `waiting`: it waits for something that nobody is going to do. */
  readonly status: "done" | "failed" | "waiting";
  /** What it returned or threw. */
  readonly value: unknown;
  /** How often it was saved and restored. */
  readonly parks: number;
}

/**
 * Runs `f(...args)` to its end.
 * @param f a compiled async function; for `plain` any
 * @throws ColdframeError CF2001 when it was not compiled, CF2101 when it cannot be saved somewhere
 */
export async function runScenario<A extends readonly unknown[]>(
  f: (...args: A) => Promise<unknown>,
  args: NoInfer<A>,
  options: ScenarioOptions = {},
): Promise<ScenarioOutcome> {
  const { regime = "park", between = "wait", world = new World() } = options;
  if (regime === "plain") return runPlain(f, args, world);
  const scenario = new ScenarioRun(world, { park: regime === "park", between });
  const ended = await scenario.finish(f as never, args);
  const { parks, run } = scenario;
  if (!ended) return { status: "waiting", value: undefined, parks };
  const { state, value } = run.root!;
  return { status: state === FULFILLED ? "done" : "failed", value, parks };
}

async function runPlain<A extends readonly unknown[]>(
  f: (...args: A) => Promise<unknown>,
  args: A,
  world: World,
): Promise<ScenarioOutcome> {
  freeWorld.reset(world.clock);
  world.connect((key, payload, id) => void freeWorld.send(key, payload, id));
  let outcome: ScenarioOutcome | null = null;
  f(...args).then(
    (value) => {
      outcome = { status: "done", value, parks: 0 };
    },
    (value) => {
      outcome = { status: "failed", value, parks: 0 };
    },
  );
  try {
    for (;;) {
      await settled();
      if (outcome !== null) return outcome;
      if (!world.clock.step()) return { status: "waiting", value: undefined, parks: 0 };
    }
  } finally {
    freeWorld.reset(systemClock);
  }
}
