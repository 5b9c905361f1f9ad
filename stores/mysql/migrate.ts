/**
 * Brings the tables up to date, forward only. Looks before it writes: tables that are not ours, or are newer than this code,
 * are left exactly as they are. Workers that start at one time do it one after the other.
 */
import { createHash } from "node:crypto";
import { ColdframeError } from "../../runtime/errors.ts";
import type { Connections, Session } from "./connections.ts";
import { numberOf } from "./failures.ts";
import { migrations, OLDEST, SCHEMA_VERSION } from "./schema.ts";
import type { Server } from "./sql.ts";
import { statements } from "./statements.ts";

/** How long to wait for another one that migrates, in seconds. */
const PATIENCE = 120;

/** There is such a column, or such a key. */
const IS_THERE: readonly number[] = [1060, 1061];

/**
 * @param create whether the tables are made when there are none
 * @throws ColdframeError CF3002 newer, CF3014 not ours, CF3016 a server that is too old or set up otherwise
 */
export async function migrate(connections: Connections, create: boolean): Promise<void> {
  await connections.session(async (session) => {
    connections.server = await serverOf(session, connections.where);
  });
  await connections.session(async (session) => {
    await bringUpToDate(session, connections, create);
    connections.mark = (await session.run(statements.mark)).rows[0].mark;
  });
}

async function bringUpToDate(session: Session, connections: Connections, create: boolean): Promise<void> {
  const found = await versionOf(session, connections);
  if (found === SCHEMA_VERSION) return;
  if (found === null && !create) {
    throw new ColdframeError(
      "CF3014",
      `there are no tables "${connections.prefix}…" at ${connections.where}. A worker makes them when it starts for the first time`,
    );
  }
  const lock = await lockOf(session, connections.prefix);
  const { rows } = await session.run("SELECT GET_LOCK(?, ?) AS got", [lock, PATIENCE]);
  if (rows[0].got !== 1) {
    throw new ColdframeError(
      "CF3013",
      `${connections.where}: another process has been bringing the tables up to date for ${PATIENCE} seconds. Look for what it waits for`,
    );
  }
  try {
    await bring(session, connections);
  } finally {
    await session.run("SELECT RELEASE_LOCK(?) AS released", [lock]);
  }
}

async function bring(session: Session, connections: Connections): Promise<void> {
  const version = await versionOf(session, connections);
  // First of all, so that what breaks off is known to be ours.
  if (version === null) {
    await session.run("CREATE TABLE IF NOT EXISTS @version (version INT NOT NULL PRIMARY KEY) ENGINE=InnoDB");
    await session.run("INSERT IGNORE INTO @version (version) VALUES (0)");
  }
  for (let next = version ?? 0; next < SCHEMA_VERSION; next++) {
    for (const text of migrations[next]!) {
      try {
        await session.run(text);
      } catch (error) {
        // A migration that broke off here was made this far.
        if (!IS_THERE.includes(numberOf(error) ?? 0)) throw error;
      }
    }
    await session.run("UPDATE @version SET version = ?", [next + 1]);
  }
}

/** Locks of this kind are the whole server's, and their names short. */
async function lockOf(session: Session, prefix: string): Promise<string> {
  const [{ name }] = (await session.run("SELECT DATABASE() AS name")).rows as [{ name: string }];
  return `coldframe ${createHash("sha1").update(`${name} ${prefix}`).digest("hex")}`;
}

/** What the server is, and that the session can be used. @throws ColdframeError CF3016 */
export async function serverOf(session: Session, where: string): Promise<Server> {
  const [row] = (
    await session.run(`SELECT VERSION() AS version, @@max_allowed_packet AS packet, @@auto_increment_increment AS step,
      @@sql_mode AS mode, @@character_set_client AS client, @@character_set_connection AS connection`)
  ).rows;
  const kind = /mariadb/i.test(row.version) ? "mariadb" : "mysql";
  const version = (/\d+\.\d+\.\d+/.exec(row.version)?.[0] ?? "0.0.0").split(".").map(Number);
  const oldest = OLDEST[kind];
  const differs = oldest.findIndex((least, i) => version[i] !== least);
  const name = kind === "mysql" ? "MySQL" : "MariaDB";
  const unfit = (problem: string) => new ColdframeError("CF3016", `${where} ${problem}. Nothing was changed`);
  if (differs >= 0 && version[differs]! < oldest[differs]!)
    throw unfit(`is ${name} ${version.join(".")}; coldframe needs ${name} ${oldest.join(".")} or newer`);
  if (/NO_BACKSLASH_ESCAPES|ANSI_QUOTES/.test(row.mode))
    throw unfit(
      `has the sql_mode ${row.mode}; coldframe needs one without NO_BACKSLASH_ESCAPES and ANSI_QUOTES`,
    );
  if (!/STRICT_(ALL|TRANS)_TABLES/.test(row.mode))
    throw unfit("has an sql_mode that cuts values which are too long; coldframe needs STRICT_ALL_TABLES");
  if (row.client !== "utf8mb4" || row.connection !== "utf8mb4")
    throw unfit(`has connections in ${row.client}; coldframe needs a pool with the charset utf8mb4`);
  return { kind, packet: row.packet, step: row.step };
}

/** The version found, null when there is nothing. */
async function versionOf(session: Session, { prefix, where }: Connections): Promise<number | null> {
  const { rows } = await session.run(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND LEFT(table_name, ?) = ?`,
    [prefix.length, prefix],
  );
  if (rows.length === 0) return null;
  const foreign = new ColdframeError(
    "CF3014",
    `the tables "${prefix}…" at ${where} are another program's. They were left as they are; choose other names with mysql(url, { prefix })`,
  );
  if (!rows.some(({ name }) => name === `${prefix}version`)) throw foreign;
  const columns = await session.run(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    [`${prefix}version`],
  );
  if (columns.rows.length !== 1 || columns.rows[0].name !== "version") throw foreign;
  const version = (await session.run("SELECT version FROM @version")).rows[0]?.version ?? 0;
  if (typeof version !== "number") throw foreign;
  if (version > SCHEMA_VERSION) {
    throw new ColdframeError(
      "CF3002",
      `the tables "${prefix}…" at ${where} have version ${version}, this version of coldframe knows up to ${SCHEMA_VERSION}. They were left as they are; upgrade coldframe.`,
    );
  }
  return version;
}
