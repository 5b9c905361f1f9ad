/**
 * What a simulated run does, as data that one compiled program (program.ts) carries out: so that thousands of different
 * programs need no compiler. Labels are unique in a simulation. All have one possible result, however time passes.
 */
import type { Random } from "./random.ts";

export type Plan = readonly Op[];

export type Op =
  /** A step that throws in its first `fails` attempts. */
  | { readonly kind: "act"; readonly label: string; readonly fails: number }
  /** A transactional step: adds one to the counter of its label, which must be one in the end. */
  | { readonly kind: "count"; readonly label: string }
  /** A step that throws, and is caught. */
  | { readonly kind: "fatal"; readonly label: string }
  /** A step of a loop that catches a cancel several times, with a step after each. */
  | { readonly kind: "deny"; readonly label: string }
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
  /** In a run of its own that is awaited. */
  | { readonly kind: "child"; readonly plan: Plan }
  | { readonly kind: "detached"; readonly plan: Plan }
  /** A run that waits for ever, and has to end with this one. */
  | { readonly kind: "abandon"; readonly key: string }
  /** What keeps the run open although its function has returned. */
  | { readonly kind: "lasting"; readonly ms: number }
  /** At most `max` among all runs are inside at one time. */
  | {
      readonly kind: "lock";
      readonly key: string;
      readonly max: number;
      readonly label: string;
      readonly plan: Plan;
    }
  /** A run of its own; of those with this key, at most `max` have begun and not ended. */
  | {
      readonly kind: "turnstile";
      readonly key: string;
      readonly max: number;
      readonly label: string;
      readonly plan: Plan;
    }
  /** So many events of one key by `for await`, with a step after each. */
  | { readonly kind: "stream"; readonly key: string; readonly count: number; readonly label: string }
  /** Messages from another run through a channel. */
  | {
      readonly kind: "pipe";
      readonly key: string;
      readonly count: number;
      readonly capacity: number;
      readonly label: string;
    }
  /** Messages between two tasks of the run. */
  | { readonly kind: "talk"; readonly count: number; readonly capacity: number; readonly label: string }
  /** Steps, so many at a time. */
  | { readonly kind: "pool"; readonly size: number; readonly count: number; readonly label: string }
  /** A step and a timer that end together: when the step fails, the timer is cancelled. */
  | { readonly kind: "group"; readonly ms: number; readonly fails: boolean; readonly label: string }
  | { readonly kind: "timer"; readonly ms: number }
  | { readonly kind: "interval"; readonly times: number; readonly ms: number }
  /** Two at once, and so many milliseconds for two on average, over all runs. */
  | { readonly kind: "gate"; readonly key: string; readonly ms: number }
  | { readonly kind: "repeat"; readonly times: number; readonly label: string };

/** @param size about how many operations */
export function randomPlan(random: Random, name: string, size: number): Plan {
  let count = 0;
  const label = () => `${name}.${++count}`;
  const plan = (left: number, depth: number, locked: boolean): Plan =>
    Array.from({ length: left }, () => op(depth, locked));
  const short = (): number => random.pick([1, 40, 200, 1500, 7000]);
  const messages = () => ({ count: random.between(1, 4), capacity: random.between(1, 2) });
  const op = (depth: number, locked: boolean): Op => {
    const inner = () => plan(random.between(1, 2), depth + 1, locked);
    const kind = random.pick(depth < 2 ? [...SIMPLE, ...NESTED] : SIMPLE);
    switch (kind) {
      case "count":
        return { kind: "count", label: label() };
      case "fatal":
      case "deny":
        return { kind, label: label() };
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
      case "detached":
        return { kind: "detached", plan: inner() };
      case "abandon":
        return { kind: "abandon", key: `${label()} never` };
      case "lasting":
        return { kind: "lasting", ms: short() };
      case "stream":
        return { kind: "stream", key: label(), count: random.between(1, 4), label: label() };
      case "pipe":
        return { kind: "pipe", key: label(), ...messages(), label: label() };
      case "talk":
        return { kind: "talk", ...messages(), label: label() };
      case "pool":
        return { kind: "pool", size: random.between(1, 3), count: random.between(1, 5), label: label() };
      case "group":
        return { kind: "group", ms: short(), fails: random.chance(0.5), label: label() };
      case "timer":
        return { kind: "timer", ms: short() };
      case "interval":
        return { kind: "interval", times: random.between(1, 4), ms: random.pick([1, 90, 800]) };
      case "gate":
        return { kind: "gate", key: "gate", ms: 600 };
      case "lock":
      case "turnstile": {
        // One at a time: those who take several in different orders wait for each other for ever.
        if (locked) return { kind: "act", label: label(), fails: 0 };
        const place = random.pick(PLACES);
        return { ...place, label: label(), plan: plan(1, 2, true) };
      }
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
  "count",
  "count",
  "fatal",
  "deny",
  "sleep",
  "pause",
  "events",
  "deadline",
  "race",
  "post",
  "repeat",
  "abandon",
  "lasting",
  "stream",
  "pipe",
  "talk",
  "pool",
  "group",
  "timer",
  "interval",
  "gate",
];
const NESTED = ["all", "guard", "child", "detached", "lock", "turnstile"];

/** Where only so many may be at a time: alone with a mutex, by a semaphore, by the limit of a run. */
export const PLACES = [
  { kind: "lock", key: "door", max: 1 },
  { kind: "lock", key: "hall", max: 2 },
  { kind: "turnstile", key: "lane", max: 1 },
  { kind: "turnstile", key: "queue", max: 2 },
] as const;

/** All operations of a plan, those inside others included. */
export function* operations(plan: Plan): Generator<Op> {
  for (const op of plan) {
    yield op;
    for (const inner of plansIn(op)) yield* operations(inner);
  }
}

/** The same with plain steps instead of transactional ones. */
export function withoutTransactions(plan: Plan): Plan {
  const plain = (op: Op): Op => (op.kind === "count" ? { kind: "act", label: op.label, fails: 0 } : op);
  return JSON.parse(JSON.stringify(plan), (_, value) => (value?.kind === undefined ? value : plain(value)));
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
