/** Databases as SQL, and back. */
import { execFileSync } from "node:child_process";
import { type Driver, openDriver, type Value } from "../../../stores/sqlite/driver.ts";
import * as mysqlServer from "../../servers/mysql.ts";
import * as postgresServer from "../../servers/postgres.ts";

/** Names that a dump has, and a copy of it has not. */
export const SCHEMA = "coldframe_golden";
export const PREFIX = "coldframe_golden_";

export function dumpSqlite(file: string): string {
  const driver = openDriver(file, 0);
  try {
    const objects = driver.prepare("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL").all();
    const own = objects.filter(({ name }) => !name.startsWith("sqlite_"));
    const tables = own.filter(({ type }) => type === "table").map(({ name }) => name as string);
    const pragma = (name: string) => `PRAGMA ${name} = ${driver.prepare(`PRAGMA ${name}`).get()![name]};`;
    const lines = own.map(({ sql }) => `${sql};`);
    lines.push(pragma("application_id"), pragma("user_version"));
    for (const table of tables) lines.push(...rowsOf(driver, table));
    lines.push(...rowsOf(driver, "sqlite_sequence"));
    return `${lines.join("\n")}\n`;
  } finally {
    driver.close();
  }
}

function rowsOf(driver: Driver, table: string): string[] {
  return driver
    .prepare(`SELECT * FROM ${table}`)
    .all()
    .map((row) => {
      const values = Object.values(row as Record<string, Value>)
        .map(literal)
        .join(", ");
      return `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${values});`;
    });
}

function literal(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return `X'${Buffer.from(value as Uint8Array).toString("hex")}'`;
}

export function loadSqlite(file: string, dump: string): void {
  const driver = openDriver(file, 0);
  driver.exec(`BEGIN;\n${dump}COMMIT;`);
  driver.close();
}

/** With the tools of the database, which have to be there. */
export function dumpPostgres(url: string): string {
  const text = run("pg_dump", ["--inserts", "--no-owner", "--no-privileges", `--schema=${SCHEMA}`, url]);
  // What a session is set to, and what other versions of the server do not know.
  return text.replaceAll(/^(--.*|\\.*|SET .*|SELECT pg_catalog\.set_config.*)?\n/gm, "");
}

export async function loadPostgres(url: string, schema: string, dump: string): Promise<void> {
  await postgresServer.inDatabase(url, dump.replaceAll(SCHEMA, schema));
}

export async function dumpMysql(url: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const database = pathname.slice(1);
  const [rows] = await mysqlServer.inDatabase(url, `SHOW TABLES LIKE '${PREFIX}%'`);
  const tables = (rows as object[]).map((row) => Object.values(row)[0] as string);
  const login = [
    `-h${hostname}`,
    `-P${port}`,
    `-u${username}`,
    ...(password === "" ? [] : [`-p${password}`]),
  ];
  const form = ["--compact", "--hex-blob", "--complete-insert", "--no-tablespaces"];
  return run("mysqldump", [...login, ...form, database, ...tables]).replaceAll(/^\/\*M?!.*\n/gm, "");
}

export async function loadMysql(url: string, prefix: string, dump: string): Promise<void> {
  const statements = dump.replaceAll(PREFIX, prefix).split(/;\n/);
  await mysqlServer.inDatabase(url, ...statements.filter((text) => text.trim() !== ""));
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
}
