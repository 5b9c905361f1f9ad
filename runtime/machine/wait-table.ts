/**
 * Something for each of a run's external waits, by the id of the wait. Nearly all runs wait for one thing at a time, and
 * do so at each of their steps; so one entry stands in the table itself, and a map is made for more. (A map that holds
 * one entry, and loses it, allocates its storage anew for the next.)
 */
export class WaitTable<T> implements Iterable<[number, T]> {
  private id = NOBODY;
  private one: T | undefined = undefined;
  /** Once it was needed, all entries. */
  private map: Map<number, T> | null = null;

  get size(): number {
    return this.map === null ? (this.id === NOBODY ? 0 : 1) : this.map.size;
  }

  get(id: number): T | undefined {
    return this.map === null ? (this.id === id ? this.one : undefined) : this.map.get(id);
  }

  has(id: number): boolean {
    return this.map === null ? this.id === id : this.map.has(id);
  }

  set(id: number, value: T): this {
    if (this.map === null) {
      if (this.id === NOBODY || this.id === id) {
        this.id = id;
        this.one = value;
        return this;
      }
      this.map = new Map([[this.id, this.one as T]]);
      this.forget();
    }
    this.map.set(id, value);
    return this;
  }

  delete(id: number): boolean {
    if (this.map !== null) return this.map.delete(id);
    if (this.id !== id) return false;
    this.forget();
    return true;
  }

  clear(): void {
    this.forget();
    this.map?.clear();
  }

  /** Oldest first, as in a Map. Like those below safe against deletion while it is read. */
  values(): Iterable<T> {
    return this.map === null ? (this.id === NOBODY ? NONE : [this.one as T]) : this.map.values();
  }

  keys(): Iterable<number> {
    return this.map === null ? (this.id === NOBODY ? NONE : [this.id]) : this.map.keys();
  }

  [Symbol.iterator](): Iterator<[number, T]> {
    if (this.map !== null) return this.map[Symbol.iterator]();
    const entries: [number, T][] = this.id === NOBODY ? [] : [[this.id, this.one as T]];
    return entries[Symbol.iterator]();
  }

  private forget(): void {
    this.id = NOBODY;
    this.one = undefined;
  }
}

/** No id: they begin at 1, and come from a counter. */
const NOBODY = -1;
const NONE: readonly never[] = [];
