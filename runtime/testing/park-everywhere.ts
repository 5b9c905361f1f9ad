/**
 * A regime for test suites that know nothing of coldframe: all compiled code of the process, inside and outside of runs, is saved
 * and restored in place (runtime/snapshot/in-place.ts) while the suite goes on as ever.
 */
import { type Durable, machine, type Observer, PENDING, type Run } from "../machine/index.ts";
import { rebuildInPlace } from "../snapshot/index.ts";
import { withPlatformArrays } from "./platform-arrays.ts";

export interface Parking {
  /** How often it has saved and restored so far. */
  readonly parks: number;
  /** Ends the regime. */
  stop(): void;
  [Symbol.dispose](): void;
}

/** More pending tasks than this are saved by turns. */
const MOST = 1000;

/**
 * From now on, compiled code is saved and restored again and again.
 * @param options `at`: `await`, whenever something from outside lets a run go on; `job`, between any two jobs of a run, and every
 *   `await` is a job. Default `job`
 * @throws Error when another regime is on
 */
export function parkEverywhere(options: { readonly at?: "await" | "job" } = {}): Parking {
  if (machine.observer !== null) throw new Error("compiled code is observed already: stop that first");
  const everywhere = (options.at ?? "job") === "job";
  const tasks = new Map<Run, Set<Durable>>();
  let parks = 0;
  const park = (run: Run): void => {
    const pending = tasks.get(run) ?? new Set<Durable>();
    const some: Durable[] = [];
    for (const task of pending) {
      if (task.state !== PENDING) pending.delete(task);
      else if (some.length < MOST) some.push(task);
    }
    // Those have been last in line now.
    if (pending.size > MOST) for (const task of some) if (pending.delete(task)) pending.add(task);
    rebuildInPlace(run, some);
    parks++;
  };
  const observer: Observer = {
    betweenJobs(run, enters) {
      if (everywhere || enters) withPlatformArrays(() => park(run));
    },
    suspended(task) {
      let known = tasks.get(task.run);
      if (known === undefined) tasks.set(task.run, (known = new Set()));
      known.add(task);
    },
  };
  machine.observer = observer;
  const stop = (): void => {
    if (machine.observer === observer) machine.observer = null;
  };
  return {
    get parks() {
      return parks;
    },
    stop,
    [Symbol.dispose]: stop,
  };
}
