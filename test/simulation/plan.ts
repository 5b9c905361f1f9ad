/**
 * What a simulated run does, as data that one compiled program (program.ts) carries out: so that thousands of different
 * programs need no compiler. Labels are unique in a simulation. All have one possible result, however time passes.
 */
import type { Random } from "./random.ts";

export type Plan = readonly Op[];

export type Op =
  /** A step that throws in its first `fails` attempts. */
  | { readonly kind: "act"; readonly label: string; readonly fails: number }
  /** A step that throws, and is caught. */
  | { readonly kind: "fatal"; readonly label: string }
  | { readonly kind: "sleep"; readonly ms: number }
  /** A promise of unmarked code. */
  | { readonly kind: "pause"; readonly ms: number }
  /** So many events of one key, one after the other. */
  | { readonly kind: "events"; readonly key: string; readonly count: number }
  /** An event with a deadline; when that was first, the event without one. */
  | { readonly kind: "deadline"; readonly key: string; readonly ms: number }
  /** A timer against an event that never comes. */
  | { readonly kind: "race"; readonly key: string; readonly ms: number }
  /** An event that the run sends to itself. */
  | { readonly kind: "post"; readonly key: string }
  | { readonly kind: "all"; readonly plans: readonly Plan[] }
  /** Does, and undoes whatever happens. */
  | { readonly kind: "guard"; readonly label: string; readonly plan: Plan }
  | { readonly kind: "child"; readonly plan: Plan }
  /** Alone with this lock among all runs. */
  | { readonly kind: "lock"; readonly key: string; readonly label: string; readonly plan: Plan }
  | { readonly kind: "repeat"; readonly times: number; readonly label: string };

/** @param size about how many operations */
export function randomPlan(random: Random, name: string, size: number): Plan {
  let count = 0;
  const label = () => `${name}.${++count}`;
  const plan = (left: number, depth: number, locked: boolean): Plan =>
    Array.from({ length: left }, () => op(depth, locked));
  const short = (): number => random.pick([1, 40, 200, 1500, 7000]);
  const op = (depth: number, locked: boolean): Op => {
    const inner = () => plan(random.between(1, 2), depth + 1, locked);
    switch (random.pick(depth < 2 ? [...SIMPLE, ...NESTED] : SIMPLE)) {
      case "fatal":
        return { kind: "fatal", label: label() };
      case "sleep":
        return { kind: "sleep", ms: short() };
      case "pause":
        return { kind: "pause", ms: random.pick([1, 30, 400, 2500]) };
      case "events":
        return { kind: "events", key: label(), count: random.between(1, 3) };
      case "deadline":
        return { kind: "deadline", key: label(), ms: short() };
      case "race":
        return { kind: "race", key: label(), ms: short() };
      case "post":
        return { kind: "post", key: label() };
      case "repeat":
        return { kind: "repeat", times: random.between(2, 6), label: label() };
      case "all":
        return { kind: "all", plans: Array.from({ length: random.between(2, 3) }, inner) };
      case "guard":
        return { kind: "guard", label: label(), plan: inner() };
      case "child":
        return { kind: "child", plan: inner() };
      case "lock":
        // One lock at a time: those who take several in different orders wait for each other for ever.
        if (locked) return { kind: "act", label: label(), fails: 0 };
        return { kind: "lock", key: random.pick(["door", "desk"]), label: label(), plan: plan(1, 2, true) };
      default:
        return { kind: "act", label: label(), fails: random.chance(0.2) ? random.between(1, 3) : 0 };
    }
  };
  return plan(size, 0, false);
}

const SIMPLE = [
  "act",
  "act",
  "act",
  "fatal",
  "sleep",
  "pause",
  "events",
  "deadline",
  "race",
  "post",
  "repeat",
];
const NESTED = ["all", "guard", "child", "lock"];

/** All operations of a plan, those inside others included. */
export function* operations(plan: Plan): Generator<Op> {
  for (const op of plan) {
    yield op;
    for (const inner of plansIn(op)) yield* operations(inner);
  }
}

export function plansIn(op: Op): readonly Plan[] {
  if (op.kind === "all") return op.plans;
  return "plan" in op ? [op.plan] : [];
}

/** Plans that are one operation smaller, or have an operation in the place of what is around it. */
export function* smaller(plan: Plan): Generator<Plan> {
  for (const [i, op] of plan.entries()) {
    yield [...plan.slice(0, i), ...plan.slice(i + 1)];
    for (const inner of plansIn(op)) yield [...plan.slice(0, i), ...inner, ...plan.slice(i + 1)];
    if (op.kind === "all") {
      for (const [j, branch] of op.plans.entries())
        for (const less of smaller(branch))
          yield [...plan.slice(0, i), { ...op, plans: op.plans.with(j, less) }, ...plan.slice(i + 1)];
    } else if ("plan" in op) {
      for (const less of smaller(op.plan))
        yield [...plan.slice(0, i), { ...op, plan: less }, ...plan.slice(i + 1)];
    }
  }
}
