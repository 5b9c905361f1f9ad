/**
 * A simulated process: an engine that is reached only through here, so that it can die at any call or stand still. It has no
 * thread of its own: what it does happens when a timer, an answer or a hint comes in, and all of those pass `#enter`.
 */
import { openEngine } from "../../runtime/engine/engine.ts";
import type { Hint, Store } from "../../runtime/engine/store.ts";
import type { Clock, Engine, LogEntry } from "../../runtime/index.ts";
import type { VirtualClock } from "../../runtime/testing/virtual-clock.ts";
import type { FaultKind, Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Database } from "./simulation.ts";
import type { Tempo } from "./tempo.ts";
import type { Watch } from "./watch.ts";

/** What processes share. */
export interface Surroundings {
  readonly clock: VirtualClock;
  /** The time of day, which may jump. */
  wall(): number;
  readonly random: Random;
  readonly faults: Faults;
  readonly watch: Watch;
  readonly tempo: Tempo;
  /** Until then, every call to this database fails. */
  readonly downUntil: Map<number, number>;
  /** Calls that the store is working on. */
  underWay: number;
  /** The process whose step is about to be called. */
  calling: Process | null;
}

/**
 * What is not carried out when whoever asked for it has given up: a transaction, of which the client is a part; and what a person
 * has meanwhile asked the opposite of.
 */
const NEVER_LATE: ReadonlySet<string> = new Set(["transact", "suspend", "resume"]);

const ANSWER_LOST = "the answer was lost";
const STORE_FAILED = "the store failed";
const NO_ANSWER = "no answer came in time";
/** What calls fail with when the simulation wants them to. */
export const FAULTS: ReadonlySet<string> = new Set([ANSWER_LOST, STORE_FAILED, NO_ANSWER]);

export class Process implements Clock {
  readonly name: string;
  readonly store: Store;
  engine: Engine | null = null;
  readonly #around: Surroundings;
  #state: "alive" | "frozen" | "dead" = "alive";
  #backlog: (() => void)[] = [];
  readonly #skew: number;
  readonly #onDeath: () => void;

  /** @param connect makes the store, of databases that it reaches through what it is given */
  constructor(name: string, connect: Database["connect"], around: Surroundings, onDeath: () => void) {
    this.name = name;
    this.#around = around;
    this.#onDeath = onDeath;
    this.#skew = around.faults.hits("clock skew") ? around.random.between(-3000, 3000) : 0;
    let databases = 0;
    this.store = connect((store) => this.#faulty(store, databases++), this, around.tempo.shards);
  }

  get state(): "alive" | "frozen" | "dead" {
    return this.#state;
  }

  /** Makes the engine; rejects when the store fails. */
  async begin(log: (entry: LogEntry) => void): Promise<Engine> {
    const { random, faults, tempo } = this.#around;
    const options = {
      store: this.store,
      clock: this,
      lease: random.pick(tempo.lease),
      poll: random.pick(tempo.poll),
      hold: random.pick(tempo.hold),
      cache: random.pick([0, 1, 1000]),
      concurrency: random.pick([1, 2, 1000]),
      grace: random.pick(tempo.grace),
      random: random.next,
      log,
      failpoint: (name: string) => {
        this.#around.calling = this;
        if (name !== "" && faults.hits("crash at failpoint")) this.kill();
      },
    };
    this.engine = await openEngine(options, tempo.engine);
    return this.engine;
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#backlog = [];
    this.#onDeath();
  }

  freeze(ms: number): void {
    if (this.#state !== "alive") return;
    this.#state = "frozen";
    this.#around.clock.setTimeout(() => this.thaw(), ms);
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "alive";
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const callback of backlog) this.enter(callback);
  }

  /** Something reaches the process. */
  enter(callback: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "frozen") this.#backlog.push(callback);
    else callback();
  }

  // Its clock.

  now(): number {
    return Math.floor(this.#around.wall()) + this.#skew;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { live: true, handle: null as unknown };
    timer.handle = this.#around.clock.setTimeout(
      () =>
        this.enter(() => {
          if (timer.live) callback();
        }),
      ms,
    );
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as { live: boolean; handle: unknown } | undefined;
    if (timer === undefined) return;
    timer.live = false;
    this.#around.clock.clearTimeout(timer.handle);
  }

