import { memory } from "../../stores/memory/index.ts";
import { describeStore } from "./contract.ts";

describeStore("memory", async () => {
  const clock = { now: 1_000_000 };
  const store = memory();
  await store.migrate({ now: () => clock.now });
  return { clock, connect: async () => store.connect(), dispose: () => store.close() };
});
