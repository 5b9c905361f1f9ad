/** What a worker does for schedules: looks for those that are due, at the time of the next one or at the poll. */
import { ColdframeError } from "../errors.ts";
import type { Settings } from "./ports.ts";
import { fireOf } from "./schedule.ts";

/** Schedules fired at one time, at most. */
const AT_ONCE = 100;

export class Scheduler {
  readonly #settings: Settings;
  readonly #started: () => void;
  #timer: unknown;
  #looking = false;
  #again = false;
  #ended = false;
  #unwatch: (() => void) | null = null;

  /** @param started there are new runs */
  constructor(settings: Settings, started: () => void) {
    this.#settings = settings;
    this.#started = started;
  }

  begin(): void {
    this.#unwatch = this.#settings.store.watch(({ kind }) => {
      if (kind === "schedule" || kind === "others") this.#lookNow();
    });
    this.#lookNow();
  }

  end(): void {
    this.#ended = true;
    this.#unwatch?.();
    this.#settings.clock.clearTimeout(this.#timer);
  }

  #lookNow(): void {
    if (this.#ended) return;
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const { store, clock, poll, log, random } = this.#settings;
    clock.clearTimeout(this.#timer);
    let wait = poll * (0.75 + random() / 2);
    try {
      do {
        this.#again = false;
        let next = await store.read.nextSchedule();
        let failed = false;
        if (next !== null && next <= clock.now()) {
          failed = await this.#fireDue();
          next = await store.read.nextSchedule();
        }
        if (next !== null && !failed) wait = Math.min(wait, Math.max(1, next - clock.now()));
      } while (this.#again && !this.#ended);
    } catch (error) {
      if (!this.#ended)
        log({ level: "error", message: "the store failed; schedules are looked at later", error });
    }
    this.#looking = false;
    if (!this.#ended) this.#timer = clock.setTimeout(() => this.#lookNow(), wait);
  }

  /** @returns whether one of them could not be fired */
  async #fireDue(): Promise<boolean> {
    const { store, clock, log, failpoint, history } = this.#settings;
    let failed = false;
    for (const row of await store.read.schedules(clock.now(), AT_ONCE)) {
      if (this.#ended) return failed;
      try {
        const change = await fireOf(row, clock.now(), history);
        failpoint("schedule:before");
        const passed = await store.schedule(change);
        failpoint("schedule:after");
        if (passed && change.starts.length > 0) this.#started();
      } catch (error) {
        if (!(error instanceof ColdframeError) || !error.code.startsWith("CF2")) throw error;
        failed = true;
        log({ level: "error", message: `the schedule "${row.id}" cannot fire`, error });
      }
    }
    return failed;
  }
}
