/** Many simulations, and the smallest form of one that fails. */
import { TIMING, type Timing } from "../../runtime/engine/timing.ts";
import { memoryDatabase } from "./databases.ts";
import type { Coverage, FaultKind } from "./faults.ts";
import { noCoverage } from "./faults.ts";
import { smaller } from "./plan.ts";
import { type Database, type Scenario, scenarioOf, simulate } from "./simulation.ts";
import { type Tempo, USUAL } from "./tempo.ts";

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  /** As small as it would get. */
  readonly scenario: Scenario;
}

export interface Campaign {
  readonly simulations: number;
  readonly coverage: Coverage;
  readonly failure: Failure | null;
}

/** Simulates one seed after the other until `until` says so, or one fails. */
export async function campaign(
  firstSeed: number,
  database: () => Database,
  until: (simulations: number) => boolean,
): Promise<Campaign> {
  const coverage = noCoverage();
  let simulations = 0;
  await (warmed ??= warmUp());
  for (let seed = firstSeed; !until(simulations); seed++, simulations++) {
    const { violations, coverage: hit } = await simulate(scenarioOf(seed), database());
    for (const kind of Object.keys(hit) as FaultKind[]) coverage[kind] += hit[kind];
    if (violations.length === 0) continue;
    return {
      simulations,
      coverage,
      failure: { seed, ...(await shrink(scenarioOf(seed), violations, database)) },
    };
  }
  return { simulations, coverage, failure: null };
}

/** Simulations after which the process has seen all kinds of operations. */
const WARM_UP = 60;

let warmed: Promise<void> | undefined;

/** The engine remembers which awaits proved well: once it knows all, a seed does the same whatever was simulated before. */
async function warmUp(): Promise<void> {
  for (let seed = 1; seed <= WARM_UP; seed++) await simulate(scenarioOf(seed), memoryDatabase());
}

/** Simulations that shrinking may take. */
const TRIES = 400;

async function shrink(
  failing: Scenario,
  violations: readonly string[],
  database: () => Database,
): Promise<Pick<Failure, "violations" | "scenario">> {
  let best = { scenario: failing, violations };
  let tries = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const scenario of candidates(best.scenario)) {
      if (tries++ > TRIES) return best;
      const verdict = await simulate(scenario, database());
      if (verdict.violations.length === 0) continue;
      best = { scenario, violations: verdict.violations };
      changed = true;
      break;
    }
  }
  return best;
}

function* candidates(scenario: Scenario): Generator<Scenario> {
  const { plans, faults, processes, schedules } = scenario;
  for (const [i, plan] of plans.entries())
    if (plan.length > 0) yield { ...scenario, plans: plans.with(i, []) };
  for (const one of schedules) yield { ...scenario, schedules: schedules.filter((other) => other !== one) };
  for (const kind of faults) yield { ...scenario, faults: faults.filter((other) => other !== kind) };
  if (scenario.tempo !== USUAL) yield* slower(scenario);
  if (processes > 1) yield { ...scenario, processes: processes - 1 };
  for (const [i, plan] of plans.entries())
    for (const less of smaller(plan)) yield { ...scenario, plans: plans.with(i, less) };
}

/** Nearer to the usual times. */
function* slower(scenario: Scenario): Generator<Scenario> {
  yield { ...scenario, tempo: USUAL };
  for (const part of Object.keys(USUAL) as (keyof Tempo)[])
    if (scenario.tempo[part] !== USUAL[part])
      yield { ...scenario, tempo: { ...scenario.tempo, [part]: USUAL[part] } };
  const { engine } = scenario.tempo;
  for (const time of Object.keys(TIMING) as (keyof Timing)[])
    if (engine[time] !== TIMING[time])
      yield { ...scenario, tempo: { ...scenario.tempo, engine: { ...engine, [time]: TIMING[time] } } };
}
