/** Plays all scenarios as runs of an engine in virtual time, and prints their traces as JSON. For a process of its own. */
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { settled, VirtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { APPROVAL, type Scenario, scenarios } from "./courses.ts";
import { play } from "./systems.ts";

/** After this much virtual time nothing will happen any more. */
const FOREVER = 10 * 86_400_000;

/** @param cache runs kept decoded: with 0, each is restored from its snapshot whenever something arrives */
async function playCompiled(scenario: Scenario, cache: number): Promise<string> {
  const clock = new VirtualClock();
  const engine = await createEngine({ store: memory(), clock, cache, lease: "60d", poll: "60d" });
  const trace = play(scenario, (milliseconds, then) => void clock.setTimeout(then, milliseconds));
  for (const { at, answer } of scenario.approvals) {
    clock.setTimeout(() => void engine.send(APPROVAL, answer), at);
  }
  const run = await engine.start(scenario.program, [...scenario.args], { id: "scenario" });
  let end: string | undefined;
  run.result().then(
    (value) => (end = `result: ${JSON.stringify(value)}`),
    (error: Error) => (end ??= `threw: ${error.message}`),
  );
  do await settled();
  while (end === undefined && clock.now() < FOREVER && clock.step());
  if (end === undefined) {
    const state = await run.status();
    end = state?.status === "active" ? "threw: parked forever" : `threw: ${state?.status}`;
  }
  const seen = [...trace, end].join("\n");
  await engine.close();
  return seen;
}

const traces: Record<string, readonly string[]> = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  traces[name] = [await playCompiled(scenario, Number.POSITIVE_INFINITY), await playCompiled(scenario, 0)];
}
console.log(JSON.stringify(traces));
