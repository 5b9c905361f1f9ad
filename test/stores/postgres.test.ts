import { Client, type PoolClient } from "pg";
import { afterAll, describe, it } from "vitest";
import { type PostgresStore, postgres } from "../../stores/postgres/index.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { dropSchema, emptySchema, findPostgres, freshSchema, inDatabase } from "../servers/postgres.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describeTransactions, type UserTable } from "./transaction-contract.ts";
import { describeContract } from "./whole-contract.ts";

const url = await findPostgres();

/** One for all tests, emptied after each. */
const schema = freshSchema();

async function underTest() {
  const clock = { now: 1_000_000 };
  const opened: PostgresStore[] = [];
  return {
    clock,
    connect: async () => {
      const store = postgres(url!, { schema, connections: 3 });
      await store.migrate({ now: () => clock.now });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      await emptySchema(url!, schema, ["counts"]);
    },
  };
}

/** All that the contract names is at home in the second. */
class Second extends Routing {
  override of(): number {
    return 1;
  }
}

const schemas = [freshSchema(), freshSchema()];

async function twoUnderTest() {
  const clock = { now: 1_000_000 };
  const opened: ShardedStore[] = [];
  return {
    clock,
    connect: async () => {
      const stores = schemas.map((schema) => postgres(url!, { schema, connections: 2 }));
      const store = new ShardedStore(stores, new Second(2));
      await store.migrate({ now: () => clock.now });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      for (const schema of schemas) await emptySchema(url!, schema);
    },
  };
}

/** Tables of the user, on connections of the user's own. */
const table: UserTable = {
  async prepare() {
    await inDatabase(url!, `CREATE TABLE ${schema}.counts (name text PRIMARY KEY, n int NOT NULL)`);
  },
  async add(tx, name) {
    const sql = `INSERT INTO ${schema}.counts VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counts.n + 1`;
    await (tx as PoolClient).query(sql, [name]);
  },
  async read(_, name) {
    const [rows] = await inDatabase(url!, `SELECT n FROM ${schema}.counts WHERE name = '${name}'`);
    return (rows![0] as { n: number } | undefined)?.n ?? 0;
  },
  async transaction(_, body) {
    const client = new Client({ connectionString: url! });
    await client.connect();
    try {
      await client.query("BEGIN");
      await body(client);
      await client.query("COMMIT");
    } finally {
      await client.end();
    }
  },
};

if (url === null) describe("postgres", () => it.skip("no server: the contract was not tested on Postgres"));
else {
  afterAll(async () => {
    for (const each of [schema, ...schemas]) await dropSchema(url, each);
  });
  describeContract("postgres", underTest);
  describeTransactions("postgres", underTest, table);
  for (const describePart of [describeStore, describeRuns])
    describePart("two databases on postgres", twoUnderTest);
}
