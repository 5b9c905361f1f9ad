/** Schedules of a simulation: each fires every few seconds until the faults stop. */
import { operations, type Plan } from "./plan.ts";
import type { Random } from "./random.ts";

export interface ScheduleCase {
  readonly id: string;
  /** Seconds between two fires; a part of a minute. */
  readonly every: number;
  readonly overlap: "skip" | "queue" | "allow" | "cancel";
  readonly catchUp: "none" | "last" | "all";
  /** Its runs begin with the step `<id> enter` and end with `<id> leave`. */
  readonly plan: Plan;
}

/** A run of a schedule, when all is over. */
export interface ScheduledRun {
  readonly id: string;
  readonly status: string;
  /** As JSON. */
  readonly result: string;
}

/** Operations whose outcome does not depend on what another run of the same plan does. */
const CALM = ["act", "sleep", "repeat", "timer"] as const;

export function randomSchedules(random: Random): readonly ScheduleCase[] {
  return Array.from({ length: random.pick([0, 0, 1, 2]) }, (_, i) => {
    const id = `s${i}`;
    const middle = Array.from({ length: random.between(0, 2) }, (_, j): Plan[number] => {
      const ms = random.pick([40, 1500, 7000]);
      const label = `${id}.${j}`;
      switch (random.pick(CALM)) {
        case "sleep":
          return { kind: "sleep", ms };
        case "timer":
          return { kind: "timer", ms };
        case "repeat":
          return { kind: "repeat", times: random.between(2, 3), label };
        default:
          return { kind: "act", label, fails: 0 };
      }
    });
    const step = (what: string): Plan[number] => ({ kind: "act", label: `${id} ${what}`, fails: 0 });
    return {
      id,
      every: random.pick([5, 15, 30]),
      overlap: random.pick(["skip", "queue", "allow", "cancel"] as const),
      catchUp: random.pick(["none", "last", "all"] as const),
      plan: [step("enter"), ...middle, step("leave")],
    };
  });
}

/**
 * What has to hold of the runs of a schedule.
 * @param result of the plan, as JSON without numbers of executions
 * @param jumped more fires may have been missed at one time than are made up for
 */
export function judgeSchedule(
  { id, every, overlap, catchUp, plan }: ScheduleCase,
  runs: readonly ScheduledRun[],
  result: string,
  executions: readonly { readonly label: string; readonly run: string }[],
  jumped: boolean,
): readonly string[] {
  const violations: string[] = [];
  const times = new Set(runs.map((run) => Date.parse(run.id.slice(id.length + 1))));
  for (const time of times)
    if (Number.isNaN(time) || time % (every * 1000) !== 0)
      violations.push(`${id} fired at ${new Date(time).toISOString()}, not every ${every} s`);
  for (const run of runs) {
    if (run.status === "cancelled" && overlap === "cancel") continue;
    if (run.status !== "done") violations.push(`${run.id} is ${run.status}: ${run.result}`);
    else if (run.result.replace(/#\d+"/g, '#0"') !== result)
      violations.push(`${run.id} returned ${run.result}, not ${result}`);
  }
  if (overlap !== "allow") violations.push(...judgeOverlap(id, runs, plan, executions));
  if (!jumped && catchUp === "all" && (overlap === "allow" || overlap === "queue")) {
    for (let time = Math.min(...times); time < Math.max(...times); time += every * 1000)
      if (!times.has(time)) violations.push(`${id} never fired at ${new Date(time).toISOString()}`);
  }
  return violations;
}

/** One run after the other. A cancelled one is over at some time. */
function judgeOverlap(
  id: string,
  runs: readonly ScheduledRun[],
  plan: Plan,
  executions: readonly { readonly label: string; readonly run: string }[],
): readonly string[] {
  const cancelled = new Set(runs.filter(({ status }) => status !== "done").map((run) => run.id));
  const labels = new Set([...operations(plan)].map((op) => ("label" in op ? op.label : "")));
  const inside = new Set<string>();
  for (const { label, run } of executions) {
    if (!run.startsWith(`${id}@`) || cancelled.has(run) || !labels.has(label)) continue;
    if (label === `${id} leave`) inside.delete(run);
    else if (label === `${id} enter` && inside.add(run).size > 1)
      return [`runs of ${id} overlap: ${[...inside].join()}`];
  }
  return [];
}
