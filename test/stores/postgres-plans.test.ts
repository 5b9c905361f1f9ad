/** What the planner thinks of the store's queries, in a database that is new: no statistics are there yet. */
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { type PostgresStore, postgres } from "../../stores/postgres/index.ts";
import { type StatementName, statements } from "../../stores/postgres/statements.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";
import { newRun, worker } from "./contract.ts";

const url = await findPostgres();
/** A query that costs more is compiled before it is carried out, which takes longer than any of them: `jit_above_cost`. */
const COMPILED = 100_000;

describe.skipIf(url === null)("no query is thought to be so dear that it is compiled", () => {
  const schema = freshSchema();

  async function planned<T>(runs: number, ask: (client: Client) => Promise<T>): Promise<T> {
    const store: PostgresStore = postgres(url!, { schema });
    const client = new Client({ connectionString: url! });
    await client.connect();
    try {
      await store.migrate({});
      await store.renew(worker("w1"), true);
      const many = Array.from({ length: runs }, (_, i) => newRun(`r${i}`));
      if (runs > 0) await store.start(many, null);
      return await ask(client);
    } finally {
      await client.end();
      await store.close();
      await dropSchema(url!, schema);
    }
  }

  const sqlOf = (name: StatementName) => statements[name].replaceAll(/@(?=[a-z_]+\b)/g, `"${schema}".`);
  const costOf = (rows: readonly { "QUERY PLAN": string }[]) =>
    Number(/\.\.([\d.]+) rows/.exec(rows[0]!["QUERY PLAN"])![1]);

  it.each([0, 5000])("for given values, with %d runs", async (runs) => {
    await planned(runs, async (client) => {
      for (const groups of [null, ["default"], Array.from({ length: 50 }, (_, i) => `g${i}`)]) {
        const costs: Record<string, number> = {};
        const now = Date.now();
        for (const [name, values] of [
          ["due", [now, "w1", groups, null, [], ["w1"]]],
          ["claim", [now, 1, groups, null, [], 100, ["w1"]]],
          ["claimRest", [now, 1, groups, null, [], 100, ["w1"]]],
          ["suspect", [now, groups, null, [], ["w1"]]],
        ] as const)
          costs[name] = costOf((await client.query(`EXPLAIN ${sqlOf(name)}`, [...values])).rows);
        expect(Object.entries(costs).filter(([, cost]) => !(cost < COMPILED))).toEqual([]);
      }
    });
  });

  it("for whatever values", async () => {
    await planned(5000, async (client) => {
      await client.query("SET plan_cache_mode = force_generic_plan");
      const costs: Record<string, number> = {};
      for (const name of Object.keys(statements) as StatementName[]) {
        const sql = sqlOf(name);
        if (!/^\s*(WITH|SELECT|INSERT|UPDATE|DELETE)/.test(sql)) continue;
        const count = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)));
        const nulls = Array.from({ length: count }, () => "NULL").join();
        await client.query(`PREPARE it AS ${sql}`);
        costs[name] = costOf((await client.query(`EXPLAIN EXECUTE it${count > 0 ? `(${nulls})` : ""}`)).rows);
        await client.query("DEALLOCATE it");
      }
      expect(Object.keys(costs).length).toBeGreaterThan(50);
      expect(Object.entries(costs).filter(([, cost]) => !(cost < COMPILED))).toEqual([]);
    });
  });
});
