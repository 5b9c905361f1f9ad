/**
 * A database of the list that need not be there when a process begins: the others are worked with, and it is opened by the first
 * call after it has come back. Until then each call fails with what it could not be opened for.
 */
import type { Hint, Store, StoreOptions } from "../../runtime/engine/store.ts";
import { checkList, checkPlace } from "./marks.ts";

/** Codes of errors that say that a server is not there now. */
const AWAY: ReadonlySet<unknown> = new Set(["CF3010", "CF3013"]);

function isAway(error: unknown): boolean {
  return AWAY.has((error as { readonly code?: unknown } | null)?.code);
}

export class Door {
  /** Opens what is behind it when it is called. */
  readonly store: Store;
  readonly #inner: Store;
  readonly #again: number;
  #options: StoreOptions = {};
  /** What it could not be opened for. */
  #failure: { readonly error: unknown } | null = null;
  #opening: Promise<void> | null = null;
  /** When it was tried last, in ms. */
  #tried = 0;
  /** @throws when it is not to be used */
  #check: (store: Store) => Promise<void> = async () => {};
  readonly #listeners = new Map<(hint: Hint) => void, () => void>();

  /** @param again milliseconds between two tries */
  constructor(inner: Store, again: number) {
    this.#again = again;
    this.#inner = inner;
    this.store = this.#guarded(inner);
  }

  /** @returns what it cannot be opened for now, or null. @throws what it can never be opened for */
  async open(options: StoreOptions): Promise<{ readonly error: unknown } | null> {
    this.#options = options;
    try {
      await this.#inner.migrate(options);
      this.#failure = null;
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#tried = Date.now();
      this.#failure = { error };
    }
    return this.#failure;
  }

  /** @param check is made before it is used */
  openLater(check: (store: Store) => Promise<void>): void {
    this.#check = check;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (this.#failure === null) await this.#inner.close();
  }

  #guarded<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value = Reflect.get(target, name, target);
        if (name === "read") return this.#guarded(value as object);
        if (typeof value !== "function") return value;
        if (name === "watch") return (listener: (hint: Hint) => void) => this.#watch(listener);
        if (this.#failure === null || name === "now" || name === "within") return value.bind(target);
        return async (...args: unknown[]) => {
          await this.#opened();
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  async #opened(): Promise<void> {
    if (this.#failure === null) return;
    if (this.#opening === null && Date.now() - this.#tried >= this.#again) {
      this.#opening = this.#open().finally(() => {
        this.#tried = Date.now();
        this.#opening = null;
      });
    }
    await this.#opening;
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #open(): Promise<void> {
    try {
      await this.#inner.migrate(this.#options);
    } catch (error) {
      this.#failure = { error };
      return;
    }
    try {
      await this.#check(this.#inner);
    } catch (error) {
      this.#failure = { error };
      await this.#inner.close();
      return;
    }
    this.#failure = null;
    for (const listener of this.#listeners.keys()) this.#listeners.set(listener, this.#inner.watch(listener));
  }

  #watch(listener: (hint: Hint) => void): () => void {
    this.#listeners.set(listener, this.#failure === null ? this.#inner.watch(listener) : () => {});
    return () => {
      this.#listeners.get(listener)?.();
      this.#listeners.delete(listener);
    };
  }
}

/**
 * Opens all that can be opened now, if they are those of the list.
 * @param isSilent is told of each that cannot be
 * @throws what the first one cannot be opened for: when that is for good, none can be, or nobody knows yet that they belong together,
 *   which is known once all of them have been there. ColdframeError CF3112 for another list. Nothing is open then
 */
export async function openAll(
  doors: readonly Door[],
  options: StoreOptions,
  isSilent: (place: number, failure: { readonly error: unknown }) => void,
): Promise<void> {
  const begun = await Promise.allSettled(doors.map((door) => door.open(options)));
  try {
    const away = begun.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    const list = await checkList(doors.map(({ store }, place) => (away[place] === null ? store : null)));
    for (const [place, failure] of away.entries()) {
      if (failure === null) continue;
      if (list === null) throw failure.error;
      doors[place]!.openLater((store) => checkPlace(store, place, list));
      isSilent(place, failure);
    }
  } catch (error) {
    const isOpen = (_: Door, place: number) => begun[place]!.status === "fulfilled";
    await Promise.allSettled(doors.filter(isOpen).map((door) => door.close()));
    throw error;
  }
}
