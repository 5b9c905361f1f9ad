/** The databases that simulations run on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import type { Store } from "../../runtime/engine/store.ts";
import { type MemoryTransaction, memory } from "../../stores/memory/index.ts";
import { type MysqlStore, mysql } from "../../stores/mysql/index.ts";
import { type PostgresStore, postgres } from "../../stores/postgres/index.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { type SqliteStore, type SqliteTransaction, sqlite } from "../../stores/sqlite/index.ts";
import { dropTables, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, freshSchema } from "../servers/postgres.ts";
import type { Database } from "./simulation.ts";

export function memoryDatabase(): Database {
  const data = memory();
  const labels = new Set<string>();
  return {
    connect: () => data.connect(),
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
    connect(): Store {
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
      return store;
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
      connect(): Store {
        const store = postgres(pool, { schema, listen: false });
        opened.push(store);
        return store;
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
      connect(): Store {
        const store = mysql(pool, { prefix, poll: 0 });
        opened.push(store);
        return store;
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
