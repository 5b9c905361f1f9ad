/**
 * A Postgres server for tests: that of `DATABASE_URL`, else one on the standard local port. What is tested lives in schemas of
 * its own, which are dropped.
 */
import { Client } from "pg";

/** Where servers are looked for that nobody named. */
const LOCAL = [
  "postgres://postgres@127.0.0.1:5432/test",
  "postgres://postgres:postgres@127.0.0.1:5432/postgres",
];

/** Null: none answers. */
export async function findPostgres(): Promise<string | null> {
  const named = process.env.DATABASE_URL;
  if (named !== undefined && named !== "") return named;
  for (const url of LOCAL) if (await answers(url)) return url;
  return null;
}

export async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

let schemas = 0;

/** A name that no other process and no other test uses. */
export function freshSchema(): string {
  return `cf_test_${process.pid}_${Date.now().toString(36)}_${schemas++}`;
}

/** Does `statements` as the user of the URL. */
export async function inDatabase(url: string, ...statements: readonly string[]): Promise<unknown[][]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const results: unknown[][] = [];
    for (const text of statements) results.push((await client.query(text)).rows);
    return results;
  } finally {
    await client.end();
  }
}

/** Removes all rows of our tables, which takes a tenth of the time of new ones, and the tables that tests have made. */
export async function emptySchema(url: string, schema: string, made: readonly string[] = []): Promise<void> {
  const [rows] = await inDatabase(
    url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${schema}'`,
  );
  const names = (rows as { name: string }[]).map(({ name }) => name);
  const dropped = names.filter((name) => made.includes(name));
  const emptied = names.filter((name) => name !== "coldframe" && !made.includes(name));
  await inDatabase(
    url,
    [
      ...dropped.map((name) => `DROP TABLE "${schema}"."${name}"`),
      ...emptied.map((name) => `DELETE FROM "${schema}"."${name}"`),
    ].join(";"),
  );
}

export async function dropSchema(url: string, schema: string): Promise<void> {
  await inDatabase(url, `DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
}
