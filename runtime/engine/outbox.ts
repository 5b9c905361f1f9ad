/**
 * Writes to the store on behalf of runs. What many runs want to write in the same moment is handed over in one call, so
 * that a turn costs no promise of its own. While the database fails, a write is tried again and again.
 */
import type { Activation } from "./activation.ts";
import type { Settings } from "./ports.ts";
import type { Write, WriteOutcome } from "./store.ts";
import { whereabouts } from "./whereabouts.ts";

export interface Outgoing {
  readonly activation: Activation;
  readonly write: Write;
  /** Gets the outcome, or null when the write was given up because nobody wants it any more. */
  done(outcome: WriteOutcome | null): void;
}

export class Outbox {
  readonly #settings: Settings;
  #waiting: Outgoing[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Writes it together with what is added before the next microtask that was asked for here. */
  add(outgoing: Outgoing): void {
    this.#settings.failpoint("commit:before");
    if (this.#waiting.push(outgoing) === 1) void Promise.resolve().then(this.#flush);
  }

  readonly #flush = (): void => {
    const batch = this.#waiting;
    this.#waiting = [];
    const { store, timing } = this.#settings;
    if (store.partOf === undefined) {
      this.#send(batch, timing.write.first);
      return;
    }
    const parts = new Map<number, Outgoing[]>();
    for (const outgoing of batch) {
      const part = store.partOf(outgoing.write.run);
      const known = parts.get(part);
      if (known === undefined) parts.set(part, [outgoing]);
      else known.push(outgoing);
    }
    for (const part of parts.values()) this.#send(part, timing.write.first);
  };

  #send(batch: readonly Outgoing[], wait: number): void {
    const { store, failpoint } = this.#settings;
    store.commit(batch.map(({ write }) => write)).then(
      (outcomes) => {
        for (let i = 0; i < batch.length; i++) {
          failpoint("commit:after");
          batch[i]!.done(outcomes[i]!);
        }
      },
      (error) => this.#again(batch, wait, error),
    );
  }

  #again(batch: readonly Outgoing[], wait: number, error: unknown): void {
    const { clock, log, random, timing } = this.#settings;
    const rest = stillWanted(batch);
    if (rest.length === 0) return;
    log({
      level: "error",
      message:
        rest.length === 1
          ? "the store failed; the write is tried again"
          : `the store failed; ${rest.length} writes are tried again`,
      run: rest[0]!.write.run,
      at: whereabouts(rest[0]!.activation),
      error,
    });
    const next = Math.min(timing.write.longest, wait * 2);
    clock.setTimeout(
      () => {
        const wanted = stillWanted(rest);
        if (wanted.length > 0) this.#send(wanted, next);
      },
      wait * (0.5 + random() / 2),
    );
  }
}

/** Those that somebody still waits for; the others are told that they were given up. */
function stillWanted(batch: readonly Outgoing[]): readonly Outgoing[] {
  return batch.filter((outgoing) => {
    const { phase } = outgoing.activation;
    const wanted = outgoing.write.kind === "turn" ? phase === "committing" : phase !== "closed";
    if (!wanted) outgoing.done(null);
    return wanted;
  });
}
