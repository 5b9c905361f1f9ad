/**
 * `node bench/engine/bloat.mjs [--turns 500000] [--runs 2000]`: how large the tables are after so many turns, beside a fresh copy
 * of what is in them. `DATABASE_URL` names the server, else one on the standard local port. Takes minutes.
 */
import { parseArgs } from "node:util";
import { createEngine } from "coldframe";
import { postgres } from "coldframe/postgres";
import pg from "pg";
import { ratio } from "./figures.mjs";
import { load } from "./load.mjs";

const { values } = parseArgs({
  options: { turns: { type: "string", default: "500000" }, runs: { type: "string", default: "2000" } },
});
const url = process.env.DATABASE_URL || "postgres://postgres@127.0.0.1:5432/test";
const schema = `cf_bloat_${process.pid}`;
const runs = Number(values.runs);
const steps = Math.ceil(Number(values.turns) / runs);

const { order } = load(
  `import { event } from "coldframe";
   export async function charge(item) { "use step"; return "receipt-" + item; }
   export async function order(key, items) {
     "use workflow";
     let receipt = "";
     for (let item = 0; item < items; item++) receipt = await charge(item);
     await event(key);
     return receipt;
   }`,
  "bench/bloat.ts",
);

const client = new pg.Client({ connectionString: url });
await client.connect();
const engine = await createEngine({ store: postgres(url, { schema }), log: () => {} });
try {
  const began = performance.now();
  const ids = Array.from({ length: runs }, (_, i) => `r${i}`);
  await Promise.all(ids.map((id) => engine.start(order, [id, steps], { id })));
  const waiting = `SELECT count(*)::int AS n FROM ${schema}.subscriptions`;
  while ((await client.query(waiting)).rows[0].n < runs)
    await new Promise((resolve) => setTimeout(resolve, 500));
  const seconds = (performance.now() - began) / 1000;
  const { rows: tables } = await client.query(
    "SELECT c.relname AS name, pg_total_relation_size(c.oid)::float8 AS bytes FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relkind = 'r'",
    [schema],
  );
  let used = 0;
  let live = 0;
  for (const { name, bytes } of tables) {
    await client.query(`CREATE TABLE ${schema}."copy of ${name}" (LIKE ${schema}."${name}" INCLUDING ALL)`);
    await client.query(
      `INSERT INTO ${schema}."copy of ${name}" OVERRIDING SYSTEM VALUE SELECT * FROM ${schema}."${name}"`,
    );
    const copy = `SELECT pg_total_relation_size('${schema}."copy of ${name}"')::float8 AS bytes`;
    used += bytes;
    live += (await client.query(copy)).rows[0].bytes;
  }
  console.log(`${runs * steps} turns of ${runs} runs in ${seconds.toFixed(0)} s`);
  console.table([ratio("postgres.bloat", used / 2 ** 20, "MB", live / 2 ** 20, "at most", 3)]);
} finally {
  await engine.close();
  await client.query(`DROP SCHEMA ${schema} CASCADE`);
  await client.end();
}
