/** Schedules, as `engine.schedules`. */
import type { WriterOptions } from "../snapshot/index.ts";
import { checkCount } from "./options.ts";
import type { Settings } from "./ports.ts";
import { randomId } from "./random-id.ts";
import {
  firstFire,
  nextFires,
  type ScheduleOptions,
  type ScheduleState,
  sameTimes,
  specOf,
  stateOf,
} from "./schedule.ts";
import type { ScheduleRow } from "./store.ts";

export class Schedules {
  readonly #settings: Settings;
  readonly #codec: WriterOptions;
  readonly #check: () => void;

  /** @param check throws when the engine is closed */
  constructor(settings: Settings, check: () => void) {
    this.#settings = settings;
    this.#codec = settings.codec;
    this.#check = check;
  }

  /** See `engine.schedule`. */
  async set<A extends readonly unknown[]>(id: string, options: ScheduleOptions<A>): Promise<ScheduleState> {
    this.#check();
    const spec = specOf(id, options, this.#codec);
    const now = this.#settings.clock.now();
    const first = await firstFire(id, spec, now);
    return (await this.#change(id, (row) => {
      const paused = options.paused ?? row?.paused ?? false;
      if (row !== null && row.spec === spec && row.paused === paused) return row;
      const next = paused
        ? null
        : row !== null && !row.paused && sameTimes(row.spec, spec)
          ? row.next
          : first;
      return { id, spec, version: randomId(), paused, next, last: row?.last ?? null };
    }))!;
  }

  /** It does not fire any more. False: it is paused, or there is none. */
  async pause(id: string): Promise<boolean> {
    this.#check();
    let paused = false;
    await this.#change(id, (row) => {
      paused = row !== null && !row.paused;
      return paused ? { ...row!, version: randomId(), paused: true, next: null } : row;
    });
    return paused;
  }

  /** It fires again, from the next time on: what it missed is not made up for. False: it is not paused, or there is none. */
  async resume(id: string): Promise<boolean> {
    this.#check();
    const found = await this.#row(id);
    if (found === null) return false;
    const next = await firstFire(id, found.spec, this.#settings.clock.now());
    let resumed = false;
    await this.#change(id, (row) => {
      resumed = row?.paused === true;
      return resumed ? { ...row!, version: randomId(), paused: false, next } : row;
    });
    return resumed;
  }

  /** Removes it. Its runs go on. False: there is none. */
  async remove(id: string): Promise<boolean> {
    this.#check();
    return this.#settings.store.unschedule(id);
  }

  /** All of them, by id. */
  async list(): Promise<readonly ScheduleState[]> {
    this.#check();
    const rows = await this.#settings.store.read.schedules(null, Number.MAX_SAFE_INTEGER);
    return rows.map(stateOf).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** One of them; null: there is none. */
  async get(id: string): Promise<ScheduleState | null> {
    this.#check();
    const row = await this.#row(id);
    return row === null ? null : stateOf(row);
  }

  /**
   * The next times at which it fires, in ms since 1970; of one that is paused, those at which it would.
   * Empty: there is none, or it never fires again.
   * @param count at most so many, from 1
   * @throws ColdframeError CF2301
   */
  async fires(id: string, count = 10): Promise<readonly number[]> {
    this.#check();
    checkCount("fires()", "count", count, 1);
    const row = await this.#row(id);
    return row === null ? [] : nextFires(id, row.spec, this.#settings.clock.now(), count);
  }

  #row(id: string): Promise<ScheduleRow | null> {
    return this.#settings.store.read.schedule(id);
  }

  /** Changes a row, again and again while others do. */
  async #change(
    id: string,
    change: (row: ScheduleRow | null) => ScheduleRow | null,
  ): Promise<ScheduleState | null> {
    for (;;) {
      const before = await this.#row(id);
      const row = change(before);
      if (row === before || row === null) return row === null ? null : stateOf(row);
      const seen = before?.version ?? null;
      if (await this.#settings.store.schedule({ row, seen, starts: [], unless: null, cancel: null }))
        return stateOf(row);
    }
  }
}
