/**
 * How a worker finds work: hints and a slow jittered poll lead to the same look at the store, for what arrived for its
 * own runs, and for runs that are due. The next due time is kept in memory, so that an idle worker asks seldom.
 */
import type { Builds } from "./builds.ts";
import type { CodeRecords } from "./code-records.ts";
import { Doubt } from "./doubt.ts";
import { findEntry } from "./entry.ts";
import type { Settings } from "./ports.ts";
import { lateness } from "./pressure.ts";
import type { Blocked, Claimed, Hint, News, Placement } from "./store.ts";
import { Unblocking } from "./unblocking.ts";

/** Runs claimed at one time, at most, and to begin with. */
const CLAIM = { most: 100, first: 8 } as const;
/** Ended runs removed at one time, at most: their removal must not hold up the turns of others. */
const COLLECT = 500;

/** What the search asks of its worker. */
export interface Searcher {
  readonly id: string;
  readonly settings: Settings;
  readonly builds: Builds;
  readonly codes: CodeRecords;
  announce(): Promise<void>;
  readonly closing: boolean;
  /** How many more runs it may own. */
  readonly room: number;
  readonly hasRuns: boolean;
  /** Ids of the runs it owns, as far as it knows, and of those that it is starting. */
  readonly owned: readonly string[];
  adopt(claimed: Claimed): void;
  hear(news: News): void;
}

export class Search {
  readonly #worker: Searcher;
  /** Entries whose code is not loaded here. */
  readonly #lacking = new Set<string>();
  readonly #unblocking: Unblocking;
  /** When it was last looked for blocked runs that can go on here, in ms. */
  #unblocked = 0;
  /** When to look for runs that the store holds as owned by this worker and that it does not know of, and how long such may come, in ms. */
  readonly #doubt: Doubt;
  #batch: number = CLAIM.first;
  /** So many times in a row nothing could be had of what was due. */
  #misses = 0;
  #looking = false;
  #again = false;
  #timer: unknown;
  #unwatch: (() => void) | null = null;

  constructor(worker: Searcher) {
    this.#worker = worker;
    this.#unblocking = new Unblocking(worker);
    this.#doubt = new Doubt(worker.settings.timing.doubt);
  }

  begin(): void {
    this.#unwatch = this.#worker.settings.store.watch((hint: Hint) => {
      if (hint.kind !== "ended") this.look();
    });
    this.look();
    void this.#unblock();
  }

  end(): void {
    this.#unwatch?.();
    this.#worker.settings.clock.clearTimeout(this.#timer);
  }

  /** Looks at the store soon. */
  look(): void {
    if (this.#worker.closing) return;
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  /** A call that may have given runs to this worker failed: perhaps it was carried out. */
  doubt(): void {
    this.#doubt.begin(this.#worker.settings.clock.now());
    this.look();
  }

  /** A run could not be carried on here. */
  gaveUp(run: string, entry: string, { needs }: Blocked): void {
    this.#unblocking.gaveUp(run);
    if (needs === entry && findEntry(entry) === undefined) this.#lacking.add(entry);
  }

  forget(run: string): void {
    this.#unblocking.forget(run);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const { clock, poll, random, log } = this.#worker.settings;
    clock.clearTimeout(this.#timer);
    let next = poll * (0.75 + random() / 2);
    try {
      do {
        this.#again = false;
        await this.#disown();
        await this.#readNews();
        if (this.#worker.builds.isNew) await this.#unblock();
        const due = await this.#claim();
        if (due !== null) next = Math.min(next, Math.max(1, due));
      } while (this.#again && !this.#worker.closing);
    } catch (error) {
      if (!this.#worker.closing) {
        log({ level: "error", message: "the store failed; looking again later", error });
      }
    }
    this.#looking = false;
    if (this.#worker.closing) return;
    this.#timer = clock.setTimeout(() => void this.#keepUp().finally(() => this.look()), next);
  }

  /** What is done when there is time. */
  async #keepUp(): Promise<void> {
    const { store, clock, log, poll, retention } = this.#worker.settings;
    // Not each time that a timer is due, and, while nothing happens, every other time.
    if (clock.now() - this.#unblocked >= poll * 1.4) await this.#unblock();
    if (retention === null) return;
    try {
      await store.collect(clock.now() - retention, COLLECT);
    } catch (error) {
      if (!this.#worker.closing) log({ level: "error", message: "old runs could not be removed", error });
    }
  }

  async #disown(): Promise<void> {
    const { id, owned, settings } = this.#worker;
    if (!this.#doubt.isTime(settings.clock.now())) return;
    try {
      await settings.store.disown(id, owned);
    } catch (error) {
      this.#doubt.look();
      throw error;
    }
  }

  async #readNews(): Promise<void> {
    if (!this.#worker.hasRuns) return;
    const { id, settings } = this.#worker;
    for (const news of await settings.store.news(id)) this.#worker.hear(news);
  }

  /** Takes due runs. Returns milliseconds until the next may be due, or null. */
  async #claim(): Promise<number | null> {
    const { store, clock, isFull, poll, timing } = this.#worker.settings;
    while (this.#worker.room > 0 && !this.#worker.closing) {
      const placement = this.#placement();
      const due = await store.due(this.#worker.id, placement);
      if (due !== 0) {
        this.#misses = 0;
        return due;
      }
      if (this.#worker.hasRuns && isFull()) return timing.fullFor;
      const limit = Math.min(this.#batch, this.#worker.room);
      const claimed = await store.claim(this.#worker.id, limit, placement).catch((error) => {
        this.#doubt.begin(clock.now());
        throw error;
      });
      const began = clock.now();
      for (const run of claimed) this.#worker.adopt(run);
      if (claimed.length === 0) return Math.min(poll, timing.missed * 2 ** this.#misses++);
      this.#misses = 0;
      // What was claimed begins to run meanwhile. Where that takes long, others may be idle.
      const late = clock.now() - began + (await lateness(clock));
      if (late > timing.swamped) {
        this.#batch = 1;
        return late;
      }
      if (late > timing.busy) this.#batch = Math.max(1, this.#batch >> 1);
      else if (claimed.length === limit) this.#batch = Math.min(CLAIM.most, this.#batch * 2);
    }
    return null;
  }

  #placement(): Placement {
    const { settings, builds, id } = this.#worker;
    const { groups, only } = settings;
    return { groups, only, except: [...this.#lacking], builds: [id, ...builds.held] };
  }

  /** Something was loaded, or may have been kept elsewhere: what was blocked for it can go on. */
  async #unblock(): Promise<void> {
    this.#unblocked = this.#worker.settings.clock.now();
    for (const entry of this.#lacking) if (findEntry(entry) !== undefined) this.#lacking.delete(entry);
    await this.#unblocking.look();
  }
}
