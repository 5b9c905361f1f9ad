/** Databases as files, and back: those of SQLite as they are, those of servers as SQL, all of them compressed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { escape } from "mysql2";
import type { Store } from "../../../runtime/index.ts";
import { mysql } from "../../../stores/mysql/index.ts";
import { postgres } from "../../../stores/postgres/index.ts";
import { openDriver } from "../../../stores/sqlite/driver.ts";
import { sqlite } from "../../../stores/sqlite/index.ts";
import * as mysqlServer from "../../servers/mysql.ts";
import * as postgresServer from "../../servers/postgres.ts";

/** A place for one database. */
export interface Place {
  connect(): Store;
  /** What is in it. Nobody writes to it. */
  dump(): Promise<Buffer>;
  /** Puts a dump there. */
  load(dump: Buffer): Promise<void>;
  /** What the database finds wrong with itself. */
  faults(): Promise<readonly unknown[]>;
  /** Its tables, columns and indexes. */
  shape(): Promise<readonly unknown[]>;
  remove(): Promise<void>;
}

export type Kind = "sqlite" | "postgres" | "mysql";

/** Where servers are found, by their kinds; null: there is none. */
export type Servers = Readonly<Record<Exclude<Kind, "sqlite">, string | null>>;

/** Names that a dump has, and a copy of it has not. */
const SCHEMA = "coldframe_golden";
const PREFIX = "coldframe_golden_";

export function place(kind: Kind, servers: Servers): Place {
  if (kind === "sqlite") return sqlitePlace();
  return kind === "postgres" ? postgresPlace(servers.postgres!) : mysqlPlace(servers.mysql!);
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-golden-"));
  const file = join(folder, "runs.db");
  const ask = (sql: string) => {
    const driver = openDriver(file, 1000);
    const rows = driver.prepare(sql).all();
    driver.close();
    return rows;
  };
  return {
    connect: () => sqlite(file),
    async dump() {
      ask("PRAGMA wal_checkpoint(TRUNCATE)");
      return packed(readFileSync(file));
    },
    async load(dump) {
      writeFileSync(file, gunzipSync(dump));
    },
    faults: async () => ask("PRAGMA integrity_check").filter((row) => row.integrity_check !== "ok"),
    shape: async () => ask("SELECT name, sql FROM sqlite_master ORDER BY name"),
    async remove() {
      rmSync(folder, { recursive: true });
    },
  };
}

function postgresPlace(url: string): Place {
  const schema = postgresServer.freshSchema();
  return {
    connect: () => postgres(url, { schema }),
    async dump() {
      const form = [
        "--inserts",
        "--rows-per-insert=100",
        "--no-owner",
        "--no-privileges",
        `--schema=${schema}`,
      ];
      const text = run("pg_dump", [...form, url]);
      // What a session is set to, and what other versions of the server do not know.
      const statements = text.replaceAll(/^(--.*|\\.*|SET .*|SELECT pg_catalog\.set_config.*)?\n/gm, "");
      return packed(statements.replaceAll(schema, SCHEMA));
    },
    async load(dump) {
      await postgresServer.inDatabase(url, gunzipSync(dump).toString().replaceAll(SCHEMA, schema));
    },
    faults: async () => [],
    async shape() {
      const found = await postgresServer.inDatabase(
        url,
        `SELECT table_name, column_name, data_type, collation_name, column_default, is_nullable FROM information_schema.columns
          WHERE table_schema = '${schema}' ORDER BY 1, 2`,
        `SELECT replace(indexdef, '${schema}', '') AS index FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`,
      );
      return found.flat();
    },
    remove: () => postgresServer.dropSchema(url, schema),
  };
}

function mysqlPlace(url: string): Place {
  const prefix = mysqlServer.freshPrefix();
  return {
    connect: () => mysql(url, { prefix }),
    async dump() {
      const text: string[] = [];
      for (const table of await mysqlServer.tablesOf(url, prefix))
        text.push(...(await statementsOf(url, table)));
      return packed(
        text
          .map((statement) => `${statement};\n`)
          .join("")
          .replaceAll(prefix, PREFIX),
      );
    },
    async load(dump) {
      const statements = gunzipSync(dump).toString().replaceAll(PREFIX, prefix).split(/;\n/);
      await mysqlServer.inDatabase(url, ...statements.filter((text) => text.trim() !== ""));
    },
    faults: async () => [],
    async shape() {
      const found = await mysqlServer.inDatabase(
        url,
        `SELECT SUBSTRING(table_name, ${prefix.length + 1}) AS t, column_name, column_type, collation_name, is_nullable, extra
          FROM information_schema.columns WHERE table_schema = DATABASE() AND LEFT(table_name, ${prefix.length}) = '${prefix}' ORDER BY 1, 2`,
        `SELECT SUBSTRING(table_name, ${prefix.length + 1}) AS t, index_name, seq_in_index, column_name, non_unique
          FROM information_schema.statistics WHERE table_schema = DATABASE() AND LEFT(table_name, ${prefix.length}) = '${prefix}' ORDER BY 1, 2, 3`,
      );
      return found.flat();
    },
    remove: () => mysqlServer.dropTables(url, prefix),
  };
}

/** What makes a table and its rows, without the columns that the server computes: its own tool dumps them too. */
async function statementsOf(url: string, table: string): Promise<readonly string[]> {
  const [created, columns] = await mysqlServer.inDatabase(
    url,
    `SHOW CREATE TABLE \`${table}\``,
    `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE()
      AND table_name = '${table}' AND extra NOT LIKE '%GENERATED%' ORDER BY ordinal_position`,
  );
  const names = (columns as { name: string }[]).map(({ name }) => `\`${name}\``).join();
  const [rows] = await mysqlServer.inDatabase(url, `SELECT ${names} FROM \`${table}\``);
  const tuples = (rows as object[]).map(
    (row) =>
      `(${Object.values(row)
        .map((value) => escape(value))
        .join()})`,
  );
  const create = (created![0] as Record<string, string>)["Create Table"]!;
  if (tuples.length === 0) return [create];
  return [create, `INSERT INTO \`${table}\` (${names}) VALUES ${tuples.join()}`];
}

/** The same bytes for the same content. */
const packed = (content: string | Buffer): Buffer => gzipSync(content, { level: 9 });

/** With the tools of the database, which have to be there. */
function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
}
