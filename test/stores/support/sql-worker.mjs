// A worker on a server: carries out four transactional steps of each of two runs, then ends, unless it is killed.
import { createEngine } from "coldframe";

const [, , kind, url, name, table] = process.argv;
const { count } = await import("./count-sql.ts");
const { mysql } = await import("coldframe/mysql");
const { postgres } = await import("coldframe/postgres");
const store = kind === "mysql" ? mysql(url, { prefix: name }) : postgres(url, { schema: name });
const engine = await createEngine({ store, lease: 2000, poll: 100, log: () => {} });
const started = await Promise.all(["r0", "r1"].map((id) => engine.start(count, [table, id], { id })));
await Promise.all(started.map((run) => run.result()));
await engine.close();
