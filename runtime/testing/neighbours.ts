/** What a scenario's run and the runs that it started have in common: a mailbox, copies of events, and locks. */
import { encodeLock } from "../engine/lock.ts";
import type { Arrival } from "../engine/store.ts";
import type { Effect, Run } from "../machine/index.ts";
import { encodeValue } from "../snapshot/index.ts";
import type { World } from "./world.ts";

/** A run, as the others see it. */
export interface Neighbour {
  readonly run: Run;
  /** What is going to be delivered. */
  readonly inbox: Arrival[];
  /** It has found nothing to do. */
  readonly idle: boolean;
  /** Steps or promises of unmarked code are under way. */
  readonly busy: boolean;
}

interface Place {
  readonly run: string;
  readonly wait: number;
  readonly key: string;
  readonly max: number;
  /** Kept when the run ends. */
  readonly loose: boolean;
  readonly owner: Neighbour;
  held: boolean;
}

export class Neighbours {
  /** In the order in which they began. */
  readonly #all = new Set<Neighbour>();
  readonly #kept = new Map<string, string[]>();
  readonly #sent = new Set<string>();
  /** Copies of events, by the key that they go to. */
  readonly #feeds = new Map<string, Extract<Effect, { readonly kind: "feed" }>>();
  #places: Place[] = [];

  constructor(world: World) {
    world.connect((key, payload, id) => this.#post(key, payload, id));
  }

  /** The first of them has ended, or nothing can go on: nobody goes on. */
  over = false;

  /** Nobody has anything to do before time passes. */
  get idle(): boolean {
    return [...this.#all].every(({ idle, inbox }) => idle && inbox.length === 0);
  }

  /** Something is under way that may end without time passing. */
  get busy(): boolean {
    return [...this.#all].some(({ busy }) => busy);
  }

  enter(one: Neighbour): void {
    this.#all.add(one);
  }

  /** Its run has ended: its places are free. */
  leave(one: Neighbour): void {
    this.#all.delete(one);
    for (const { owner, run, wait, loose, held } of [...this.#places])
      if (owner === one && !(loose && held)) this.release(run, wait);
  }

  feed(effect: Extract<Effect, { readonly kind: "feed" }>): void {
    if (effect.which === "none") this.#feeds.delete(effect.to);
    else this.#feeds.set(effect.to, effect);
  }

  /** An event that came before anybody waited for it, encoded. */
  takeKept(key: string): string | undefined {
    return this.#kept.get(key)?.shift();
  }

  acquire(
    owner: Neighbour,
    { id: wait, key, max, loose }: Pick<Place, "key" | "max" | "loose"> & { id: number },
  ): void {
    this.#places.push({ run: owner.run.id, wait, key, max, loose, owner, held: false });
    this.#serve(key);
  }

  /** Gives up waiting for a place. One that was got stays. */
  giveUp(run: string, wait: number): void {
    if (!this.#places.some((place) => place.run === run && place.wait === wait && place.held))
      this.release(run, wait);
  }

  release(run: string, wait: number): void {
    const found = this.#places.find((place) => place.run === run && place.wait === wait);
    if (found === undefined) return;
    this.#places = this.#places.filter((place) => place !== found);
    this.#serve(found.key);
  }

  #serve(key: string): void {
    const line = this.#places.filter((place) => place.key === key);
    for (const place of line) {
      if (place.held) continue;
      if (line.filter(({ held }) => held).length >= place.max) return;
      place.held = true;
      const { wait } = place;
      place.owner.inbox.push({ wait, threw: false, value: encodeLock(key, wait) });
    }
  }

  #post(key: string, payload: unknown, id: string | undefined): void {
    if (id !== undefined) {
      const name = JSON.stringify([key, id]);
      if (this.#sent.has(name)) return;
      this.#sent.add(name);
    }
    const feeds = [...this.#feeds.values()].filter((feed) => feed.key === key);
    for (const { to, which } of feeds) {
      if (which === "next") this.#feeds.delete(to);
      this.#post(to, payload, id);
    }
    const value = encodeValue(payload);
    for (const { run, inbox } of this.#all) {
      for (const { wait } of run.waits.values()) {
        if (wait?.kind !== "event" || wait.key !== key) continue;
        if (inbox.some((arrival) => arrival.wait === wait.id)) continue;
        inbox.push({ wait: wait.id, threw: false, value });
        return;
      }
    }
    if (feeds.length === 0) this.#kept.set(key, [...(this.#kept.get(key) ?? []), value]);
  }
}
