/**
 * The engine on Postgres, with fsync: durable steps per second against the least that has to be written (postgres-raw.mjs), in
 * the same process, alternating; how long a run of three steps takes; how long the runs of a killed worker stand still; how long
 * a claim takes among a million parked runs. Server and worker share the machine. `DATABASE_URL` names the server, else one on the standard local port.
 *
 * `node bench/engine/postgres.mjs` prints the rows.
 */
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { postgres } from "coldframe/postgres";
import pg from "pg";
import { limit, median, quantile, ratio, told } from "./figures.mjs";
import { load } from "./load.mjs";
import { PostgresRaw } from "./postgres-raw.mjs";
import { takeover } from "./takeover.mjs";

const url = process.env.DATABASE_URL || "postgres://postgres@127.0.0.1:5432/test";

const { order } = load(
  `export async function charge(customer, amount) { "use step"; return "receipt-" + amount; }
   export async function order(customer, items) {
     "use workflow";
     let receipt = "";
     for (let item = 0; item < items; item++) receipt = await charge(customer, item);
     return receipt;
   }`,
  "bench/postgres-order.ts",
);

const ROUNDS = 5;
const ANY = { groups: null, only: null, except: [] };
let schemas = 0;
const freshSchema = () => `cf_bench_${process.pid}_${schemas++}`;

async function inDatabase(text, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const result = await client.query(text, values);
  await client.end();
  return result;
}

async function withEngine(use) {
  const schema = freshSchema();
  const store = postgres(url, { schema });
  const engine = await createEngine({ store, log: () => {} });
  try {
    return await use(engine, schema, store);
  } finally {
    await engine.close();
    await inDatabase(`DROP SCHEMA ${schema} CASCADE`);
  }
}

/** @returns bytes that one turn of the program writes */
async function bytesOfTurn(engine) {
  const run = await engine.start(order, ["Ada Lovelace", 3]);
  let bytes = 0;
  for await (const state of run.watch())
    if (state.snapshot !== null) bytes = state.snapshot.length + JSON.stringify(state.waits).length;
  return bytes;
}

function steps(id, runs, items, target) {
  return withEngine(async (engine) => {
    const raw = await PostgresRaw.open(url, freshSchema(), (await bytesOfTurn(engine)) || 400);
    const once = async () => {
      const start = () => engine.start(order, ["Ada Lovelace", items]);
      const handles = await Promise.all(Array.from({ length: runs }, start));
      await Promise.all(handles.map((handle) => handle.result()));
    };
    await once();
    await raw.measure(runs, items);
    const rates = [];
    const rawRates = [];
    for (let round = 0; round < ROUNDS; round++) {
      rawRates.push(await raw.measure(runs, items));
      const began = performance.now();
      await once();
      rates.push((runs * items) / ((performance.now() - began) / 1000));
    }
    await raw.close();
    const value = Math.round(median(rates));
    const reference = Math.round(median(rawRates));
    const of = median(rates.map((rate, round) => rate / rawRates[round]));
    return { id, value, unit: "steps/s", reference, ratio: of, target, met: of >= target };
  });
}

/** Runs of three steps, one after the other, beside as many commits of raw. */
function runs() {
  return withEngine(async (engine) => {
    const raw = await PostgresRaw.open(url, freshSchema(), 400);
    const times = [];
    const rawTimes = [];
    for (let i = 0; i < 220; i++) {
      const rawBegan = performance.now();
      await raw.measure(1, 4);
      const began = performance.now();
      await (await engine.start(order, ["Ada Lovelace", 3])).result();
      if (i < 20) continue;
      rawTimes.push(began - rawBegan);
      times.push(performance.now() - began);
    }
    await raw.close();
    return [
      ratio("postgres.runs", median(times), "ms", median(rawTimes), "at most", 2),
      ratio("postgres.runs.p99", quantile(times, 0.99), "ms", quantile(rawTimes, 0.99), "at most", 2),
    ];
  });
}

/** Bytes of all tables and indexes. */
async function bytesIn(schema) {
  const text = `SELECT sum(pg_total_relation_size(c.oid))::float8 AS bytes FROM pg_class c
    WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'`;
  return (await inDatabase(text, [schema])).rows[0].bytes;
}

/** Claims of 100 runs where 200,000 are due, among a million parked ones; beside the same where none is parked. */
async function claims(parked) {
  const schema = freshSchema();
  const store = postgres(url, { schema, listen: false });
  await store.migrate();
  const due = Math.min(parked, 200_000);
  const fill = async (count, from, when) => {
    await inDatabase(`WITH v AS (SELECT generate_series(${from + 1}, ${from + count}) AS n),
      r AS (INSERT INTO ${schema}.runs SELECT n, 'run-' || n, 'm#f', 0, '[]', 's', '{}', NULL, 0 FROM v),
      q AS (INSERT INTO ${schema}.queue (n, entry, grp, priority, due, epoch) SELECT n, 'm#f', 'default', 0, ${when}, 0 FROM v)
      INSERT INTO ${schema}.states SELECT n, 0, 1, 0, E'[]\\n{}' || repeat('x', 300) FROM v`);
    await inDatabase(`VACUUM ANALYZE ${schema}.queue`);
    await inDatabase(`VACUUM ANALYZE ${schema}.states`);
  };
  await store.renew({ id: "w1", lease: 3_600_000, about: "", builds: ["bench"] }, true);
  const measure = async () => {
    const times = [];
    for (let i = 0; i < 60; i++) {
      const began = performance.now();
      await store.due("w1", ANY);
      const claimed = await store.claim("w1", 100, ANY);
      if (claimed.length !== 100) throw new Error("not all could be claimed");
      if (i >= 10) times.push(performance.now() - began);
    }
    return median(times);
  };
  await fill(10_000, 0, "n");
  const few = await measure();
  await fill(due, 10_000, "n");
  const before = await bytesIn(schema);
  await fill(parked, 10_000 + due, "9000000000000 + n");
  const bytes = Math.round(((await bytesIn(schema)) - before) / parked);
  const many = await measure();
  await store.close();
  await inDatabase(`DROP SCHEMA ${schema} CASCADE`);
  return [
    ratio("postgres.claim", many, "ms", few, "at most", 1.5),
    limit("postgres.claim.ms", many, "ms", 50),
    // With room for the next version of each row beside it. Nothing says what it may be.
    told("postgres.parked.bytes", bytes, "bytes", 1024),
  ];
}

/** All rows. @param options `quick`: fewer parked runs */
export async function postgresRows({ quick = false } = {}) {
  try {
    await inDatabase("SELECT 1");
  } catch {
    console.log("  no Postgres server answers: not measured");
    return [];
  }
  return [
    await steps("postgres.steps.one", 1, 500, 0.5),
    await steps("postgres.steps.many", 1000, 50, 0.5),
    ...(await runs()),
    await takeover(url, freshSchema, (schema) => inDatabase(`DROP SCHEMA ${schema} CASCADE`)),
    ...(await claims(quick ? 100_000 : 1_000_000)),
  ];
}

if (fileURLToPath(import.meta.url) === argv[1])
  console.table(await postgresRows({ quick: argv.includes("--quick") }));
