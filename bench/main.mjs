/**
 * `npm run bench`: every figure beside its peer or limit, measured in the same run. Machines are noisy: ratios count.
 *
 *   --json FILE   writes one array of { id, value, unit, reference, ratio, target, met }; a figure without a target has null for the last two
 *   --only TEXT   only the groups whose name begins with TEXT: compiled, generators, machine, snapshot, sqlite, postgres, loop,
 *                 parked (takes minutes: a million runs), resume, work, check
 *   --quick       fewer rounds
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import "coldframe/register";

const { values } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, quick: { type: "boolean", default: false } },
});

const { checks } = await import("./check.mjs");
const { compiledAwaits, compiling } = await import("./compiled.mjs");
const { generators } = await import("./generators.mjs");
const machine = await import("./machine/machine.mjs");
const { someProcessRows } = await import("./snapshot/some-process.ts");
const { workThreads } = await import("./engine/threads.mjs");
const { richRows } = await import("./snapshot/rich.ts");
const { linearRows } = await import("./snapshot/linear.ts");
const { plainRows } = await import("./snapshot/plain.ts");
const { largeValues } = await import("./engine/large.mjs");
const { durableSteps, resume } = await import("./engine/engine.mjs");
const { postgresRows } = await import("./engine/postgres.mjs");
const { loops, overhead, runs } = await import("./engine/runs.mjs");
const { parked } = await import("./engine/parked.mjs");

/** What the second column of figures is, for each group. */
const groups = [
  [
    "compiled",
    "native V8 (regenerator; Babel parse + print)",
    async () => [...(await compiledAwaits(values)), ...(await compiling(values))],
  ],
  ["generators", "native V8", () => generators(values)],
  ["machine", "native V8", async () => [...(await machine.freeAwaits()), ...(await machine.closureCalls())]],
  [
    "snapshot",
    "JSON of equal data (rich: cbor-x)",
    async () => [
      ...someProcessRows(),
      ...richRows(),
      ...plainRows(),
      ...linearRows(),
      ...(await largeValues()),
    ],
  ],
  [
    "sqlite",
    "raw commits of the same bytes",
    async () => [...(await durableSteps()), ...(await runs()), ...(await overhead())],
  ],
  ["postgres", "raw writes of the same bytes, or a limit", () => postgresRows(values)],
  ["loop", "after 100 awaits", () => loops(values)],
  ["parked", "the limit, or the same with no runs", () => parked(values)],
  ["resume", "after 10 awaits", resume],
  ["work", "one thread", workThreads],
  ["check", "the limit", checks],
];

const rows = [];
for (const [name, reference, measure] of groups) {
  if (values.only !== undefined && !name.startsWith(values.only)) continue;
  console.log(`\n${name}, beside ${reference}`);
  for (const row of await measure()) {
    rows.push(row);
    const figures = [
      row.id.padEnd(28),
      `${figure(row.value)} ${row.unit}`.padStart(16),
      `${figure(row.reference)}`.padStart(12),
    ];
    console.log(
      `  ${figures.join("  ")}  ratio ${row.ratio.toFixed(2).padStart(7)}  ${row.target === null ? "no target" : `target ${row.target}`}  ${row.met === false ? "MISSED" : ""}`,
    );
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

function figure(number) {
  return Number(number.toPrecision(4)).toLocaleString("en-US");
}
process.exit(0);
