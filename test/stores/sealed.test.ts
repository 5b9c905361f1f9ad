/** The stores keep their contract when what is in them is sealed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../runtime/engine/store.ts";
import { memory } from "../../stores/memory/index.ts";
import { aesGcm, gzip, hmac, sealed } from "../../stores/sealed/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { describeStore } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describeHistory } from "./history-contract.ts";

const key = new Uint8Array(32).fill(7);

async function sealedMemory() {
  const clock = { now: 1_000_000 };
  const data = memory();
  const seals = [gzip({ from: 0 }), hmac({ keys: { a: key }, current: "a" })];
  const connect = async () => {
    const store = sealed(data.connect(), seals);
    await store.migrate({ now: () => clock.now });
    return store;
  };
  return { clock, connect, dispose: async () => {} };
}

async function sealedSqlite() {
  const clock = { now: 1_000_000 };
  const path = mkdtempSync(join(tmpdir(), "coldframe-sealed-"));
  const opened: Store[] = [];
  return {
    clock,
    connect: async () => {
      const store = sealed(sqlite(join(path, "runs.db")), [
        gzip(),
        aesGcm({ keys: { a: key }, current: "a" }),
      ]);
      await store.migrate({ now: () => clock.now });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      rmSync(path, { recursive: true });
    },
  };
}

describeHistory("sealed memory", sealedMemory);
for (const describeContract of [describeStore, describeRuns]) {
  describeContract("sealed memory", sealedMemory);
  describeContract("sealed sqlite", sealedSqlite);
}
