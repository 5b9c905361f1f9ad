/** How long the runs of a worker stand still that was killed, beside its lease: from the kill to the first step of the heir. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { postgres } from "coldframe/postgres";
import { median, ratio } from "./figures.mjs";
import { load } from "./load.mjs";

const LEASE = 2000;
const ROUNDS = 5;
const RUNS = 20;

/** @param stand what the step does */
export function loadStanding(stand) {
  return load(
    `import { stand } from "stand";
     export async function step() { "use step"; return stand(); }
     export async function standing() { "use workflow"; return await step(); }`,
    "bench/takeover.ts",
    { stand: { stand } },
  ).standing;
}

/** @param freshSchema names one @param drop removes it */
export async function takeover(url, freshSchema, drop) {
  let onStep = () => {};
  const standing = loadStanding(() => onStep());
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const schema = freshSchema();
    const client = await createEngine({ store: postgres(url, { schema }), worker: false, log: () => {} });
    const script = fileURLToPath(new URL("./takeover-worker.mjs", import.meta.url));
    const victim = spawn(process.execPath, [script, url, schema, String(LEASE)]);
    const ids = Array.from({ length: RUNS }, (_, i) => `r${i}`);
    const runs = await Promise.all(ids.map((id) => client.start(standing, [], { id })));
    await once(victim.stdout, "data");
    const store = postgres(url, { schema });
    const first = new Promise((resolve) => {
      onStep = () => resolve(performance.now());
    });
    const heir = await createEngine({ store, lease: LEASE, log: () => {} });
    const killed = performance.now();
    victim.kill("SIGKILL");
    times.push((await first) - killed);
    await Promise.all(runs.map((run) => run.result()));
    for (const engine of [heir, client]) await engine.close();
    await drop(schema);
  }
  return ratio("postgres.takeover", median(times), "ms", LEASE, "at most", 1.1);
}
