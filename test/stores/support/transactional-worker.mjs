// A worker that dies: carries out ten transactional steps of each of so many runs, then ends.
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";

const [, , file, runs] = process.argv;
const { count } = await import("./count.ts");
const engine = await createEngine({ store: sqlite(file, { poll: 5 }), lease: 300, poll: 100, log: () => {} });
const ids = Array.from({ length: Number(runs) }, (_, i) => `r${i}`);
const started = await Promise.all(ids.map((id) => engine.start(count, [id], { id })));
await Promise.all(started.map((run) => run.result()));
await engine.close();
