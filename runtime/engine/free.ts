/**
 * What sleep, events and steps are outside any run: in uncompiled programs, and in unit tests of workflows. The same
 * meaning without persistence: a timer, a mailbox in the process, a direct call.
 */
import { type Clock, systemClock } from "./clock.ts";
import { TimeoutError } from "./signals.ts";

interface Waiter {
  resolve(payload: unknown): void;
}

class FreeWorld {
  clock: Clock = systemClock;
  readonly #kept = new Map<string, unknown[]>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  readonly #sent = new Set<string>();
  /** Locks that are taken: how often, and who waits for a place. */
  readonly #locks = new Map<
    string,
    { taken: number; readonly line: { readonly max: number; go(): void }[] }
  >();
  /** Which events are copied to which keys. */
  readonly #feeds = new Map<string, Map<string, "next" | "all">>();
  readonly #rates = new Map<string, number>();
  #keys = 0;

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.setTimeout(resolve, ms);
    });
  }

  newKey(): string {
    return `local.${++this.#keys}`;
  }

  /** @param due milliseconds since 1970, or null */
  wait(key: string, due: number | null): Promise<unknown> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      const payload = kept.shift();
      if (kept.length === 0) this.#kept.delete(key);
      return Promise.resolve(payload);
    }
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      let timer: unknown;
      const leave = () => {
        waiting.delete(waiter);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        this.clock.clearTimeout(timer);
      };
      const waiter: Waiter = {
        resolve: (payload) => {
          leave();
          resolve(payload);
        },
      };
      waiting.add(waiter);
      if (due === null) return;
      timer = this.clock.setTimeout(() => {
        leave();
        reject(new TimeoutError(`no event came for "${key}" in time`));
      }, due - this.clock.now());
    });
  }

  send(key: string, payload: unknown, id: string | undefined): "delivered" | "kept" | "duplicate" {
    if (id !== undefined) {
      const name = JSON.stringify([key, id]);
      if (this.#sent.has(name)) return "duplicate";
      this.#sent.add(name);
    }
    const fed = this.#copy(key, payload, id);
    const [waiter] = this.#waiting.get(key) ?? [];
    if (waiter === undefined) {
      if (fed) return "delivered";
      this.#kept.set(key, [...(this.#kept.get(key) ?? []), payload]);
      return "kept";
    }
    waiter.resolve(payload);
    return "delivered";
  }

  /** Copies events of `key` to the key `to`: the next one, all that follow, or none any more. */
  feed(key: string, to: string, which: "next" | "all" | "none"): void {
    const feeds = this.#feeds.get(key) ?? new Map();
    this.#feeds.set(key, feeds);
    if (which === "none") feeds.delete(to);
    else feeds.set(to, which);
  }

  #copy(key: string, payload: unknown, id: string | undefined): boolean {
    const feeds = [...(this.#feeds.get(key) ?? [])];
    for (const [to, which] of feeds) {
      if (which === "next") this.feed(key, to, "none");
      this.send(to, payload, id);
    }
    return feeds.length > 0;
  }

  /** When the next of a rate may go, in ms since 1970: see `Store.reserve`. */
  reserve(key: string, interval: number, burst: number): number {
    const now = this.clock.now();
    const free = Math.max(now, this.#rates.get(key) ?? 0);
    this.#rates.set(key, free + interval);
    return Math.max(now, Math.ceil(free - interval * (burst - 1)));
  }

  /** Waits until fewer than `max` places of the lock are taken, and takes one. */
  acquire(key: string, max: number): Promise<void> {
    const lock = this.#locks.get(key) ?? { taken: 0, line: [] };
    this.#locks.set(key, lock);
    return new Promise((go) => {
      lock.line.push({ max, go });
      this.#serve(key);
    });
  }

  release(key: string): void {
    const lock = this.#locks.get(key);
    if (lock === undefined) return;
    lock.taken--;
    this.#serve(key);
  }

  #serve(key: string): void {
    const lock = this.#locks.get(key)!;
    for (let [next] = lock.line; next !== undefined && lock.taken < next.max; [next] = lock.line) {
      lock.line.shift();
      lock.taken++;
      next.go();
    }
    if (lock.taken === 0) this.#locks.delete(key);
  }

  /** Forgets all events and locks. Timers that run are not stopped. */
  reset(clock: Clock): void {
    this.clock = clock;
    this.#kept.clear();
    this.#waiting.clear();
    this.#sent.clear();
    this.#feeds.clear();
    this.#locks.clear();
    this.#rates.clear();
  }
}

/** The one of this process. */
export const freeWorld: FreeWorld = new FreeWorld();
