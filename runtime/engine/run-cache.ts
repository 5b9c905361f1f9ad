/**
 * Decoded runs of parked activations, the most recently used ones. A run that is not in it is decoded from its
 * snapshot; nobody can tell the difference.
 *
 * A run parks at each of its steps, so moving it to the young end must cost nothing: entries are a doubly linked list,
 * and parking again changes an entry instead of making one.
 */
import { type Run, registry } from "../machine/index.ts";
import type { Activation } from "./activation.ts";

interface Link {
  older: Link;
  younger: Link;
}

interface Entry extends Link {
  readonly id: string;
  run: Run;
  /** Turn as of which it stands. */
  turn: number;
  /** Modules that had been loaded by then. */
  modules: number;
  /** The activation that uses it; null when the run was given back. */
  activation: Activation | null;
}

export class RunCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  /** Of a ring: its younger neighbour is the oldest entry, its older one the youngest. */
  readonly #ring: Link;

  constructor(limit: number) {
    this.#limit = limit;
    const ring = {} as Link;
    ring.older = ring.younger = ring;
    this.#ring = ring;
  }

  /** A parked activation, whose run may be forgotten. */
  keep(activation: Activation): void {
    this.#put(activation, activation);
  }

  /** A run that was given back, for the case that it comes again unchanged. */
  keepReleased(activation: Activation): void {
    if (activation.run !== null) this.#put(activation, null);
  }

  /** The run as of this turn, or null. Where modules are replaced, it is to go on with the newest. */
  take(id: string, turn: number): Run | null {
    const entry = this.#entries.get(id);
    this.drop(id);
    if (entry === undefined || entry.turn !== turn) return null;
    return registry.hot && entry.modules !== registry.changes ? null : entry.run;
  }

  /** The run is in use, or of no more use. */
  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    unlink(entry);
  }

  #put({ id, run, turn }: Activation, user: Activation | null): void {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      known.run = run!;
      known.turn = turn;
      known.modules = registry.changes;
      known.activation = user;
      unlink(known);
      this.#append(known);
      return;
    }
    const entry = { id, run: run!, turn, modules: registry.changes, activation: user } as Entry;
    this.#entries.set(id, entry);
    this.#append(entry);
    while (this.#entries.size > this.#limit) {
      const { id: oldest, activation } = this.#ring.younger as Entry;
      this.drop(oldest);
      // Not one that has gone on since it was parked: its run knows more than the last snapshot.
      if (activation !== null && activation.phase === "open" && !activation.dirty) activation.run = null;
    }
  }

  #append(link: Link): void {
    const ring = this.#ring;
    link.older = ring.older;
    link.younger = ring;
    ring.older.younger = link;
    ring.older = link;
  }
}

function unlink({ older, younger }: Link): void {
  older.younger = younger;
  younger.older = older;
}
