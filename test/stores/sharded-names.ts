/** Names that are at home in a certain database of several, and what tests do with them. */
import { type Store, SYSTEM_GROUP } from "../../runtime/engine/store.ts";
import { type MemoryStore, memory } from "../../stores/memory/index.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { worker } from "./contract.ts";

export const COUNT = 2;
const routing = new Routing(COUNT);

/** A name that is at home there. */
export function at(place: number, name: string): string {
  for (let i = 0; ; i++) if (routing.of(`${name}${i}`) === place) return `${name}${i}`;
}

export class Cluster {
  readonly clock = { now: 1_000_000 };
  readonly data: readonly MemoryStore[] = Array.from({ length: COUNT }, () => memory());
  store!: Store;

  /** @param through what the store reaches each database through */
  static async make(through: (store: Store, place: number) => Store = (store) => store): Promise<Cluster> {
    const cluster = new Cluster();
    cluster.store = sharded(cluster.data.map((one, place) => through(one.connect(), place)));
    await cluster.store.migrate({ now: () => cluster.clock.now });
    await cluster.store.renew(worker("w1"), true);
    return cluster;
  }

  /** Another process. */
  async other(): Promise<Store> {
    const store = sharded(this.data.map((one) => one.connect()));
    await store.migrate({ now: () => this.clock.now });
    return store;
  }

  /** Whatever is under way between the databases arrives. */
  async settle(): Promise<void> {
    await settled(this.store, "w1");
  }

  async errands(): Promise<readonly string[]> {
    const rows = await Promise.all(this.data.map(({ read }) => read.runs({ group: SYSTEM_GROUP })));
    return rows.flat().map(({ id }) => id);
  }
}

/** The worker has carried out what it could. */
export async function settled(store: Store, worker: string): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await store.news(worker);
    await new Promise(setImmediate);
  }
}
