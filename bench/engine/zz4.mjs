import { deliver, drain, external, Run, start } from "coldframe/machine";
import { load } from "/work/main/bench/engine/load.mjs";
import { decodeRun, decodeValue, encodeRun, encodeValue } from "../../dist/runtime/snapshot/index.js";

const { order } = load(
  `export async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   export async function order(customer, items) { "use workflow"; let receipt = ""; for (let item = 0; item < items; item++) receipt = await charge(customer, item); return receipt; }`,
  "bench/order.ts",
);
const host = {
  callStep(run, step, args) {
    return external(run, { kind: "step", id: run.nextId++, step: step.id, args: encodeValue(args), at: "" });
  },
  onQuiescent() {},
  onUnhandledRejection() {},
  now: () => 0,
};
const run = new Run("x", host);
start(run, order, ["Ada Lovelace", 1e9]);
let s;
let t = performance.now();
const N = 200000;
for (let i = 0; i < N; i++) {
  s = encodeRun(run);
}
console.log("encodeRun", (((performance.now() - t) / N) * 1000).toFixed(2));
console.log(s.text);
t = performance.now();
for (let i = 0; i < N; i++) {
  const [id] = run.waits.keys();
  deliver(run, id, { ok: true, value: "receipt" });
  drain(run);
}
console.log("deliver+step+encode args", (((performance.now() - t) / N) * 1000).toFixed(2));
t = performance.now();
for (let i = 0; i < N; i++) {
  const [id] = run.waits.keys();
  deliver(run, id, { ok: true, value: "receipt" });
  drain(run);
  s = encodeRun(run);
}
console.log("both", (((performance.now() - t) / N) * 1000).toFixed(2));
const runs = [];
for (let i = 0; i < 1000; i++) {
  const r = new Run("x" + i, host);
  start(r, order, ["Ada Lovelace", 1e9]);
  runs.push(r);
}
t = performance.now();
const keep = [];
for (let k = 0; k < 200; k++) {
  keep.length = 0;
  for (const r of runs) {
    const [id] = r.waits.keys();
    deliver(r, id, { ok: true, value: "receipt" });
    drain(r);
    keep.push(encodeRun(r));
  }
}
console.log("1000 runs, kept", (((performance.now() - t) / N) * 1000).toFixed(2));
