/** One play of a scenario, in virtual time: until the end, or until its process dies and a second one takes over. */
import { createEngine, type Engine } from "../engine/engine.ts";
import type { Store } from "../engine/store.ts";
import { preview } from "../snapshot/index.ts";
import type { CrashScenario } from "./crash-scenario.ts";
import { settled, VirtualClock } from "./virtual-clock.ts";

interface Call {
  /** `charge("A7", 12)` */
  readonly text: string;
  /** What else was called under the same key. */
  readonly others: Set<string>;
  times: number;
}

export interface PlayOutcome {
  readonly points: readonly string[];
  /** By idempotency key. */
  readonly calls: ReadonlyMap<string, Call>;
  /** `returned …` or `threw …` */
  readonly result: string;
  readonly observed: string;
}

/** Longer than what scenarios wait for: few timers of the worker's own fire in between. */
const LEASE = "30d";
const POLL = "6h";
/** Virtual timers that fire, and nothing has happened. */
const PATIENCE = 5000;
/** Turns of the event loop that steps under way get before time passes. */
const STEPS_TAKE = 20;

const WRITES = new Set(
  "start claim renew commit send cancel suspend resume mend clone unblock reserve collect retire".split(" "),
);

export class Play {
  readonly #scenario: CrashScenario<unknown>;
  readonly #crashAt: number | null;
  readonly #clock = new VirtualClock(1_000_000);
  readonly #points: string[] = [];
  readonly #calls = new Map<string, Call>();
  /** Where it died. */
  crashedAt: string | null = null;
  #engine: Engine | null = null;
  #storeCalls = 0;
  #steps = 0;

  /** @param crashAt which of the points it passes it dies at; null: at none */
  constructor(scenario: CrashScenario<unknown>, crashAt: number | null) {
    this.#scenario = scenario;
    this.#crashAt = crashAt;
  }

  async run(): Promise<PlayOutcome> {
    this.#scenario.begin?.();
    const data = this.#scenario.store();
    let result = await this.#process(data.connect());
    if (result === null) {
      const rest = data.connect();
      await rest.migrate({ now: () => this.#clock.now() });
      for (const { id } of await rest.read.workers()) await rest.retire(id);
      result = await this.#process(rest);
    }
    const observed = preview(this.#scenario.observe?.());
    return { points: this.#points, calls: this.#calls, result: result!, observed };
  }

  /** One process from its beginning. Null: it died. */
  async #process(store: Store): Promise<string | null> {
    const alive = { alive: true };
    let result: string | null = null;
    this.#engine = null;
    const played = this.#play(this.#mortal(store, alive), alive).then(
      (value) => {
        result = `returned ${preview(value)}`;
      },
      (error) => {
        result = `threw ${error instanceof Error ? String(error) : preview(error)}`;
      },
    );
    for (let i = 0; i < PATIENCE; i++) {
      await this.#quiet();
      if (!alive.alive) return null;
      if (result !== null) {
        await played;
        const closed = this.#engine as Engine | null;
        alive.alive = false;
        closed?.abandon();
        return result;
      }
      if (!this.#clock.step()) break;
    }
    throw new Error(
      `the scenario never ends${this.crashedAt === null ? "" : ` after a crash at ${this.crashedAt}`}: it awaits what nobody is going to do`,
    );
  }

  async #play(store: Store, alive: { alive: boolean }): Promise<unknown> {
    const engine = await createEngine({
      lease: LEASE,
      poll: POLL,
      log: () => {},
      ...this.#scenario.engine,
      store,
      clock: this.#clock,
      failpoint: (name) => {
        if (name.startsWith("step:") && this.#point(name, alive) && name === "step:before")
          throw new Error("the process has died");
      },
      aroundStep: ({ run, wait, step }, call, args) => this.#step(`${run}/${wait}`, step, call, args),
    });
    this.#engine = engine;
    let started = 0;
    let sent = 0;
    return this.#scenario.play({
      engine,
      clock: this.#clock,
      start: (f, args, options = {}) => engine.start(f, args, { id: `run-${++started}`, ...options }),
      send: (key, payload, options = {}) => engine.send(key, payload, { id: `sent-${++sent}`, ...options }),
    });
  }

  /** Passes a point. @returns true: the process dies here */
  #point(name: string, alive: { alive: boolean }): boolean {
    if (!alive.alive) return true;
    this.#points.push(name);
    if (this.crashedAt !== null || this.#points.length - 1 !== this.#crashAt) return false;
    this.crashedAt = name;
    alive.alive = false;
    this.#engine?.abandon();
    return true;
  }

  /** A store that a dead process cannot reach, and hears nothing from. */
  #mortal(store: Store, alive: { alive: boolean }): Store {
    const never = () => new Promise<never>(() => {});
    const call = async (name: string, method: () => unknown): Promise<unknown> => {
      if (WRITES.has(name) && this.#point(`${name}:before`, alive)) return never();
      if (!alive.alive) return never();
      this.#storeCalls++;
      const result = await Promise.resolve(method()).finally(() => this.#storeCalls--);
      if (WRITES.has(name) && this.#point(`${name}:after`, alive)) return never();
      return alive.alive ? result : never();
    };
    const wrap = (target: object): object =>
      new Proxy(target, {
        get: (_, key) => {
          const value: unknown = Reflect.get(target, key, target);
          const name = String(key);
          if (name === "read") return wrap(value as object);
          if (typeof value !== "function" || name === "connect") return value;
          if (name === "close") return async () => {};
          return (...args: unknown[]) => {
            if (name !== "watch") return call(name, () => Reflect.apply(value, target, args));
            const [listener] = args as [(hint: unknown) => void];
            return Reflect.apply(value, target, [(hint: unknown) => alive.alive && listener(hint)]);
          };
        },
      });
    return wrap(store) as Store;
  }

  async #step(key: string, step: string, call: () => unknown, args: readonly unknown[]): Promise<unknown> {
    const name = step.slice(step.lastIndexOf("#") + 1);
    const text = `${name}(${args.map((arg) => preview(arg)).join(", ")})`;
    const known = this.#calls.get(key);
    if (known === undefined) this.#calls.set(key, { text, others: new Set(), times: 1 });
    else {
      known.times++;
      if (known.text !== text) known.others.add(text);
    }
    this.#steps++;
    try {
      return await call();
    } finally {
      this.#steps--;
    }
  }

  /** Resolves when nothing can happen unless time passes. */
  async #quiet(): Promise<void> {
    for (let turns = 0; ; turns++) {
      await settled();
      if (this.#storeCalls === 0 && (this.#steps === 0 || turns >= STEPS_TAKE)) return;
    }
  }
}
