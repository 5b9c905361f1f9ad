/** `moveTo()`: the run goes on in a worker of another group. */
import { external, machine } from "../machine/index.ts";
import { noteSite } from "./native-consumers.ts";
import { checkGroup } from "./options.ts";

/**
 * Carries the run on in a worker of this group, from this await to the next `moveTo`. The run parks, and belongs to the group with
 * the same turn; when it stands there already, it goes on. Steps in flight end first; promises of unmarked code reject with
 * `Interrupted`. Outside any run it does nothing.
 * @param group as `createEngine({ group })` of that worker says
 * @throws ColdframeError CF2301, CF3103 for a wrong name
 */
export function moveTo(group: string): Promise<void> {
  checkGroup(group);
  const { run } = machine;
  if (run === null || run.host === null) return Promise.resolve();
  run.host.effect(run, { kind: "move", group });
  // A timer that is due: whoever owns the run after the turn fires it.
  const at = `moveTo(${JSON.stringify(group)})`;
  const promise = external(run, { kind: "timer", id: run.nextId++, due: run.host.now(), at });
  noteSite(promise, "moveTo()");
  return promise as unknown as Promise<void>;
}
