/** The databases of the campaign: a server of its own, what of its log proves that a fault was hit, and who disturbs it. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import type { Store } from "../../runtime/engine/store.ts";
import { mysql } from "../../stores/mysql/index.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { embeddedPostgres } from "../servers/embedded-postgres.ts";
import type { OwnServer } from "../servers/own.ts";
import { mysqlPrograms, ownMysql } from "../servers/own-mysql.ts";
import { ownPair } from "../servers/own-pair.ts";
import { ownPostgres, postgresPrograms } from "../servers/own-postgres.ts";
import type { Random } from "../simulation/random.ts";

export type DatabaseName = "postgres" | "mysql";
/** `standby`: Postgres with a synchronous standby, which is promoted whenever the primary ends. */
export type LaboratoryName = DatabaseName | "standby";

export interface Laboratory {
  readonly name: DatabaseName;
  readonly server: OwnServer;
  /** Ways in which the server can be ended. */
  readonly crashes: readonly NodeJS.Signals[];
  /** What its log says when it was hit, by the name of the fault. Null: nothing, but whoever was hit is told. */
  readonly proofs: Readonly<Record<string, RegExp | null>>;
  /** The query of the transactions that are open. */
  readonly transactions: string;
  /** A store that reaches the server by this URL. */
  open(url: string): Store;
  /** The URL by which a worker reaches it. `strict`: transactions of the session are repeatable reads unless it says otherwise. */
  urlOf(port: number, strict: boolean): string;
  /** Statements one after the other, on a connection of their own. */
  ask(...statements: readonly string[]): Promise<Rows>;
  /** A connection of the driver's own, through this port. */
  connect(port: number): Promise<OwnConnection>;
  /** Locks rows of runs in an order that meets those of the store. */
  collide(random: Random): Promise<void>;
  /** Fills its disk, and empties it again. Null: it cannot be done here, and why. */
  readonly disk: { fill(): void; free(): void } | string;
  remove(): Promise<void>;
}

/** A connection that is not the store's. */
export interface OwnConnection {
  /** What `engine.with` takes. */
  readonly client: object;
  /** Begins a transaction. */
  begin(isolation: Isolation): Promise<void>;
  query(text: string): Promise<Rows>;
  close(): void;
}

export type Isolation = "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE";

type Rows = readonly Readonly<Record<string, unknown>>[];

/** @returns what is missing, when it cannot be had */
export async function openLaboratory(name: LaboratoryName): Promise<Laboratory | string> {
  if (name !== "mysql") {
    try {
      return await postgresLaboratory(postgresPrograms() ?? embeddedPostgres(), name === "standby");
    } catch (error) {
      return (error as Error).message;
    }
  }
  const programs = mysqlPrograms();
  return programs === null ? "mariadbd or mysqld was not found" : mysqlLaboratory(programs);
}

