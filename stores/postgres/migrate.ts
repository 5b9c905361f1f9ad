/**
 * Brings the schema up to date, forward only. Looks before it writes: a schema that is not ours, or is newer than this code,
 * is left exactly as it is. Workers that start at one time do it one after the other.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import type { Connections, Session } from "./connections.ts";
import { stateOf } from "./failures.ts";
import { hashOf } from "./names.ts";
import { migrations, OLDEST_SERVER, SCHEMA_VERSION } from "./schema.ts";

/**
 * @param create whether the schema is made when it does not exist
 * @throws ColdframeError CF3002 newer, CF3014 not ours, CF3016 a server that is too old
 */
export async function migrate(connections: Connections, schema: string, create: boolean): Promise<void> {
  const found = await connections.session((session) => versionOf(session, connections, schema));
  if (found !== SCHEMA_VERSION) await bring(connections, schema, create, found);
  connections.mark = (await connections.run("mark", [])).rows[0].mark;
}

async function bring(
  connections: Connections,
  schema: string,
  create: boolean,
  found: number,
): Promise<void> {
  if (found === 0 && !create) {
    throw new ColdframeError(
      "CF3014",
      `there is no schema "${schema}" with runs at ${connections.where}. A worker makes it when it starts for the first time`,
    );
  }
  await connections.transaction(async (session) => {
    await session.text("SELECT pg_advisory_xact_lock($1::bigint)", [hashOf(`migrate ${schema}`)]);
    const version = await versionOf(session, connections, schema);
    if (version === SCHEMA_VERSION) return;
    if (version === 0 && !(await exists(session, schema))) {
      // When another session without the lock was faster.
      await session.text(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    }
    if (version === 0) {
      await session.text(connections.named("CREATE TABLE @coldframe (version integer NOT NULL)"));
      await session.text(connections.named("INSERT INTO @coldframe (version) VALUES (0)"));
    }
    for (let next = version; next < SCHEMA_VERSION; next++)
      await session.text(connections.named(migrations[next]!));
    await session.text(connections.named("UPDATE @coldframe SET version = $1::int"), [SCHEMA_VERSION]);
  });
}

async function exists(session: Session, schema: string): Promise<boolean> {
  const { rows } = await session.text("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
  return rows.length > 0;
}

/** The version found: 0 when there is nothing. */
async function versionOf(session: Session, connections: Connections, schema: string): Promise<number> {
  const { rows } = await session.text(
    `SELECT current_setting('server_version_num')::int AS server,
      current_setting('default_transaction_isolation') AS isolation,
      (SELECT count(*)::int FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
        WHERE s.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm')) AS tables,
      (SELECT count(*)::int FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
        WHERE s.nspname = $1 AND c.relkind = 'r' AND c.relname = 'coldframe') AS ours`,
    [schema],
  );
  const { server, isolation, tables, ours } = rows[0];
  connections.isIsolated(isolation);
  if (server < OLDEST_SERVER) {
    throw new ColdframeError(
      "CF3016",
      `${connections.where} is version ${(server / 10_000) | 0}; coldframe needs Postgres ${OLDEST_SERVER / 10_000} or newer. Nothing was changed`,
    );
  }
  if (tables === 0) return 0;
  const foreign = new ColdframeError(
    "CF3014",
    `the schema "${schema}" at ${connections.where} holds ${tables} tables of another program. It was left as it is; choose another with postgres(url, { schema })`,
  );
  if (ours === 0) throw foreign;
  const found = await session.text(connections.named("SELECT version FROM @coldframe")).catch((error) => {
    throw stateOf(error) === "42703" ? foreign : error;
  });
  const version = found.rows[0]?.version;
  if (typeof version !== "number") throw foreign;
  if (version > SCHEMA_VERSION) {
    throw new ColdframeError(
      "CF3002",
      `the schema "${schema}" at ${connections.where} has version ${version}, this version of coldframe knows up to ${SCHEMA_VERSION}. It was left as it is; upgrade coldframe.`,
    );
  }
  return version;
}
