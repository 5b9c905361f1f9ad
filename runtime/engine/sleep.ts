/** `sleep()`: a durable timer. */
import { external, machine } from "../machine/index.ts";
import { type Duration, dueTime } from "./duration.ts";
import { freeWorld } from "./free.ts";

/**
 * Waits for a duration (`"3d"`, or milliseconds) or until a date. A time that has passed settles at once, as does one
 * that passed while no process ran.
 * @throws ColdframeError CF2302 for anything else
 */
export function sleep(when: Duration | Date): Promise<void> {
  const { run } = machine;
  if (run === null || run.host === null) {
    const now = freeWorld.clock.now();
    return freeWorld.sleep(Math.max(0, dueTime(when, now) - now));
  }
  const due = dueTime(when, run.host.now());
  return external(run, { kind: "timer", id: run.nextId++, due, at: "" }) as unknown as Promise<void>;
}
