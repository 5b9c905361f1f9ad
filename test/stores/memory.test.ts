import { memory } from "../../stores/memory/index.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";

async function underTest() {
  const clock = { now: 1_000_000 };
  const store = memory();
  await store.migrate({ now: () => clock.now });
  return { clock, connect: async () => store.connect(), dispose: () => store.close() };
}

for (const describeContract of [describeStore, describeRuns, describeChunks])
  describeContract("memory", underTest);
