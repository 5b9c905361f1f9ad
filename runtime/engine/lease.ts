/**
 * A worker's lease: one row for all its runs, renewed several times while it runs. A lease that has ended is never
 * renewed: the worker was frozen or cut off, others own its runs, and it goes on under a new id.
 */

import type { Builds } from "./builds.ts";
import type { Settings } from "./ports.ts";
import { randomId } from "./random-id.ts";

export class Lease {
  readonly #settings: Settings;
  readonly #builds: Pick<Builds, "held">;
  readonly #onLost: (worker: string) => void;
  worker = "";
  #timer: unknown;
  #ended = false;
  /** The builds that the store knows of, as one text. */
  #told = "";

  constructor(settings: Settings, builds: Pick<Builds, "held">, onLost: (worker: string) => void) {
    this.#settings = settings;
    this.#builds = builds;
    this.#onLost = onLost;
  }

  async begin(): Promise<void> {
    this.worker = await this.#register();
    this.#arm();
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#settings.clock.clearTimeout(this.#timer);
    try {
      await this.#settings.store.retire(this.worker);
    } catch (error) {
      // Whoever closes an engine is done with it, also when the database is gone.
      this.#settings.log({
        level: "warn",
        message: "the lease could not be given back; it ends by itself",
        error,
      });
    }
  }

  /** Lets it end by itself. */
  abandon(): void {
    this.#ended = true;
    this.#settings.clock.clearTimeout(this.#timer);
  }

  /** @returns an id that is registered. Until its runs are given up, the worker goes by the old one and claims nothing by it. */
  async #register(): Promise<string> {
    for (;;) {
      const id = `w-${randomId()}`;
      if (await this.#write(id, true)) return id;
    }
  }

  /** Says which builds the worker holds, unless that is known. */
  async tellBuilds(): Promise<void> {
    if (this.worker !== "" && this.#told !== this.#builds.held.join()) await this.#write(this.worker, false);
  }

  async #write(id: string, first: boolean): Promise<boolean> {
    const { store, lease, about, groups, only } = this.#settings;
    const builds = this.#builds.held;
    const passed = await store.renew({ id, lease, about, builds, groups, only }, first);
    this.#told = builds.join();
    return passed;
  }

  #arm(): void {
    const { clock, lease, timing } = this.#settings;
    this.#timer = clock.setTimeout(() => void this.#renew(), Math.ceil(lease / timing.renewals));
  }

  async #renew(): Promise<void> {
    const { log } = this.#settings;
    try {
      const held = await this.#write(this.worker, false);
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
