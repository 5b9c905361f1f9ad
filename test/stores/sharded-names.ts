/** Names that are at home in a certain database of several, and what tests do with them. */
import { type Store, SYSTEM_GROUP } from "../../runtime/engine/store.ts";
import { type MemoryStore, memory } from "../../stores/memory/index.ts";
import type { Timers } from "../../stores/sharded/fleet.ts";
import { ShardedStore, sharded } from "../../stores/sharded/index.ts";
import { Routing } from "../../stores/sharded/routing.ts";
import { worker } from "./contract.ts";

export const COUNT = 2;

/** A name that is at home there. */
export function at(place: number, name: string, count = COUNT): string {
  const routing = new Routing(count);
  for (let i = 0; ; i++) if (routing.of(`${name}${i}`) === place) return `${name}${i}`;
}

/** Timers that come due when the test says so. */
export class ManualTimers implements Timers {
  readonly #waiting = new Map<object, () => void>();

  setTimeout(callback: () => void): object {
    const handle = {};
    this.#waiting.set(handle, callback);
    return handle;
  }

  clearTimeout(handle: unknown): void {
    this.#waiting.delete(handle as object);
  }

  fire(): void {
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const callback of due) callback();
  }
}

/** Reaches a database through a function that is called before each call. */
export function reachedBy(inner: Store, before: (name: string, args: readonly unknown[]) => unknown): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name, target);
        if (name === "read") return wrap(value as object);
        if (typeof value !== "function") return value;
        if (name === "watch" || name === "migrate") return value.bind(target);
        return async (...args: unknown[]) => {
          await before(String(name), args);
          return Reflect.apply(value, target, args);
        };
      },
    });
  return wrap(inner);
}

export class Cluster {
  readonly clock = { now: 1_000_000 };
  readonly timers = new ManualTimers();
  readonly said: string[] = [];
  readonly data: readonly MemoryStore[];
  store!: Store;

  private constructor(count: number) {
    this.data = Array.from({ length: count }, () => memory());
  }

  /** @param through what the store reaches each database through */
  static async make(
    through: (store: Store, place: number) => Store = (store) => store,
    count = COUNT,
  ): Promise<Cluster> {
    const cluster = new Cluster(count);
    const stores = cluster.data.map((one, place) => through(one.connect(), place));
    cluster.store = new ShardedStore(stores, new Routing(count), cluster.timers);
    await cluster.store.migrate({
      now: () => cluster.clock.now,
      log: ({ level, message, error }) =>
        cluster.said.push(`${level}: ${message}${error instanceof Error ? `: ${error.message}` : ""}`),
    });
    await cluster.store.renew(worker("w1"), true);
    return cluster;
  }

  /** Another process. */
  async other(through: (store: Store, place: number) => Store = (store) => store): Promise<Store> {
    const store = sharded(this.data.map((one, place) => through(one.connect(), place)));
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
