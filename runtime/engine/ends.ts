/** Waiting for runs to end: told directly by a worker of this engine, else by hints and a slow look at the store. */
import { ColdframeError } from "../errors.ts";
import type { Settings } from "./ports.ts";
import type { RunEnd } from "./store.ts";

interface Waiting {
  readonly resolve: (end: RunEnd) => void;
  readonly reject: (error: unknown) => void;
}

export class Ends {
  readonly #settings: Settings;
  readonly #waiting = new Map<string, Waiting[]>();
  #looking = false;
  #again = false;
  #timer: unknown;
  #armed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * How the run ended, once it has.
   * @param active a worker of this engine has it, so that it need not be looked up
   * @param signal ends the waiting, with its reason
   */
  async wait(run: string, active: boolean, signal?: AbortSignal): Promise<RunEnd> {
    signal?.throwIfAborted();
    const ended = new Promise<RunEnd>((resolve, reject) => {
      const one = { resolve, reject };
      const waiting = this.#waiting.get(run);
      if (waiting === undefined) this.#waiting.set(run, [one]);
      else waiting.push(one);
      signal?.addEventListener("abort", () => this.#giveUp(run, one, signal.reason), { once: true });
    });
    // Given up while the store is asked: nobody listens yet.
    ended.catch(() => {});
    this.#arm();
    if (!active) await this.#lookAt(run);
    return ended;
  }

  #giveUp(run: string, one: Waiting, reason: unknown): void {
    const waiting = this.#waiting.get(run);
    const at = waiting?.indexOf(one) ?? -1;
    if (waiting === undefined || at < 0) return;
    waiting.splice(at, 1);
    if (waiting.length === 0) this.#waiting.delete(run);
    one.reject(reason);
  }

  /** The run has ended. */
  tell(run: string, end: RunEnd): void {
    const waiting = this.#waiting.get(run);
    if (waiting === undefined) return;
    this.#waiting.delete(run);
    for (const { resolve } of waiting) resolve(end);
  }

  /** Something changed in the store: looks at all that is waited for. */
  look(): void {
    if (this.#waiting.size === 0) return;
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  /** This run has ended somewhere. */
  lookAt(run: string): void {
    if (this.#waiting.has(run)) void this.#lookAt(run);
  }

  close(): void {
    this.#settings.clock.clearTimeout(this.#timer);
    const error = new ColdframeError(
      "CF3104",
      "the run goes on where a worker has it; ask for its result again later",
    );
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(error);
    this.#waiting.clear();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    do {
      this.#again = false;
      for (const run of [...this.#waiting.keys()]) await this.#lookAt(run);
    } while (this.#again);
    this.#looking = false;
  }

  async #lookAt(run: string): Promise<void> {
    try {
      const found = await this.#settings.store.read.run(run);
      if (found === null)
        this.#fail(
          run,
          new ColdframeError("CF3101", `"${run}". List the runs that there are, and check the database file`),
        );
      else if (found.end !== null) this.tell(run, found.end);
    } catch (error) {
      this.#fail(run, error);
    }
  }

  #fail(run: string, error: unknown): void {
    const waiting = this.#waiting.get(run);
    this.#waiting.delete(run);
    for (const { reject } of waiting ?? []) reject(error);
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    const { clock, poll } = this.#settings;
    this.#timer = clock.setTimeout(() => {
      this.#armed = false;
      this.look();
      if (this.#waiting.size > 0) this.#arm();
    }, poll);
  }
}
