/** What has to be locked and loaded before a batch can be decided. It only grows. */
import type { KeyNeed, WaitOfRun } from "./records.ts";

export class Needs {
  /** Runs by id, to be locked. */
  readonly ids = new Set<string>();
  /** Runs by number, to be locked. */
  readonly runs = new Set<number>();
  /** Ids of runs that are about to be inserted. */
  readonly created = new Set<string>();
  readonly keys = new Map<string, KeyNeed>();
  /** Lines of locks, and how many of those who wait there. */
  readonly lines = new Map<string, number>();
  /** Places to be given up, by id of the run. */
  readonly released = new Map<string, { readonly run: string; readonly wait: number }>();
  /** Runs that may end. */
  readonly ends = new Set<number>();
  /** Runs whose arrivals and attempts are wanted. */
  readonly openings = new Set<number>();
  /** Runs whose ends are wanted, if they have ended. */
  readonly outcomes = new Set<string>();
  /** Runs whose waits are wanted. */
  readonly waits = new Set<number>();
  readonly chunks = new Set<string>();
  /** Runs of which a park is about to be kept, and how many in all. */
  readonly keep = new Map<number, number>();

  key(key: string): KeyNeed {
    let need = this.keys.get(key);
    if (need === undefined) this.keys.set(key, (need = { sent: new Set(), subscribers: 0, kept: 0 }));
    return need;
  }

  /** An event is about to be sent. */
  event(key: string, id: string): void {
    const need = this.key(key);
    need.sent.add(id);
    need.subscribers++;
  }

  line(key: string): void {
    this.lines.set(key, (this.lines.get(key) ?? 1) + 1);
  }

  release(run: string, wait: number): void {
    this.released.set(`${wait} ${run}`, { run, wait });
  }

  /** Names to lock. */
  names(): readonly string[] {
    return [
      ...[...this.keys.keys()].map((key) => `event ${key}`),
      ...[...this.lines.keys()].map((key) => `place ${key}`),
      ...[...this.chunks].map((hash) => `chunk ${hash}`),
    ];
  }
}

export type { WaitOfRun };

/** The batch needs more than was loaded: undo, and begin again with all of it locked from the start, in order. */
export class Again extends Error {
  constructor(why: string) {
    super(`the batch has to be loaded again: ${why}`);
    this.name = "Again";
  }
}
