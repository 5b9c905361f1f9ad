/** What tests of the engine stand on: a virtual clock, stores in memory, processes that die. */

import type { Store } from "../../runtime/engine/store.ts";
import { createEngine, type Engine, type EngineOptions, type LogEntry } from "../../runtime/index.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual-clock.ts";
import { type MemoryStore, memory } from "../../stores/memory/index.ts";

/** More virtual timers than any test needs: so many fire, and nothing has happened. */
const PATIENCE = 5000;

export class Stage {
  readonly clock = new VirtualClock(1_000_000);
  readonly data: MemoryStore = memory();
  readonly logs: LogEntry[] = [];
  readonly #engines: Engine[] = [];

  /** An engine over the shared data, as in a process of its own. */
  async engine(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const engine = await createEngine({
      store: this.data.connect(),
      clock: this.clock,
      // Virtual days pass in these tests; few of them are about workers that die.
      poll: "6h",
      lease: "2d",
      log: (entry) => this.logs.push(entry),
      ...options,
    });
    this.#engines.push(engine);
    return engine;
  }

  /** An engine that can be killed: then nothing it does reaches the store, and nothing comes back. */
  async mortal(options: Partial<EngineOptions> = {}): Promise<{ engine: Engine; kill: () => void }> {
    const store = mortalStore(this.data.connect());
    return { engine: await this.engine({ store: store.store, ...options }), kill: store.kill };
  }

  /** Lets virtual time pass until the promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const end = () => {
      done = true;
    };
    promise.then(end, end);
    for (let i = 0; i < PATIENCE; i++) {
      await settled();
      if (done) return promise;
      if (!this.clock.step()) break;
    }
    throw new Error("it never settles");
  }

  /** Lets virtual time pass until the condition holds. */
  async when(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let i = 0; i < PATIENCE; i++) {
      await settled();
      if (await condition()) return;
      if (!this.clock.step()) break;
    }
    throw new Error("the condition never holds");
  }

  async close(): Promise<void> {
    for (const engine of this.#engines) await Promise.race([engine.close(0), this.clock.advance(60_000)]);
  }
}

function mortalStore(store: Store): { store: Store; kill: () => void } {
  let dead = false;
  const never = () => new Promise<never>(() => {});
  const wrap = (target: object): object =>
    new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name, target);
        if (name === "read") return wrap(value);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "watch") {
            const [listener] = args as [(hint: unknown) => void];
            return Reflect.apply(value, target, [(hint: unknown) => dead || listener(hint)]);
          }
          if (name === "close") return Promise.resolve();
          if (dead) return never();
          // A database undoes what it was doing for a client that is gone.
          if (name === "transact") {
            const [step, body] = args as [unknown, (tx: unknown) => Promise<unknown>];
            args = [step, async (tx: unknown) => body(tx).finally(() => (dead ? never() : undefined))];
          }
          return Promise.resolve(Reflect.apply(value, target, args)).then((result) =>
            dead ? never() : result,
          );
        };
      },
    });
  return {
    store: wrap(store) as Store,
    kill: () => {
      dead = true;
    },
  };
}
