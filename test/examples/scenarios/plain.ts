/** Plays a scenario as plain async code in virtual time. */
import { freeWorld } from "../../../runtime/engine/free.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { APPROVAL, type Scenario } from "./courses.ts";
import { play } from "./systems.ts";

/** The trace, with the result as its last line. */
export async function playPlain(scenario: Scenario): Promise<string> {
  const clock = new VirtualClock();
  freeWorld.reset(clock);
  const trace = play(scenario, (milliseconds, then) => void clock.setTimeout(then, milliseconds));
  for (const { at, answer } of scenario.approvals) {
    clock.setTimeout(() => void freeWorld.send(APPROVAL, answer, undefined), at);
  }
  let end: string | undefined;
  scenario.program(...scenario.args).then(
    (value) => (end = `result: ${JSON.stringify(value)}`),
    (error: Error) => (end = `threw: ${error.message}`),
  );
  do await settled();
  while (end === undefined && clock.step());
  return [...trace, end ?? "threw: parked forever"].join("\n");
}
