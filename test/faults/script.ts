/** What is done with the n-th run of a campaign: it depends on the seed and on nothing that happens. */
import { prefixOf } from "../simulation/judge.ts";
import { type Op, operations, type Plan, randomPlan } from "../simulation/plan.ts";
import { eventsOf } from "../simulation/program.ts";
import { Random } from "../simulation/random.ts";

/** How something gets to the store. */
export interface Way {
  /** In a transaction of the driver's own. */
  readonly own: boolean;
  /** Before that, the like of it in a transaction that is rolled back. */
  readonly undone: boolean;
}

export interface Sending extends Way {
  readonly key: string;
  readonly payload: string;
  /** Milliseconds after what was sent before it. */
  readonly wait: number;
  readonly times: number;
}

export interface Script {
  readonly id: string;
  readonly plan: Plan;
  readonly start: Way;
  /** One list for each operation, side by side. */
  readonly sendings: readonly (readonly Sending[])[];
  /** Milliseconds after the start; null: it is not cancelled. */
  readonly cancel: number | null;
  readonly suspend: { readonly wait: number; readonly length: number } | null;
}

export function scriptOf(seed: number, n: number): Script {
  const random = new Random(seed * 100_003 + n);
  const plan = withTransactions(random, randomPlan(random, `r${n}`, random.between(1, 5)), `r${n}`);
  const way = () => ({ own: random.chance(0.5), undone: random.chance(0.3) });
  const sendings = [...operations(plan)].map((op) =>
    eventsOf(op).map(({ key, payload }) => {
      const wait = random.pick([0, 100, 1000, 4000]);
      return { key, payload, wait, times: random.chance(0.3) ? 2 : 1, ...way() };
    }),
  );
  const cancel = random.chance(0.1) ? random.between(0, 8000) : null;
  const suspends = cancel === null && random.chance(0.1);
  const suspend = suspends ? { wait: random.between(0, 3000), length: random.between(0, 3000) } : null;
  return { id: `run${n}`, plan, start: way(), sendings, cancel, suspend };
}

/** The same with more transactional steps: some at once, which may wait for each other's locks. */
function withTransactions(random: Random, plan: Plan, name: string): Plan {
  let made = 0;
  const count = (): Op => ({ kind: "count", label: `${name}.t${++made}` });
  return plan.flatMap((op): Plan => {
    if (random.chance(0.4)) return [op];
    if (random.chance(0.6)) return [op, count()];
    return [op, { kind: "all", plans: Array.from({ length: random.between(2, 4) }, () => [count()]) }];
  });
}

/** Labels of transactional steps of this run, and of nothing else that is counted. */
export const countersOf = (id: string): RegExp => new RegExp(`^${prefixOf(id).replace(".", "\\.")}t?\\d+$`);
