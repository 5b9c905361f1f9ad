/**
 * Short runs on SQLite with fsync.
 *
 * | id                  | what                                                                | beside                                   |
 * |---------------------|---------------------------------------------------------------------|------------------------------------------|
 * | `sqlite.runs`       | 5,000 runs of three steps, 100 in flight: runs per second           | raw group commits of the same bytes      |
 * | `sqlite.runs.p50`   | from start to result, median                                        | the same number of raw group commits     |
 * | `sqlite.runs.p99`   | the same, 99th of 100                                               | the same number of raw group commits     |
 * | `await.overhead`    | one await of a run that is alone: from a step's end to the next one | one raw commit and 1 ms                  |
 * | `loop.rows`         | rows in all tables after 100,000 awaits                             | after 100                                |
 * | `loop.snapshot`     | the same for characters of the snapshot, a number counted as one    | after 100                                |
 *
 * Targets: `sqlite.runs` has that of durable steps, half of raw, for runs of three. With a constant number in flight that bounds the mean
 * latency (Little's law: in flight = rate × latency) to twice that of raw, and the median is below the mean where the tail is
 * long. Nothing says what the 99th may be: it is told. A loop keeps rows and snapshot constant.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { openDriver } from "../../dist/stores/sqlite/driver.js";
import { limit, median, quantile, ratio, told } from "./figures.mjs";
import { load } from "./load.mjs";
import { Raw } from "./raw.mjs";

/** When bodies of `pause` were entered and left, in turn. */
const times = [];

const pause = () =>
  new Promise((resolve) => {
    times.push(performance.now());
    setTimeout(() => {
      times.push(performance.now());
      resolve("paused");
    }, 5);
  });

const { three, alone, loop } = load(
  `import { event } from "coldframe";
   import { pause } from "bench";
   async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   async function wait() { "use step"; return pause(); }
   export async function three(customer) {
     "use workflow";
     const first = await charge(customer, 1);
     const second = await charge(customer, 2);
     return [first, second, await charge(customer, 3)];
   }
   export async function alone(awaits) {
     "use workflow";
     for (let i = 0; i < awaits; i++) await wait();
   }
   export async function loop(awaits) {
     "use workflow";
     const stop = event("stop " + awaits);
     let done = 0;
     for (; done < awaits; done++) await (done % 2 === 0 ? charge("x", done) : Promise.race([stop, charge("y", done)]));
     await event("go on " + awaits);
     return done;
   }`,
  "bench/runs.ts",
  { bench: { pause } },
);

const RUNS = 5000;
const IN_FLIGHT = 100;
const ROUNDS = 5;

async function withEngine(use) {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-"));
  const engine = await createEngine({ store: sqlite(join(folder, "runs.db")), log: () => {} });
  const raw = new Raw(join(folder, "raw.db"), 250);
  try {
    return await use(engine, raw, folder);
  } finally {
    await engine.close();
    raw.close();
    rmSync(folder, { recursive: true });
  }
}

/** @returns milliseconds from start to result of each run */
async function shortRuns(engine, count) {
  const latencies = [];
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const began = performance.now();
      await (await engine.start(three, ["Ada Lovelace"])).result();
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return latencies;
}

export function runs() {
  return withEngine(async (engine, raw) => {
    const rounds = [];
    await shortRuns(engine, RUNS);
    for (let round = 0; round < ROUNDS; round++) {
      let began = performance.now();
      for (let i = 0; i < RUNS / IN_FLIGHT; i++) raw.measure(IN_FLIGHT, 3);
      const rawTook = performance.now() - began;
      began = performance.now();
      const latencies = await shortRuns(engine, RUNS);
      const took = performance.now() - began;
      rounds.push({
        rate: RUNS / (took / 1000),
        rawRate: RUNS / (rawTook / 1000),
        p50: median(latencies),
        p99: quantile(latencies, 0.99),
        generation: rawTook / (RUNS / IN_FLIGHT),
      });
    }
    const middle = (name) => median(rounds.map((round) => round[name]));
    const generation = middle("generation");
    return [
      ratio("sqlite.runs", middle("rate"), "runs/s", middle("rawRate"), "at least", 0.5),
      ratio("sqlite.runs.p50", middle("p50"), "ms", generation, "at most", 2),
      told("sqlite.runs.p99", middle("p99"), "ms", generation),
    ];
  });
}

export function overhead() {
  return withEngine(async (engine, raw) => {
    const awaits = 200;
    const commits = [];
    for (let i = 0; i < awaits; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      commits.push(raw.commit());
    }
    times.length = 0;
    await (await engine.start(alone, [awaits])).result();
    const took = [];
    for (let i = 2; i < times.length; i += 2) took.push(times[i] - times[i - 1]);
    return [limit("await.overhead", median(took), "ms", median(commits) + 1)];
  });
}

/** Rows in all tables, and the length of the snapshot, of a run that is parked after so many awaits. */
async function after(awaits) {
  return withEngine(async (engine, _, folder) => {
    const run = await engine.start(loop, [awaits]);
    let snapshot = 0;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const state = await run.status();
      if (!state.waits.some(({ name }) => name.startsWith("go on"))) continue;
      // A count of 100,000 has three digits more than one of 100: that is no growth.
      snapshot = state.snapshot.replace(/\d+/g, "0").length;
      break;
    }
    const driver = openDriver(join(folder, "runs.db"), 0);
    let rows = 0;
    for (const { name } of driver.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
      rows += driver.prepare(`SELECT count(*) AS rows FROM "${name}"`).get().rows;
    }
    driver.close();
    return { rows, snapshot };
  });
}

export async function loops({ quick }) {
  const few = await after(100);
  const many = await after(quick ? 10_000 : 100_000);
  return [
    ratio("loop.rows", many.rows, "rows", few.rows, "at most", 1),
    ratio("loop.snapshot", many.snapshot, "characters", few.snapshot, "at most", 1),
  ];
}
