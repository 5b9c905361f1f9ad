/**
 * A million parked runs in one SQLite file: what each takes on disk, what they cost a worker that has nothing to do with
 * them, how long one takes to wake up, and how fast many do.
 *
 * | id                 | what                                                        | beside                          |
 * |--------------------|-------------------------------------------------------------|---------------------------------|
 * | `parked.fill`      | runs started and parked per second                          | raw group commits of two writes |
 * | `parked.bytes`     | size of the file, per run                                   | 1 KB                            |
 * | `worker.start`     | `createEngine`, in a fresh process                          | 1 s                             |
 * | `parked.memory`    | heap of that process after a collection                     | the same over an empty store    |
 * | `parked.idle`      | CPU time of that process while nothing happens, per second  | the same over an empty store    |
 * | `parked.wake`      | from `send` to the result of one run, p99                   | 5 ms                            |
 * | `parked.wake.raw`  | three raw commits between them, p99                         | 5 ms                            |
 * | `parked.wake.many` | 20,000 events sent at once: runs ended per second           | raw group commits of two writes |
 *
 * Without a target: `parked.fill`, `parked.wake.many`, for which nobody has said what they should be, and `parked.wake.raw`, which
 * tells what of `parked.wake` is the disk's.
 *
 * Half of them wait for an event, half sleep for a month.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { limit, quantile, ratio, told } from "./figures.mjs";
import { order } from "./parked-program.mjs";
import { Raw } from "./raw.mjs";

/** Runs that are started before their starts are awaited. */
const AT_ONCE = 5000;
const WAKES = 1000;
const WAKES_AT_ONCE = 20_000;

export async function parked({ quick }) {
  const runs = quick ? 100_000 : 1_000_000;
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-"));
  const file = join(folder, "runs.db");
  const empty = join(folder, "empty.db");
  try {
    const raw = new Raw(join(folder, "raw.db"), 400);
    const rows = [await fill(file, runs, raw)];
    rows.push(limit("parked.bytes", sizeOf(file) / runs, "bytes", 1024));
    await (await createEngine({ store: sqlite(empty), log: () => {} })).close();
    const [full, none] = [observe(file), observe(empty)];
    rows.push(limit("worker.start", full.start, "ms", 1000));
    rows.push(ratio("parked.memory", full.heap, "MB", none.heap, "at most", 1.1));
    rows.push(ratio("parked.idle", full.cpu, "ms/s", none.cpu, "at most", 1.5));
    rows.push(...(await wake(file, runs, raw)));
    raw.close();
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** With what is still in the log. */
function sizeOf(file) {
  return statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

async function fill(file, runs, raw) {
  const engine = await createEngine({ store: sqlite(file), log: () => {} });
  const began = performance.now();
  for (let i = 0; i < runs; i += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, j) =>
        engine.start(order, ["Ada Lovelace", i + j], { id: `order-${i + j}` }),
      ),
    );
  }
  await engine.close();
  const rate = runs / ((performance.now() - began) / 1000);
  const reference = raw.measure(AT_ONCE, 1);
  return told("parked.fill", rate, "runs/s", reference);
}

/** In a process of its own. */
function observe(file) {
  const path = fileURLToPath(new URL("idle.mjs", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, ["--expose-gc", path, file], { encoding: "utf8" }));
}

async function wake(file, runs, raw) {
  const engine = await createEngine({ store: sqlite(file), log: () => {} });
  const one = async (i) => {
    await engine.send(`go ${i}`, "yes");
    return engine.run(`order-${i}`).result();
  };
  // Far apart, so that each reads pages of its own.
  const step = 2 * Math.floor(runs / 2 / (WAKES + 1));
  const times = [];
  const commits = [];
  for (let k = 0; k < WAKES; k++) {
    let began = performance.now();
    await one(k * step);
    times.push(performance.now() - began);
    began = performance.now();
    for (let commit = 0; commit < 3; commit++) raw.commit();
    commits.push(performance.now() - began);
  }
  const open = [];
  for (let i = runs - 2; open.length < WAKES_AT_ONCE; i -= 2) if (i % step !== 0) open.push(i);
  const began = performance.now();
  await Promise.all(open.map(one));
  const rate = WAKES_AT_ONCE / ((performance.now() - began) / 1000);
  await engine.close();
  return [
    limit("parked.wake", quantile(times, 0.99), "ms", 5),
    told("parked.wake.raw", quantile(commits, 0.99), "ms", 5),
    told("parked.wake.many", rate, "runs/s", raw.measure(WAKES_AT_ONCE, 1)),
  ];
}
