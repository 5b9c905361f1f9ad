/** The databases that simulations run on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import { type RunDetail, type Store, SYSTEM_GROUP } from "../../runtime/engine/store.ts";
import { type MemoryTransaction, memory } from "../../stores/memory/index.ts";
import { type MysqlStore, mysql } from "../../stores/mysql/index.ts";
import { type PostgresStore, postgres } from "../../stores/postgres/index.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { type SqliteStore, type SqliteTransaction, sqlite } from "../../stores/sqlite/index.ts";
import { dropTables, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, freshSchema } from "../servers/postgres.ts";
import type { Database } from "./simulation.ts";

const itself = (store: Store): Store => store;

/** @param labels of all counters, of whichever database */
export function memoryDatabase(labels: Set<string> = new Set()): Database {
  const data = memory();
  return {
    connect: (reach = itself) => reach(data.connect()),
    add(tx, label) {
      labels.add(label);
      const values = tx as MemoryTransaction;
      values.set(label, Number(values.get(label) ?? 0) + 1);
    },
    counters: () =>
      data.transaction((tx) => {
        const all = [...labels].map((label) => [label, Number(tx.get(label) ?? 0)] as const);
        return new Map(all.filter(([, times]) => times !== 0));
      }),
    close: async () => {},
  };
}

/** A file with a connection for each process. Nothing of a simulation outlives it, so nothing is synchronised. */
export function sqliteDatabase(): Database {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-simulation-"));
  const opened: SqliteStore[] = [];
  return {
    connect(reach = itself): Store {
      const store = sqlite(join(folder, "runs.db"), {
        // A timer of the platform, and no part of the simulated time.
        poll: 2 ** 30,
        open(file, busy) {
          const driver = openDriver(file, busy);
          return {
            ...driver,
            exec: (sql) => driver.exec(sql.replace("synchronous = FULL", "synchronous = OFF")),
          };
        },
      });
      opened.push(store);
      return reach(store);
    },
    add(tx, label) {
      const transaction = tx as SqliteTransaction;
      transaction.exec("CREATE TABLE IF NOT EXISTS counters (label TEXT PRIMARY KEY, times INTEGER)");
      const sql = "INSERT INTO counters VALUES (?, 1) ON CONFLICT (label) DO UPDATE SET times = times + 1";
      transaction.run(sql, label);
    },
    async counters() {
      const driver = openDriver(join(folder, "runs.db"), 1000);
      const [table] = driver.prepare("SELECT 1 FROM sqlite_master WHERE name = 'counters'").all();
      const rows = table === undefined ? [] : driver.prepare("SELECT label, times FROM counters").all();
      driver.close();
      return new Map(rows.map(({ label, times }) => [label, times]));
    },
    async close() {
      for (const store of opened) await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A schema for each simulation on a real server. Hints between processes take no part in it: they come in real time. */
export function postgresDatabase(url: string): () => Database {
  const options = "-c synchronous_commit=off";
  return () => {
    const schema = freshSchema();
    const pool = new Pool({ connectionString: url, max: 12, options });
    const opened: PostgresStore[] = [];
    return {
      connect(reach = itself): Store {
        const store = postgres(pool, { schema, listen: false });
        opened.push(store);
        return reach(store);
      },
      add: null,
      counters: async () => new Map(),
      async close() {
        for (const store of opened) await store.close();
        await pool.end();
        await dropSchema(url, schema);
      },
    };
  };
}

/** Tables for each simulation on a real server. Signals between processes take no part in it: they come in real time. */
export function mysqlDatabase(url: string): () => Database {
  return () => {
    const prefix = freshPrefix();
    const pool = createPool({ uri: url, connectionLimit: 12 });
    const opened: MysqlStore[] = [];
    return {
      connect(reach = itself): Store {
        const store = mysql(pool, { prefix, poll: 0 });
        opened.push(store);
        return reach(store);
      },
      add: null,
      counters: async () => new Map(),
      async close() {
        for (const store of opened) await store.close();
        await pool.end();
        await dropTables(url, prefix);
      },
    };
  };
}

/** Each name for itself: children are anywhere, and so is all that a run has to do with others. */
class Scattered extends Routing {
  protected override part(name: string): string {
    return name;
  }
}

/** Several databases. What a process does in one of them can fail while it does something in another. */
export function shardedDatabase(
  one: (labels: Set<string>) => Database,
  count: number,
  scattered: boolean,
): () => Database {
  return () => {
    const labels = new Set<string>();
    const all = Array.from({ length: count }, () => one(labels));
    const routing = scattered ? new Scattered(count) : new Routing(count);
    let looking: Promise<readonly Store[]> | null = null;
    const look = () =>
      Promise.all(
        all.map(async (database) => {
          const store = database.connect();
          await store.migrate();
          return store;
        }),
      );
    const { add } = all[0]!;
    return {
      connect: (reach = itself, timers = undefined, timing = undefined) =>
        new ShardedStore(
          all.map((database) => reach(database.connect())),
          routing,
          timers,
          timing,
        ),
      add,
      async errands() {
        looking ??= look();
        const found = await Promise.all(
          (await looking).map(async ({ read }) => {
            const rows = await read.runs({ group: SYSTEM_GROUP, limit: 100 });
            return Promise.all(rows.map(({ id }) => read.run(id)));
          }),
        );
        // A message that nobody takes any more keeps its place in the channel, as in one database.
        const isKept = (run: RunDetail) =>
          run.call.includes('"loose":true') && run.worker === null && run.due === null;
        return found.flat().filter((run) => run !== null && !isKept(run));
      },
      async counters() {
        const sums = new Map<string, number>();
        for (const database of all)
          for (const [label, times] of await database.counters())
            sums.set(label, (sums.get(label) ?? 0) + times);
        return sums;
      },
      async close() {
        for (const database of all) await database.close();
      },
    };
  };
}
