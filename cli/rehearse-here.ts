/** Parked runs of a store, each tried under the code of this thread. Nothing is written. */
import { type Rehearsal, rehearse } from "../runtime/index.ts";
import { loadModule } from "./load-module.ts";
import { openStore } from "./open-store.ts";

/** Plain data: a thread gets it as a copy. */
export interface RehearsalOrder {
  /** Modules that a worker would load. */
  readonly modules: readonly string[];
  readonly cwd: string;
  readonly store: string;
  /** The module that seals the store, or null. */
  readonly seal: string | null;
}

export async function rehearseHere(order: RehearsalOrder): Promise<readonly Rehearsal[]> {
  const store = await openStore(order, order);
  try {
    for (const path of order.modules) await loadModule(path, order);
    await store.migrate();
    const runs: Rehearsal[] = [];
    for await (const one of rehearse(store)) runs.push(one);
    return runs;
  } finally {
    await store.close();
  }
}
