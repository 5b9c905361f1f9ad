/** A worker: starts the run, or carries it on when there is one already, and stays until it has ended. */
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { expandCapacity } from "./workflows/expand-capacity.ts";

const engine = await createEngine({
  store: sqlite(process.env["COLDFRAME_STORE"] ?? "coldframe.db"),
  lease: "2s", // A killed worker's run goes to another one after this time; the default is kinder to slow machines.
});
try {
  const run = await engine.start(expandCapacity, ["B6"], { id: "expand-42" });
  console.log(`result ${JSON.stringify(await run.result())}`);
} finally {
  await engine.close();
}
