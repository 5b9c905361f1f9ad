/** The program of the benches with parked runs: every process that carries them on loads it. */
import { load } from "./load.mjs";

export const { order } = load(
  `import { event, sleep } from "coldframe";
   export async function order(customer, i) {
     "use workflow";
     const items = [{ id: i, price: i * 3 }];
     const answer = i % 2 === 0 ? await event("go " + i) : await sleep("30d");
     return customer + ": " + items[0].price + " " + answer;
   }`,
  "bench/parked.ts",
);
