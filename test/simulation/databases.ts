/** The databases that simulations run on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../runtime/engine/store.ts";
import { memory } from "../../stores/memory/index.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { type SqliteStore, sqlite } from "../../stores/sqlite/index.ts";
import type { Database } from "./simulation.ts";

export function memoryDatabase(): Database {
  const data = memory();
  return { connect: () => data.connect(), close: async () => {} };
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
    async close() {
      for (const store of opened) await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
