import { describe, it } from "vitest";
import { type PostgresStore, postgres } from "../../stores/postgres/index.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describePlacement } from "./placement-contract.ts";

const url = await findPostgres();

async function underTest() {
  const clock = { now: 1_000_000 };
  const schema = freshSchema();
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
      await dropSchema(url!, schema);
    },
  };
}

// Without `transact` and `within`, which are optional: the contract of transactions (transaction-contract.ts) is not for it.
if (url === null) describe("postgres", () => it.skip("no server: the contract was not tested on Postgres"));
else
  for (const describeContract of [describeStore, describeRuns, describeChunks, describePlacement])
    describeContract("postgres", underTest);
