/** Fills a database with runs in every state, then leaves. Prints the keys of generated events. */
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { fails, nap, order, stuck } from "./flows.ts";

const engine = await createEngine({ store: sqlite(process.argv[2]!), log: () => {} });
await engine.start(order, ["a lamp"], { id: "order-1", tags: { shop: "north" } });
await engine.start(nap, [], { id: "nap-1" });
await engine.start(stuck, [], { id: "stuck-1" });
const failed = await engine.start(fails, [], { id: "fails-1" });
const done = await engine.start(order, ["a book"], { id: "order-0" });
await engine.send("confirm a book", { yes: true });
await done.result();
await failed.result().catch(() => {});
for await (const state of engine.run("order-1").watch()) if (state.waits[0]?.kind === "event") break;
for await (const state of engine.run("nap-1").watch()) if (state.waits[0]?.kind === "timer") break;
for await (const state of engine.run("stuck-1").watch()) if (state.status === "blocked") break;
await engine.close();
