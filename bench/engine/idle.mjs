/** A worker over a store that has nothing for it to do: how long it takes to start, and what it costs to have. */
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import "./parked-program.mjs";

const IDLE = 6000;

const began = performance.now();
const engine = await createEngine({ store: sqlite(process.argv[2]), log: () => {}, poll: 500 });
const start = performance.now() - began;
await new Promise((resolve) => setTimeout(resolve, 1000));
globalThis.gc();
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, IDLE));
const { user, system } = process.cpuUsage(before);
globalThis.gc();
const { heapUsed, external } = process.memoryUsage();
await engine.close();
console.log(
  JSON.stringify({
    start,
    cpu: (user + system) / 1000 / (IDLE / 1000),
    heap: (heapUsed + external) / 2 ** 20,
  }),
);
