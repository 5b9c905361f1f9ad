/** Makes a sealed database with a parked run, then leaves. */
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { inventory, order } from "./flows.ts";
import { seal } from "./seal.ts";

const engine = await createEngine({ store: seal(sqlite(process.argv[2]!)), log: () => {} });
await engine.start(order, ["a lamp"], { id: "order-1" });
for await (const state of engine.run("order-1").watch()) if (state.waits[0]?.kind === "event") break;
await engine.start(inventory, [], { id: "inventory-1" });
for await (const state of engine.run("inventory-1").watch()) if (state.waits[0]?.kind === "event") break;
await engine.close();
