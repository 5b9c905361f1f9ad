/** A list whose entries are found by identity: by looking from its beginning while it is short, else through a map. */

/** Up to so many entries, making a map would cost more than it saves. */
const FEW = 16;

export class IndexedList<T> {
  readonly items: T[] = [];
  private indexes: Map<T, number> | null = null;

  /** @returns the index, or -1 */
  find(item: T): number {
    return this.indexes === null ? this.items.indexOf(item) : (this.indexes.get(item) ?? -1);
  }

  /** Adds an item that is not in the list. @returns its index */
  add(item: T): number {
    const index = this.items.push(item) - 1;
    if (this.indexes !== null) this.indexes.set(item, index);
    else if (index === FEW) this.indexes = new Map(this.items.map((each, at) => [each, at]));
    return index;
  }
}
