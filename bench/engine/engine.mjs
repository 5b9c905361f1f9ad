/**
 * The engine on SQLite with fsync: durable steps per second against the least that has to be written for them (raw.mjs),
 * in the same process, alternating; and the time to carry on after many awaits against few.
 *
 * `node bench/engine/engine.mjs` prints the rows.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { median } from "./figures.mjs";
import { load } from "./load.mjs";
import { Raw } from "./raw.mjs";

const { order, count } = load(
  `import { event } from "coldframe";
   export async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   export async function order(customer, items) {
     "use workflow";
     let receipt = "";
     for (let item = 0; item < items; item++) receipt = await charge(customer, item);
     return receipt;
   }
   export async function count(awaits) {
     "use workflow";
     let done = 0;
     while (done < awaits) { await charge("x", done); done++; }
     await event("go on " + awaits);
     return done;
   }`,
  "bench/order.ts",
);

/** @returns bytes that one turn of the program writes */
async function bytesOfTurn(engine) {
  const run = await engine.start(order, ["Ada Lovelace", 3]);
  let bytes = 0;
  for await (const state of run.watch()) {
    if (state.snapshot !== null) bytes = state.snapshot.length + JSON.stringify(state.waits).length;
  }
  return bytes;
}

/** Rounds of both, one beside the other: only what was measured at the same time can be compared. */
const ROUNDS = 5;

async function steps(id, runs, items, target) {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-"));
  const engine = await createEngine({ store: sqlite(join(folder, "runs.db")), log: () => {} });
  const raw = new Raw(join(folder, "raw.db"), await bytesOfTurn(engine));
  const rates = [];
  const rawRates = [];
  const once = async (items) => {
    const handles = await Promise.all(
      Array.from({ length: runs }, () => engine.start(order, ["Ada Lovelace", items])),
    );
    await Promise.all(handles.map((handle) => handle.result()));
  };
  await once(items);
  raw.measure(runs, Math.ceil(items / 2));
  for (let round = 0; round < ROUNDS; round++) {
    rawRates.push(raw.measure(runs, items));
    const began = performance.now();
    await once(items);
    rates.push((runs * items) / ((performance.now() - began) / 1000));
  }
  await engine.close();
  raw.close();
  rmSync(folder, { recursive: true });
  const value = Math.round(median(rates));
  const reference = Math.round(median(rawRates));
  const ratio = median(rates.map((rate, round) => rate / rawRates[round]));
  return { id, value, unit: "steps/s", reference, ratio, target, met: ratio >= target };
}

/** Milliseconds from the event that wakes a parked run in a fresh engine until its result is there. */
async function resumeAfter(file, awaits) {
  const first = await createEngine({ store: sqlite(file), log: () => {} });
  const run = await first.start(count, [awaits], { id: `count-${awaits}` });
  for await (const state of run.watch()) if (state.waits.some((wait) => wait.kind === "event")) break;
  await first.close();
  const began = performance.now();
  const second = await createEngine({ store: sqlite(file), log: () => {} });
  await second.send(`go on ${awaits}`);
  await second.run(run.id).result();
  const took = performance.now() - began;
  await second.close();
  return took;
}

/** Durable steps per second of one run and of 1,000 at once. */
export async function durableSteps() {
  return [await steps("sqlite.steps.one", 1, 2000, 0.8), await steps("sqlite.steps.many", 1000, 50, 0.5)];
}

/** Time to carry on after so many completed awaits. */
export async function resume() {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-"));
  const times = {};
  for (const awaits of [10, 1000, 100_000]) {
    const each = [];
    for (let round = 0; round < (awaits > 1000 ? 1 : 5); round++) {
      each.push(await resumeAfter(join(folder, `${awaits}-${round}.db`), awaits));
    }
    times[awaits] = median(each);
  }
  rmSync(folder, { recursive: true });
  const row = (awaits, target) => {
    const ratio = times[awaits] / times[10];
    const rounded = Math.round(times[awaits] * 100) / 100;
    return {
      id: `resume.${awaits}`,
      value: rounded,
      unit: "ms",
      reference: times[10],
      ratio,
      target,
      met: ratio <= target,
    };
  };
  return [row(10, 1), row(1000, 2), row(100_000, 2)];
}

if (fileURLToPath(import.meta.url) === argv[1]) {
  console.table(await durableSteps());
  if (!argv.includes("--steps")) console.table(await resume());
}
