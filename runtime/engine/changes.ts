/** Watching runs: who watches is told of changes by a worker of this engine and by hints, and looks by itself from time to time. */
import type { Settings } from "./ports.ts";
import type { RunState } from "./run-handle.ts";

export class Changes {
  readonly #settings: Settings;
  readonly #get: (run: string) => Promise<RunState | null>;
  /** By run. */
  readonly #watchers = new Map<string, Set<() => void>>();
  #closed = false;

  /** @param get the state of a run now */
  constructor(settings: Settings, get: (run: string) => Promise<RunState | null>) {
    this.#settings = settings;
    this.#get = get;
  }

  /** The state of a run is another one; null: perhaps that of any. */
  tell(run: string | null): void {
    if (run === null) for (const watchers of this.#watchers.values()) for (const wake of watchers) wake();
    else for (const wake of this.#watchers.get(run) ?? []) wake();
  }

  close(): void {
    this.#closed = true;
    this.tell(null);
  }

  /**
   * The state now and after each change, until the run has ended. Who is slow gets the latest, not all.
   * @param signal ends it
   */
  async *of(run: string, signal?: AbortSignal): AsyncGenerator<RunState> {
    let wake: () => void = () => {};
    let changed = true;
    const listener = () => {
      changed = true;
      wake();
    };
    const over = () => this.#closed || signal?.aborted === true;
    this.#add(run, listener);
    signal?.addEventListener("abort", listener);
    try {
      let seen = "";
      while (!over()) {
        if (!changed) {
          const { clock, poll } = this.#settings;
          const woken = new Promise<void>((resolve) => (wake = resolve));
          // Hints may be lost.
          const timer = clock.setTimeout(listener, poll);
          await woken;
          clock.clearTimeout(timer);
        }
        changed = false;
        if (over()) return;
        const state = await this.#get(run);
        if (state === null || over()) return;
        const { status, turn, worker, cancel, held, attempts } = state;
        const version = JSON.stringify([status, turn, worker, cancel, held, attempts]);
        if (version !== seen) yield state;
        seen = version;
        if (status === "done" || status === "failed" || status === "cancelled") return;
      }
    } finally {
      this.#remove(run, listener);
      signal?.removeEventListener("abort", listener);
    }
  }

  #add(run: string, listener: () => void): void {
    const watchers = this.#watchers.get(run);
    if (watchers === undefined) this.#watchers.set(run, new Set([listener]));
    else watchers.add(listener);
  }

  #remove(run: string, listener: () => void): void {
    const watchers = this.#watchers.get(run);
    watchers?.delete(listener);
    if (watchers?.size === 0) this.#watchers.delete(run);
  }
}
