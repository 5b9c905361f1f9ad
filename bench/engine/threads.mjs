/**
 * `coldframe work` with one thread and with two, over runs whose turns do nothing but compute: how much sooner they are
 * all done. Each round fills a database of its own while nobody works, then lets one worker loose on it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";

const root = fileURLToPath(new URL("../../", import.meta.url));
const RUNS = 24;
const program = fileURLToPath(new URL("./spin.ts", import.meta.url));

/** Milliseconds from the first run to the end of the last. */
async function round(folder, threads, n) {
  const file = join(folder, `${threads}-${n}.db`);
  const { spin } = await import("./spin.ts");
  const child = spawn(
    execPath,
    [
      "--no-warnings",
      join(root, "dist/cli/main.js"),
      "work",
      program,
      "--store",
      file,
      "--threads",
      `${threads}`,
    ],
    { stdio: ["ignore", "inherit", "pipe"] },
  );
  const ended = new Promise((resolve) => child.on("close", resolve));
  await new Promise((resolve, reject) => {
    child.stderr.on("data", (chunk) => String(chunk).includes("working") && resolve());
    child.on("close", (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  const engine = await createEngine({ store: sqlite(file), worker: false, log: () => {} });
  const began = performance.now();
  const runs = await Promise.all(Array.from({ length: RUNS }, () => engine.start(spin, [15_000_000])));
  await Promise.all(runs.map((run) => run.result()));
  const took = performance.now() - began;
  await engine.close();
  child.kill("SIGTERM");
  await ended;
  return took;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** How much faster two threads are than one. */
export async function workThreads() {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-"));
  const ones = [];
  const twos = [];
  for (let n = 0; n < 3; n++) {
    ones.push(await round(folder, 1, n));
    twos.push(await round(folder, 2, n));
  }
  rmSync(folder, { recursive: true });
  const ratio = median(ones.map((one, n) => one / twos[n]));
  const target = 1.8;
  return [
    {
      id: "work.threads",
      value: Math.round(median(twos)),
      unit: "ms",
      reference: Math.round(median(ones)),
      ratio,
      target,
      met: ratio >= target,
    },
  ];
}

if (fileURLToPath(import.meta.url) === argv[1]) {
  await import("coldframe/register");
  console.table(await workThreads());
}
