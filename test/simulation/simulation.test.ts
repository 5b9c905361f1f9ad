/**
 * Some hundred simulations in virtual time (simulation.ts); `.ci/run` makes thousands. `npm run simulate -- --time 600 --seed N --store postgres` for more.
 * A failure prints its seed and the smallest scenario that still fails.
 */
import { expect, it } from "vitest";
import { findMysql } from "../servers/mysql.ts";
import { findPostgres } from "../servers/postgres.ts";
import { campaign } from "./campaign.ts";
import {
  memoryDatabase,
  mysqlDatabase,
  postgresDatabase,
  shardedDatabase,
  sqliteDatabase,
} from "./databases.ts";
import { faultKinds } from "./faults.ts";
import type { Database } from "./simulation.ts";

const seconds = Number(process.env["SIMULATE_SECONDS"] ?? "0");
const seed = Number(process.env["SIMULATE_SEED"] ?? "1");

const only = process.env["SIMULATE_STORE"];
const server = await findPostgres();
const mysqlServer = await findMysql();

type Regime = [name: string, database: () => Database, simulations: number];
const servers: Regime[] = [
  ...(server === null ? [] : [["postgres", postgresDatabase(server), 4] as Regime]),
  ...(mysqlServer === null ? [] : [["mysql", mysqlDatabase(mysqlServer), 3] as Regime]),
];
/** Several databases of a server: when they are asked for. */
const onlyAsked = servers.flatMap(([name, database]): Regime[] => [
  [`sharded-${name}`, shardedDatabase(database, 2, false), 4],
  [`scattered-${name}`, shardedDatabase(database, 3, true), 4],
]);
const always: Regime[] = [
  ["memory", () => memoryDatabase(), 200],
  ["sqlite", sqliteDatabase, 50],
  ["sharded", shardedDatabase(memoryDatabase, 2, false), 40],
  ["scattered", shardedDatabase(memoryDatabase, 3, true), 40],
  ["sharded-sqlite", shardedDatabase(sqliteDatabase, 2, false), 6],
  ["scattered-sqlite", shardedDatabase(sqliteDatabase, 3, true), 6],
  ...servers,
];
const stores = only === undefined ? always : [...always, ...onlyAsked].filter(([name]) => name === only);

/** Of so many simulations each fault is hit at least once in every so many. */
const ENOUGH = 100;

it.each(stores)(
  "whatever fails, on the store %s, ends as the model says",
  async (_, database, simulations) => {
    const end = Date.now() + (seconds * 1000) / stores.length;
    const until = (done: number) => (seconds > 0 ? Date.now() > end : done >= simulations);
    const { failure, coverage, simulations: made } = await campaign(seed, database, until);
    if (failure !== null) {
      expect.fail(
        `seed ${failure.seed}\n${failure.violations.join("\n")}\nsmallest: ${JSON.stringify(failure.scenario, null, 1)}`,
      );
    }
    if (seconds > 0) console.log(`${made} simulations`, coverage);
    const few = Math.floor(made / ENOUGH);
    expect(faultKinds.filter((kind) => coverage[kind] < few).map((kind) => [kind, coverage[kind]])).toEqual(
      [],
    );
  },
  seconds * 1000 + 400_000,
);
