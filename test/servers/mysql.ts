/**
 * A MySQL or MariaDB server for tests: that of `MYSQL_URL`, else one on the standard local port. What is tested lives in tables
 * with a prefix of their own, which are dropped.
 */
import { createConnection } from "mysql2/promise";

/** Where servers are looked for that nobody named. */
const LOCAL = ["mysql://root@127.0.0.1:3306/test", "mysql://root:root@127.0.0.1:3306/test"];

/** Null: none answers. */
export async function findMysql(): Promise<string | null> {
  const named = process.env.MYSQL_URL;
  if (named !== undefined && named !== "") return named;
  for (const url of LOCAL) if (await answers(url)) return url;
  return null;
}

export async function answers(url: string): Promise<boolean> {
  try {
    const connection = await createConnection({ uri: url, connectTimeout: 2000 });
    await connection.query("SELECT 1");
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

let prefixes = 0;

/** What no tables of another process or test begin with. */
export function freshPrefix(): string {
  return `cf_${process.pid}_${Date.now().toString(36)}_${prefixes++}_`;
}

/** Does `statements` as the user of the URL. */
export async function inDatabase(url: string, ...statements: readonly string[]): Promise<unknown[][]> {
  const connection = await createConnection({ uri: url });
  try {
    const results: unknown[][] = [];
    for (const text of statements) results.push((await connection.query(text))[0] as unknown[]);
    return results;
  } finally {
    await connection.end();
  }
}

export async function tablesOf(url: string, prefix: string): Promise<readonly string[]> {
  const [rows] = await inDatabase(
    url,
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND LEFT(table_name, ${prefix.length}) = '${prefix}'`,
  );
  return (rows as { name: string }[]).map(({ name }) => name);
}

/** Removes all rows of our tables, which takes a tenth of the time of new ones, and the tables that tests have made. */
export async function emptyTables(url: string, prefix: string, made: readonly string[] = []): Promise<void> {
  const names = await tablesOf(url, prefix);
  const dropped = names.filter((name) => made.includes(name.slice(prefix.length)));
  const emptied = names.filter((name) => name !== `${prefix}coldframe` && !dropped.includes(name));
  await inDatabase(
    url,
    ...dropped.map((name) => `DROP TABLE \`${name}\``),
    "START TRANSACTION",
    ...emptied.map((name) => `DELETE FROM \`${name}\``),
    "COMMIT",
  );
}

export async function dropTables(url: string, prefix: string): Promise<void> {
  const names = await tablesOf(url, prefix);
  if (names.length > 0) await inDatabase(url, `DROP TABLE ${names.map((name) => `\`${name}\``).join()}`);
}
