/** A store of several databases keeps the contract of one, for all that is at home in one of them. */
import { Routing } from "../../stores/sharded/routing.ts";
import { ShardedStore } from "../../stores/sharded/sharded.ts";
import { COUNT, type Databases, kinds } from "./sharded-kinds.ts";
import { describeContract } from "./whole-contract.ts";

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

for (const [name, make] of kinds) describeContract(`three databases ${name}`, underTest(make));