async function postgresLaboratory(bin: string, isPair: boolean): Promise<Laboratory> {
  const disk = isPair ? "it was not tried with a standby" : smallDisk();
  const settings = {
    max_connections: "200",
    deadlock_timeout: "40ms",
    max_wal_size: "64MB",
    min_wal_size: "16MB",
  };
  const folder = typeof disk === "string" ? undefined : join(disk.folder, "cluster");
  const server = isPair ? await ownPair(bin, settings) : await ownPostgres(bin, settings, folder);
  const urlOf = (port: number) => server.url.replace(/:\d+\//, `:${port}/`);
  const connect: Laboratory["connect"] = async (port) => {
    const client = new Client({
      connectionString: urlOf(port),
      connectionTimeoutMillis: 3000,
      query_timeout: 10_000,
    });
    client.on("error", () => {});
    const close = () => void client.end().catch(() => {});
    await client.connect().catch((error) => {
      close();
      throw error;
    });
    const query = async (text: string): Promise<Rows> => (await client.query(text)).rows;
    return {
      client,
      query,
      begin: async (isolation) => void (await query(`BEGIN ISOLATION LEVEL ${isolation}`)),
      close,
    };
  };
  const ask = asking(() => connect(server.port));
  return {
    name: "postgres",
    server,
    crashes: ["SIGQUIT", "SIGKILL"],
    transactions:
      "SELECT pid, state, wait_event, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL",
    proofs: {
      "server ended, recovered": /automatic recovery in progress|all server processes terminated/g,
      ...(isPair ? { "standby promoted": /selected new timeline ID/g } : {}),
      deadlock: /ERROR: {2}deadlock detected/g,
      "serialization failure": /ERROR: {2}could not serialize access/g,
      ...(isPair ? {} : { "disk full": /No space left on device/g }),
    },
    open: (url) => postgres(url, { connectTimeout: 3000, answerTimeout: 5000 }),
    urlOf: (port, strict) =>
      `${urlOf(port)}${strict ? "?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read" : ""}`,
    connect,
    ask,
    collide: (random) => collide(ask, random, "coldframe.queue", "BEGIN", "pg_sleep"),
    disk,
    async remove() {
      await server.remove();
      if (typeof disk !== "string") disk.remove();
    },
  };
}

/** Megabytes that a cluster and its log of 64 MB have. */
const DISK = 384;

/** A file system in memory, which takes root to make. */
function smallDisk(): { folder: string; fill(): void; free(): void; remove(): void } | string {
  if (process.getuid?.() !== 0) return "it takes root to make a small disk";
  const folder = mkdtempSync(join(tmpdir(), "coldframe-disk-"));
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK}m`, "tmpfs", folder], {
    encoding: "utf8",
  });
  if (status !== 0) return `a small disk cannot be made: ${stderr.trim()}`;
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize));
      } catch {
        // Somebody else took the last of it.
      }
    },
    free: () => rmSync(ballast, { force: true }),
    remove() {
      spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function mysqlLaboratory(programs: NonNullable<ReturnType<typeof mysqlPrograms>>): Promise<Laboratory> {
  const server = await ownMysql(programs, {
    "innodb-print-all-deadlocks": "ON",
    "max-connections": "200",
    "loose-innodb-snapshot-isolation": "ON",
  });
  const urlOf = (port: number) => server.url.replace(/:\d+\//, `:${port}/`);
  const connect: Laboratory["connect"] = async (port) => {
    const connection = await createConnection({ uri: urlOf(port), connectTimeout: 3000 });
    connection.on("error", () => {});
    const query = async (sql: string): Promise<Rows> => {
      const [rows] = await connection.query({ sql, timeout: 10_000 });
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    };
    return {
      client: connection,
      query,
      async begin(isolation) {
        await query(`SET TRANSACTION ISOLATION LEVEL ${isolation}`);
        await query("START TRANSACTION");
      },
      close: () => connection.destroy(),
    };
  };
  const ask = asking(() => connect(server.port));
  return {
    name: "mysql",
    server,
    crashes: ["SIGKILL"],
    transactions:
      "SELECT trx_mysql_thread_id, trx_state, trx_started, trx_query FROM information_schema.innodb_trx",
    proofs: {
      "server ended, recovered": /Starting crash recovery|crash recovery from checkpoint|Starting recovery/gi,
      deadlock: /(?:Transactions deadlock detected|\*\*\* WE ROLL BACK TRANSACTION)/g,
      "serialization failure": null,
    },
    open: (url) => mysql(url, { connectTimeout: 3000, answerTimeout: 5000, poll: 500 }),
    urlOf,
    connect,
    ask,
    collide: (random) => collide(ask, random, "coldframe_queue", "START TRANSACTION", "SLEEP"),
    disk: "it was not tried with this database",
    remove: () => server.remove(),
  };
}

/** Statements on a connection that is given up then. */
function asking(connect: () => Promise<OwnConnection>): Laboratory["ask"] {
  return async (...statements) => {
    const connection = await connect();
    try {
      let rows: Rows = [];
      for (const text of statements) rows = await connection.query(text);
      return rows;
    } finally {
      connection.close();
    }
  };
}

/** Locks rows of runs from the last to the first, and takes its time. */
async function collide(
  ask: Laboratory["ask"],
  random: Random,
  queue: string,
  begin: string,
  sleep: string,
): Promise<void> {
  try {
    const rows = await ask(`SELECT n FROM ${queue} WHERE status = 'active' ORDER BY n DESC LIMIT 100`);
    const numbers = rows.map(({ n }) => Number(n)).filter(() => random.chance(0.2));
    const locks = numbers.map((n) => [
      `SELECT 1 FROM ${queue} WHERE n = ${n} FOR UPDATE`,
      `SELECT ${sleep}(0.02)`,
    ]);
    await ask(begin, ...locks.flat(), "ROLLBACK");
  } catch {
    // It was the victim, or there is no server.
  }
}
