/**
 * Decoded runs of parked activations, the most recently used ones. A run that is not in it is decoded from its
 * snapshot; nobody can tell the difference.
 */
import type { Run } from "../machine/index.ts";
import type { Activation } from "./activation.ts";

interface Entry {
  readonly run: Run;
  /** Turn as of which it stands. */
  readonly turn: number;
  /** The activation that uses it; null when the run was given back. */
  readonly activation: Activation | null;
}

export class RunCache {
  readonly #limit: number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A parked activation, whose run may be forgotten. */
  keep(activation: Activation): void {
    this.#put(activation.id, { run: activation.run!, turn: activation.turn, activation });
  }

  /** A run that was given back, for the case that it comes again unchanged. */
  keepReleased(activation: Activation): void {
    if (activation.run !== null) {
      this.#put(activation.id, { run: activation.run, turn: activation.turn, activation: null });
    }
  }

  /** The run as of this turn, or null. */
  take(id: string, turn: number): Run | null {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    return entry?.turn === turn ? entry.run : null;
  }

  /** The run is in use, or of no more use. */
  drop(id: string): void {
    this.#entries.delete(id);
  }

  #put(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    for (const [oldest, { activation }] of this.#entries) {
      if (this.#entries.size <= this.#limit) return;
      this.#entries.delete(oldest);
      if (activation !== null) activation.run = null;
    }
  }
}
