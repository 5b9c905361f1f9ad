/** What the short form of the campaign checks: the same each time, and something of everything. */
import { expect, it } from "vitest";
import { operations } from "../simulation/plan.ts";
import { modelOf } from "../simulation/program.ts";
import { countersOf, scriptOf } from "./script.ts";

/** Those of `npm run faults -- --time 20 --seed 4`. */
const all = Array.from({ length: 40 }, (_, n) => scriptOf(4, n));

it("the seed and the number of a run decide its program and what is asked of it", () => {
  for (const n of [39, 7, 0]) expect(scriptOf(4, n)).toEqual(all[n]);
  expect(scriptOf(5, 7)).not.toEqual(all[7]);
});

it("the short form starts, sends and undoes in own transactions, cancels, and counts at once", () => {
  const starts = all.map(({ start }) => start);
  const sendings = all.flatMap((script) => script.sendings.flat());
  for (const ways of [starts, sendings])
    for (const way of ["own", "undone"] as const)
      expect(new Set(ways.map((each) => each[way]))).toEqual(new Set([true, false]));
  expect(sendings.some(({ times }) => times > 1)).toBe(true);
  // Events of one key come in both ways, one after the other.
  const changes = all.flatMap((script) =>
    script.sendings.filter((those) => new Set(those.map(({ own }) => own)).size === 2),
  );
  expect(changes.length).toBeGreaterThan(0);
  expect(all.some(({ cancel }) => cancel !== null)).toBe(true);
  expect(all.some(({ suspend }) => suspend !== null)).toBe(true);
  const ops = all.flatMap(({ plan }) => [...operations(plan)]);
  const atOnce = (op: (typeof ops)[number]) =>
    op.kind === "all" && op.plans.every((plan) => plan[0]?.kind === "count");
  expect(ops.some(atOnce)).toBe(true);
});

it("the counters of a run are those that the uncompiled program counts, and nobody else's", async () => {
  for (const { id, plan } of all) {
    const { counted } = await modelOf(plan);
    const others = [`${id}0`, "run", `${id}.3!0`, "rival 3", `${id} undone`];
    expect([...counted, ...others].filter((label) => countersOf(id).test(label))).toEqual(counted);
  }
});
