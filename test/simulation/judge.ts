/** What has to hold of runs that have ended, whoever carried them on and whatever happened meanwhile. */
import type { RunStatus } from "../../runtime/engine/store.ts";
import { operations, PLACES, type Plan } from "./plan.ts";
import type { Model } from "./program.ts";
import type { Execution } from "./watch.ts";

export interface EndedRun {
  /** `run` and a number. */
  readonly id: string;
  readonly plan: Plan;
  readonly model: Model;
  readonly status: RunStatus;
  /** Its result, or what it failed with. */
  readonly result: unknown;
  /** Somebody asked to cancel it. */
  readonly cancelled: boolean;
  /** It was set back, or another one went on from where it was: what it did may have been done again. */
  readonly repeated: boolean;
}

/** What labels of a run's operations begin with. */
export const prefixOf = (id: string): string => `r${id.slice(3)}.`;
export const runOf = (label: string): string => `run${label.slice(1, label.indexOf("."))}`;

/**
 * @param own executions of steps of this run and its children
 * @param counted labels of its counters in the user's table
 * @param all the executions of all runs, by their numbers minus one
 * @returns what does not hold
 */
export function judge(
  { id, plan, model, status, result, cancelled, repeated }: EndedRun,
  own: readonly Execution[],
  counted: readonly string[],
  all: readonly Execution[],
): readonly string[] {
  const violations: string[] = [];
  const done = new Set(own.map(({ label }) => label));
  if (status === "cancelled" && cancelled) {
    if (repeated) return [];
    for (const op of operations(plan)) {
      if (op.kind === "guard" && done.has(`${op.label} do`) && !done.has(`${op.label} undo`))
        violations.push(`${op.label} was done and never undone`);
    }
    return violations;
  }
  if (status !== "done") return [`${id} is ${status}: ${result}`];
  const text = JSON.stringify(result);
  const plain = text.replace(/#\d+"/g, '#0"');
  if (plain !== JSON.stringify(model.result))
    violations.push(`${id} returned ${plain}, not ${JSON.stringify(model.result)}`);
  const effects = [...done].sort();
  if (JSON.stringify(effects) !== JSON.stringify(model.effects))
    violations.push(`${id} did ${effects.join()}, not ${model.effects.join()}`);
  if (repeated) return violations;
  if (JSON.stringify([...counted].sort()) !== JSON.stringify(model.counted))
    violations.push(`${id} counted ${counted.join()}, not ${model.counted.join()}`);
  return [...violations, ...judgeResults(id, text, own, all)];
}

/** What a step is said to have answered, one of its executions did answer; and nothing later knows of another answer. */
function judgeResults(
  id: string,
  text: string,
  own: readonly Execution[],
  all: readonly Execution[],
): readonly string[] {
  const violations: string[] = [];
  const known = new Map<string, string>();
  for (const source of [text, ...own.map(({ input }) => JSON.stringify(input))]) {
    for (const [, label, n] of source.matchAll(/"([^"#]*)#(\d+)"/g)) {
      if (!label!.startsWith(prefixOf(id))) continue;
      if (all[Number(n) - 1]?.label !== label) violations.push(`${label}#${n} never was`);
      const other = known.get(label!);
      if (other !== undefined && other !== n) violations.push(`${label} answered #${other} and #${n}`);
      known.set(label!, n!);
    }
  }
  return violations;
}

/**
 * There are never more in a place than may be. Those of cancelled runs do not say when they leave.
 * @param all executions in the order in which they happened
 */
export function judgePlaces(all: readonly Execution[], cancelled: ReadonlySet<string>): readonly string[] {
  const violations: string[] = [];
  for (const { key, max } of PLACES) {
    const inside = new Set<string>();
    const before: string[] = [];
    for (const { label, at } of all) {
      const [owner, what, place] = label.split(" ");
      if (place !== key || cancelled.has(runOf(owner!))) continue;
      before.push(`${label} at ${at}`);
      if (what === "leave") inside.delete(owner!);
      else if (inside.add(owner!).size > max)
        violations.push(`more than ${max} in ${key}: ${[...inside].join()}; ${before.slice(-8).join(", ")}`);
    }
  }
  return violations;
}
