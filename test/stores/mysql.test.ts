import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, describe, it } from "vitest";
import { type MysqlStore, mysql } from "../../stores/mysql/index.ts";
import { dropTables, emptyTables, findMysql, freshPrefix, inDatabase } from "../servers/mysql.ts";
import { describeTransactions, type UserTable } from "./transaction-contract.ts";
import { describeContract } from "./whole-contract.ts";

const url = await findMysql();

/** What the tables of all tests begin with: they are emptied after each. */
const prefix = freshPrefix();

async function underTest() {
  const clock = { now: 1_000_000 };
  const opened: MysqlStore[] = [];
  return {
    clock,
    connect: async () => {
      const store = mysql(url!, { prefix, connections: 3 });
      await store.migrate({ now: () => clock.now });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      await emptyTables(url!, prefix, ["counts"]);
    },
  };
}

/** Tables of the user, on connections of the user's own. */
const table: UserTable = {
  async prepare() {
    await inDatabase(url!, `CREATE TABLE ${prefix}counts (name VARCHAR(20) PRIMARY KEY, n INT NOT NULL)`);
  },
  async add(tx, name) {
    const sql = `INSERT INTO ${prefix}counts VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1`;
    await (tx as Connection).query(sql, [name]);
  },
  async read(_, name) {
    const [rows] = await inDatabase(url!, `SELECT n FROM ${prefix}counts WHERE name = '${name}'`);
    return (rows![0] as { n: number } | undefined)?.n ?? 0;
  },
  async transaction(_, body) {
    const connection = await createConnection({ uri: url! });
    try {
      await connection.beginTransaction();
      await body(connection);
      await connection.commit();
    } finally {
      await connection.end();
    }
  },
};

if (url === null) describe("mysql", () => it.skip("no server: the contract was not tested on MySQL"));
else {
  afterAll(() => dropTables(url, prefix));
  describeContract("mysql", underTest);
  describeTransactions("mysql", underTest, table);
}
