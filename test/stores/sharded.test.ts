/** A store of several databases keeps the contract of one, for all that is at home in one of them. */
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { describeBuilds } from "./build-contract.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describeHistory } from "./history-contract.ts";
import { describePlacement } from "./placement-contract.ts";
import { COUNT, type Databases, kinds } from "./sharded-kinds.ts";

/** All names are at home together: what goes elsewhere takes its time, and has tests of its own. */
class OneHome extends Routing {
  override of(): number {
    return 1;
  }
}

const underTest = (make: () => Databases) => async () => {
  const clock = { now: 1_000_000 };
  const { connect: open, dispose } = make();
  const opened: ShardedStore[] = [];
  const connect = async () => {
    const store = new ShardedStore(open(), new OneHome(COUNT));
    opened.push(store);
    await store.migrate({ now: () => clock.now });
    return store;
  };
  return {
    ...{ clock, connect },
    async dispose() {
      for (const store of opened) await store.close();
      dispose();
    },
  };
};

for (const describeContract of [
  describeStore,
  describeRuns,
  describeChunks,
  describePlacement,
  describeHistory,
  describeBuilds,
])
  for (const [name, make] of kinds) describeContract(`three databases ${name}`, underTest(make));