  // Its connection to the store.

  #faulty(store: Store, database: number): Store {
    const told: { last: unknown[] } = { last: [] };
    const wrap = (target: object): object =>
      new Proxy(target, {
        get: (_, name) => {
          const value = Reflect.get(target, name, target);
          if (name === "read") return wrap(value);
          if (typeof value !== "function") return value;
          if (name === "migrate") return () => this.#migrate(store);
          if (name === "watch") return (listener: (hint: Hint) => void) => this.#watch(store, listener);
          if (name === "close") return async () => {};
          return (...args: unknown[]) =>
            this.#call(database, told, String(name), (...a) => Reflect.apply(value, target, a), args);
        },
      });
    return wrap(store) as Store;
  }

  /** Time stands still meanwhile, as during any call. */
  async #migrate(store: Store): Promise<void> {
    this.#around.underWay++;
    try {
      await store.migrate({ now: () => Math.floor(this.#around.wall()) });
    } finally {
      this.#around.underWay--;
    }
  }

  #call(
    database: number,
    told: { last: unknown[] },
    name: string,
    call: (...args: unknown[]) => Promise<unknown>,
    args: unknown[],
  ): Promise<unknown> {
    const { clock, random, faults, watch, tempo } = this.#around;
    // These are few, and what they are for is that nothing happens twice.
    const chances = name === "transact" ? 12 : 1;
    const hits = (kind: FaultKind) => Array.from({ length: chances }, () => faults.hits(kind)).includes(true);
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) =>
        this.#later(() => this.enter(settle), random.between(0, tempo.latency));
      const carryOut = async () => {
        this.#around.underWay++;
        try {
          const result = await call(...args);
          watch.answered(name, args, result);
          return result;
        } finally {
          this.#around.underWay--;
        }
      };
      const perform = async () => {
        const lost = hits("answer lost");
        let result: unknown;
        try {
          result = await carryOut();
        } catch (error) {
          answer(() => reject(error));
          return;
        }
        if (hits("crash after call")) this.kill();
        else if (lost) answer(() => reject(new Error(ANSWER_LOST)));
        else answer(() => resolve(name === "news" ? this.#withOldNews(told, result as unknown[]) : result));
      };
      const send = () => {
        if (this.#state === "dead") return;
        watch.asked(name, args);
        if (faults.hits("crash before call")) {
          this.kill();
          return;
        }
        if (faults.hits("freeze")) this.freeze(random.between(11_000, 40_000));
        else if (faults.hits("pause")) this.freeze(random.between(10, 2500));
        const { downUntil } = this.#around;
        if (faults.hits("store down")) downUntil.set(database, clock.now() + random.between(100, 15_000));
        const down = faults.active && clock.now() < (downUntil.get(database) ?? 0);
        if (down || faults.hits("call fails")) {
          answer(() => reject(new Error(STORE_FAILED)));
          return;
        }
        if (!NEVER_LATE.has(name) && faults.hits("call arrives late")) {
          // Nobody is there to hear how it ended.
          this.#later(() => void carryOut().catch(() => {}), random.between(10, 30_000));
          answer(() => reject(new Error(NO_ANSWER)));
          return;
        }
        const slow = faults.hits("slow call")
          ? random.between(3000, 20_000)
          : random.between(0, tempo.latency + 1);
        this.#later(() => void perform(), slow);
      };
      if (this.#state === "frozen") this.#backlog.push(send);
      else send();
    });
  }

  #withOldNews(told: { last: unknown[] }, news: unknown[]): unknown[] {
    const old = told.last;
    told.last = news;
    return old.length > 0 && this.#around.faults.hits("stale news") ? [...old, ...news] : news;
  }

  #watch(store: Store, listener: (hint: Hint) => void): () => void {
    const { faults, random } = this.#around;
    return store.watch((hint) => {
      if (faults.hits("hint lost")) return;
      const times = faults.hits("hint twice") ? 2 : 1;
      for (let i = 0; i < times; i++) {
        const late = faults.hits("hint late") ? random.between(10, 5000) : random.between(0, 2);
        this.#later(() => this.enter(() => listener(hint)), late);
      }
    });
  }

  #later(callback: () => void, ms: number): void {
    this.#around.clock.setTimeout(callback, ms);
  }
}
