/** Plans that can be gone back in: what a run did before a park can be done again after it, and comes to the same. */
import { type Op, operations, type Plan } from "./plan.ts";

/** Operations that wait for nothing that ends with the run that they are first done in, take nothing which is not given again, and are in no place where only so many may be. */
const REPEATABLE: ReadonlySet<Op["kind"]> = new Set([
  ...(["act", "fatal", "deny", "sleep", "pause", "race", "all", "guard", "child", "detached"] as const),
  ...(["lasting", "pool", "group", "timer", "interval", "gate", "repeat"] as const),
]);

export function isRepeatable(plan: Plan): boolean {
  return [...operations(plan)].every(({ kind }) => REPEATABLE.has(kind));
}

/**
 * What has to hold of the kept parks of a run.
 * @param keep how many it keeps
 * @param kept turns of them, newest first
 * @param parked turns that were saved, oldest first; null: not known
 */
export function judgeParks(
  run: string,
  keep: number | "all",
  kept: readonly number[],
  parked: readonly number[] | null,
): readonly string[] {
  if (keep !== "all" && kept.length > keep) return [`${run} keeps ${kept.length} parks, not ${keep}`];
  if (kept.some((turn, i) => i > 0 && turn >= kept[i - 1]!)) return [`parks of ${run} are ${kept.join()}`];
  if (parked === null) return [];
  const wanted = [...parked].reverse().slice(0, keep === "all" ? parked.length : keep);
  return wanted.join() === kept.join()
    ? []
    : [`${run} keeps the parks ${kept.join()}, and ${wanted.join()} should be there`];
}

/** Of runs with places in one line for one, each begins when the one before has ended. @param executions in their order */
export function judgeLine(
  runs: readonly string[],
  executions: readonly { readonly run: string; readonly label: string }[],
): readonly string[] {
  const seen: string[] = [];
  for (const { run, label } of executions) {
    if (!runs.includes(run) || seen.at(-1) === run) continue;
    if (seen.includes(run)) return [`${run} went on with ${label} beside ${seen.at(-1)}`];
    seen.push(run);
  }
  return [];
}
