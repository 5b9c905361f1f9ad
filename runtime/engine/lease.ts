/**
 * A worker's lease: one row for all its runs, renewed at a third of its time. A lease that has ended is never
 * renewed: the worker was frozen or cut off, others own its runs, and it goes on under a new id.
 */

import type { Settings } from "./ports.ts";
import { randomId } from "./random-id.ts";

export class Lease {
  readonly #settings: Settings;
  readonly #onLost: (worker: string) => void;
  worker = "";
  #timer: unknown;
  #ended = false;

  constructor(settings: Settings, onLost: (worker: string) => void) {
    this.#settings = settings;
    this.#onLost = onLost;
  }

  async begin(): Promise<void> {
    await this.#register();
    this.#arm();
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#settings.clock.clearTimeout(this.#timer);
    await this.#settings.store.retire(this.worker);
  }

  /** Lets it end by itself. */
  abandon(): void {
    this.#ended = true;
    this.#settings.clock.clearTimeout(this.#timer);
  }

  async #register(): Promise<void> {
    const { store, lease, about } = this.#settings;
    for (;;) {
      this.worker = `w-${randomId()}`;
      if (await store.renew({ id: this.worker, lease, about }, true)) return;
    }
  }

  #arm(): void {
    const { clock, lease } = this.#settings;
    this.#timer = clock.setTimeout(() => void this.#renew(), Math.ceil(lease / 3));
  }

  async #renew(): Promise<void> {
    const { store, lease, about, log } = this.#settings;
    try {
      const held = await store.renew({ id: this.worker, lease, about }, false);
      if (this.#ended) return;
      if (!held) {
        log({ level: "error", message: "the lease of this worker ended; its runs go on elsewhere" });
        const lost = this.worker;
        await this.#register();
        this.#onLost(lost);
      }
    } catch (error) {
      if (this.#ended) return;
      log({ level: "error", message: "the lease could not be renewed; trying again", error });
    }
    this.#arm();
  }
}
