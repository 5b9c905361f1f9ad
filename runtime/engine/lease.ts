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
    this.worker = await this.#register();
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

  /** @returns an id that is registered. Until its runs are given up, the worker goes by the old one and claims nothing by it. */
  async #register(): Promise<string> {
    const { store, lease, about } = this.#settings;
    for (;;) {
      const id = `w-${randomId()}`;
      if (await store.renew({ id, lease, about }, true)) return id;
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
        const id = await this.#register();
        if (this.#ended) return;
        const lost = this.worker;
        this.worker = id;
        this.#onLost(lost);
      }
    } catch (error) {
      if (this.#ended) return;
      log({ level: "error", message: "the lease could not be renewed; trying again", error });
    }
    this.#arm();
  }
}
