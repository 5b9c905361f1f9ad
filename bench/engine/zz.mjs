import { mkdtempSync, rmSync } from "node:fs";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { load } from "/work/main/bench/engine/load.mjs";

const { order } = load(
  `export async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   export async function order(customer, items) { "use workflow"; let receipt = ""; for (let item = 0; item < items; item++) receipt = await charge(customer, item); return receipt; }`,
  "bench/order.ts",
);
const runs = +process.argv[2],
  items = +process.argv[3];
const d = mkdtempSync("/tmp/eng/b-");
const engine = await createEngine({ store: sqlite(d + "/runs.db") });
for (let r = 0; r < 4; r++) {
  const t = performance.now();
  const hs = await Promise.all(
    Array.from({ length: runs }, () => engine.start(order, ["Ada Lovelace", items])),
  );
  const t1 = performance.now();
  await Promise.all(hs.map((h) => h.result()));
  const e = performance.now();
  console.log(
    "starts",
    (t1 - t).toFixed(0),
    "total",
    (e - t).toFixed(0),
    "steps/s",
    Math.round((runs * items) / ((e - t) / 1000)),
  );
}
await engine.close();
rmSync(d, { recursive: true });
