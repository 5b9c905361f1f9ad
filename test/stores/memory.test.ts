import { type MemoryStore, type MemoryTransaction, memory } from "../../stores/memory/index.ts";
import { describeTransactions } from "./transaction-contract.ts";
import { describeContract } from "./whole-contract.ts";

async function underTest() {
  const clock = { now: 1_000_000 };
  const data = memory();
  const connect = async () => {
    const store = data.connect();
    await store.migrate({ now: () => clock.now });
    return store;
  };
  return { clock, connect, dispose: async () => {} };
}

describeContract("memory", underTest);

describeTransactions("memory", underTest, {
  prepare: async () => {},
  add: async (tx, name) => {
    const values = tx as MemoryTransaction;
    values.set(name, Number(values.get(name) ?? 0) + 1);
  },
  read: (store, name) => (store as MemoryStore).transaction((tx) => Number(tx.get(name) ?? 0)),
  transaction: (store, body) => (store as MemoryStore).transaction(body),
});
