/** Drizzle and Kysely over the transaction of a step, as docs/transactions.md has it. */
import { eq, sql } from "drizzle-orm";
import { int as mysqlInt, mysqlTable } from "drizzle-orm/mysql-core";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { Kysely, MysqlDialect, type MysqlPoolConnection, PostgresDialect } from "kysely";
import type { PoolConnection } from "mysql2/promise";
import type { PoolClient } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { mysql } from "../../stores/mysql/index.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { dropTables, findMysql, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";
import { newRun, passed, turnOf, worker } from "./contract.ts";

interface Tables {
  library_stock: { id: number; amount: number };
}

const arrival = (value: unknown) => ({ wait: 1, threw: false, value: JSON.stringify(value) });
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function begun<S extends ReturnType<typeof mysql> | ReturnType<typeof postgres>>(store: S): Promise<S> {
  await store.migrate();
  ends.push(() => store.close());
  await store.renew(worker("w1"), true);
  await store.start([newRun("a")], "w1");
  passed((await store.commit([turnOf({ id: "a", epoch: 1, turn: 0, news: 0 }, { keep: true })]))[0]);
  return store;
}
const step = (wait: number) => ({ run: "a", worker: "w1", epoch: 1, wait });

/** What both libraries do in the same way. */
async function sellByKysely(db: Kysely<Tables>): Promise<number> {
  await db
    .updateTable("library_stock")
    .set((one) => ({ amount: one("amount", "-", 1) }))
    .where("id", "=", 1)
    .execute();
  const { amount } = await db
    .selectFrom("library_stock")
    .select("amount")
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
  return amount;
}

const postgresUrl = await findPostgres();
describe.skipIf(postgresUrl === null)("on Postgres", () => {
  it("both write with the step, or not at all", async () => {
    const schema = freshSchema();
    ends.push(() => dropSchema(postgresUrl!, schema));
    const store = await begun(
      postgres(`${postgresUrl}?options=-c%20search_path%3D${schema}`, { schema, listen: false }),
    );
    await store.transaction(async (tx: PoolClient) => {
      await tx.query("CREATE TABLE library_stock (id int PRIMARY KEY, amount int NOT NULL)");
      await tx.query("INSERT INTO library_stock VALUES (1, 9)");
    });
    const stock = pgTable("library_stock", { id: integer("id"), amount: integer("amount") });
    const sell = async (tx: PoolClient) => {
      const db = drizzlePostgres(tx);
      const set = { amount: sql`${stock.amount} - 1` };
      const [row] = await db.update(stock).set(set).where(eq(stock.id, 1)).returning();
      const dialect = new PostgresDialect({ pool: { connect: async () => tx, end: async () => {} } });
      return [row!.amount, await sellByKysely(new Kysely<Tables>({ dialect }))];
    };
    expect(await store.transact(step(1), async (tx) => arrival(await sell(tx as PoolClient)))).toMatchObject({
      kind: "recorded",
      arrival: { value: "[8,7]" },
    });
    const failed = store.transact(step(2), async (tx) => {
      await sell(tx as PoolClient);
      await drizzlePostgres(tx as PoolClient).transaction(async () => {});
      return arrival(0);
    });
    // Drizzle hides what was thrown behind an error of its own, or does not.
    expect(await failed).toMatchObject({ kind: "threw" });
    const { rows } = await store.transaction((tx: PoolClient) =>
      tx.query("SELECT amount FROM library_stock"),
    );
    expect(rows).toEqual([{ amount: 7 }]);
  });
});

const mysqlUrl = await findMysql();
describe.skipIf(mysqlUrl === null)("on MySQL", () => {
  it("both write with the step, or not at all", async () => {
    const prefix = freshPrefix();
    ends.push(() => dropTables(mysqlUrl!, prefix));
    const store = await begun(mysql(mysqlUrl!, { prefix, poll: 0 }));
    const name = `${prefix}library_stock`;
    const { createConnection } = await import("mysql2/promise");
    const own = await createConnection({ uri: mysqlUrl! });
    ends.push(() => own.end());
    await own.query(`CREATE TABLE ${name} (id INT PRIMARY KEY, amount INT NOT NULL)`);
    await own.query(`INSERT INTO ${name} VALUES (1, 9)`);
    const stock = mysqlTable(name, { id: mysqlInt("id"), amount: mysqlInt("amount") });
    const sell = async (tx: PoolConnection) => {
      const db = drizzleMysql(tx as never);
      await db
        .update(stock)
        .set({ amount: sql`${stock.amount} - 1` })
        .where(eq(stock.id, 1));
      const [row] = await db.select().from(stock).where(eq(stock.id, 1));
      const connection = {
        query: (text: string, values: unknown[], done: (error: unknown, result?: unknown) => void) =>
          void tx.query(text, values).then(([rows]) => done(null, rows), done),
        release() {},
      } as unknown as MysqlPoolConnection;
      const dialect = new MysqlDialect({
        pool: { getConnection: (done) => done(null, connection), end: (done) => done(null) },
      });
      const db2 = new Kysely<Record<string, Tables["library_stock"]>>({ dialect });
      await db2
        .updateTable(name)
        .set((one) => ({ amount: one("amount", "-", 1) }))
        .execute();
      const { amount } = await db2.selectFrom(name).select("amount").executeTakeFirstOrThrow();
      return [row!.amount, amount];
    };
    const sold = await store.transact(step(1), async (tx) => arrival(await sell(tx as PoolConnection)));
    expect(sold).toMatchObject({ kind: "recorded", arrival: { value: "[8,7]" } });
    const failed = await store.transact(step(2), async (tx) => {
      await sell(tx as PoolConnection);
      throw new Error("no");
    });
    expect(failed).toMatchObject({ kind: "threw", error: { message: "no" } });
    const [rows] = await own.query(`SELECT amount FROM ${name}`);
    expect(rows).toEqual([{ amount: 7 }]);
  });
});
