import { mkdtempSync, rmSync } from "node:fs";
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { sqlite } from "coldframe/sqlite";
import { load } from "/work/main/bench/engine/load.mjs";

const { order } = load(
  `export async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   export async function order(customer, items) { "use workflow"; let receipt = ""; for (let item = 0; item < items; item++) receipt = await charge(customer, item); return receipt; }`,
  "bench/order.ts",
);
const runs = +process.argv[2],
  items = +process.argv[3];
for (const kind of ["memory", "sqlite"]) {
  const d = mkdtempSync("/tmp/eng/b-");
  const store = kind === "memory" ? memory() : sqlite(d + "/runs.db");
  if (process.argv[4]) {
    const c = store.commit.bind(store);
    store.commit = (w) =>
      new Promise((r) =>
        setImmediate(() => r(w.map((x) => ({ passed: true, arrivals: [], news: x.news, cancel: false })))),
      );
  }
  const engine = await createEngine({ store });
  for (let r = 0; r < 5; r++) {
    const t = performance.now();
    const c0 = process.cpuUsage();
    const hs = await Promise.all(
      Array.from({ length: runs }, () => engine.start(order, ["Ada Lovelace", items])),
    );
    const t1 = performance.now();
    const c1 = process.cpuUsage(c0);
    await Promise.all(hs.map((h) => h.result()));
    const e = performance.now();
    const c2 = process.cpuUsage(c0);
    console.log(
      kind,
      "starts",
      (t1 - t).toFixed(0),
      "total",
      (e - t).toFixed(0),
      "wall us/step",
      (((e - t) * 1000) / runs / items).toFixed(1),
      "cpu us/step",
      ((c2.user + c2.system) / runs / items).toFixed(1),
      "start cpu us",
      ((c1.user + c1.system) / runs).toFixed(1),
    );
  }
  await engine.close(0);
  rmSync(d, { recursive: true });
}
