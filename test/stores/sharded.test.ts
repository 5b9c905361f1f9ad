/** A store of several databases keeps the contract of one, for all that is at home in one of them. */
import { memory } from "../../stores/memory/index.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { describeBuilds } from "./build-contract.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describeHistory } from "./history-contract.ts";
import { describePlacement } from "./placement-contract.ts";

/** All names are at home together: what goes elsewhere takes its time, and has tests of its own. */
class OneHome extends Routing {
  override of(): number {
    return 1;
  }
}

async function underTest() {
  const clock = { now: 1_000_000 };
  const data = [memory(), memory(), memory()];
  const connect = async () => {
    const store = new ShardedStore(
      data.map((one) => one.connect()),
      new OneHome(data.length),
    );
    await store.migrate({ now: () => clock.now });
    return store;
  };
  return { clock, connect, dispose: async () => {} };
}

for (const describeContract of [
  describeStore,
  describeRuns,
  describeChunks,
  describePlacement,
  describeHistory,
  describeBuilds,
])
  describeContract("three databases in memory", underTest);
