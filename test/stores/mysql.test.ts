import { describe, it } from "vitest";
import { type MysqlStore, mysql } from "../../stores/mysql/index.ts";
import { dropTables, findMysql, freshPrefix } from "../servers/mysql.ts";
import { describeBuilds } from "./build-contract.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describePlacement } from "./placement-contract.ts";

const url = await findMysql();

async function underTest() {
  const clock = { now: 1_000_000 };
  const prefix = freshPrefix();
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
      await dropTables(url!, prefix);
    },
  };
}

if (url === null) describe("mysql", () => it.skip("no server: the contract was not tested on MySQL"));
else
  for (const describeContract of [
    describeStore,
    describeRuns,
    describeChunks,
    describePlacement,
    describeBuilds,
  ])
    describeContract("mysql", underTest);
