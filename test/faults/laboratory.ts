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
import { ownPostgres, postgresPrograms } from "../servers/own-postgres.ts";
import type { Random } from "../simulation/random.ts";

export type DatabaseName = "postgres" | "mysql";

export interface Laboratory {
  readonly name: DatabaseName;
  readonly server: OwnServer;
  /** Ways in which the server can be ended. */
  readonly crashes: readonly NodeJS.Signals[];
  /** What its log says when it was hit, by the name of the fault. */
  readonly proofs: Readonly<Record<string, RegExp>>;
  /** A store that reaches the server by this URL. */
  open(url: string): Store;
  /** The URL by which a worker reaches it. `strict`: transactions of the session are repeatable reads unless it says otherwise. */
  urlOf(port: number, strict: boolean): string;
  /** Statements one after the other, on a connection of their own. */
  ask(...statements: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Locks rows of runs in an order that meets those of the store. */
  collide(random: Random): Promise<void>;
  /** Fills its disk, and empties it again. Null: it cannot be done here, and why. */
  readonly disk: { fill(): void; free(): void } | string;
  remove(): Promise<void>;
}

/** @returns what is missing, when it cannot be had */
export async function openLaboratory(name: DatabaseName): Promise<Laboratory | string> {
  if (name === "postgres") {
    try {
      return await postgresLaboratory(postgresPrograms() ?? embeddedPostgres());
    } catch (error) {
      return (error as Error).message;
    }
  }
  const programs = mysqlPrograms();
  return programs === null ? "mariadbd or mysqld was not found" : mysqlLaboratory(programs);
}

async function postgresLaboratory(bin: string): Promise<Laboratory> {
  const disk = smallDisk();
  const settings = {
    max_connections: "200",
    deadlock_timeout: "40ms",
    max_wal_size: "64MB",
    min_wal_size: "16MB",
  };
  const server = await ownPostgres(
    bin,
    settings,
    typeof disk === "string" ? undefined : join(disk.folder, "cluster"),
  );
  const ask: Laboratory["ask"] = async (...statements) => {
    const client = new Client({
      connectionString: server.url,
      connectionTimeoutMillis: 3000,
      query_timeout: 10_000,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      let rows: Record<string, unknown>[] = [];
      for (const text of statements) rows = (await client.query(text)).rows;
      return rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
  return {
    name: "postgres",
    server,
    crashes: ["SIGQUIT", "SIGKILL"],
    proofs: {
      "server ended, recovered": /automatic recovery in progress|all server processes terminated/g,
      deadlock: /ERROR: {2}deadlock detected/g,
      "disk full": /No space left on device/g,
    },
    open: (url) => postgres(url, { connectTimeout: 3000, answerTimeout: 5000 }),
    urlOf: (port, strict) =>
      `${server.url.replace(/:\d+\//, `:${port}/`)}${strict ? "?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read" : ""}`,
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
  const server = await ownMysql(programs, { "innodb-print-all-deadlocks": "ON", "max-connections": "200" });
  const ask: Laboratory["ask"] = async (...statements) => {
    const connection = await createConnection({ uri: server.url, connectTimeout: 3000 });
    connection.on("error", () => {});
    try {
      let rows: unknown = [];
      for (const sql of statements) [rows] = await connection.query({ sql, timeout: 10_000 });
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      connection.destroy();
    }
  };
  return {
    name: "mysql",
    server,
    crashes: ["SIGKILL"],
    proofs: {
      "server ended, recovered": /Starting crash recovery|crash recovery from checkpoint|Starting recovery/gi,
      deadlock: /(?:Transactions deadlock detected|\*\*\* WE ROLL BACK TRANSACTION)/g,
    },
    open: (url) => mysql(url, { connectTimeout: 3000, answerTimeout: 5000, poll: 500 }),
    urlOf: (port) => server.url.replace(/:\d+\//, `:${port}/`),
    ask,
    collide: (random) => collide(ask, random, "coldframe_queue", "START TRANSACTION", "SLEEP"),
    disk: "it was not tried with this database",
    remove: () => server.remove(),
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
