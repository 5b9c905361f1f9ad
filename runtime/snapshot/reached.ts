/**
 * What a writer has reached so far: nodes by their index, and what stands inside of data nodes by its place among all that
 * does. One map serves both, since each look-up of an object counts: large snapshots consist of little else.
 */

/** Up to so many nodes, making a map would cost more than it saves. */
const FEW = 16;

export class Reached {
  readonly nodes: unknown[] = [];
  /** Objects that stand inside of data nodes. */
  readonly inner: object[] = [];
  readonly #innerTexts: string[] = [];
  #places: Map<unknown, number> | null = null;

  /** @returns the index of its node; -1 when it was not seen; `-2 - place` when it stands inside of a data node */
  find(value: unknown): number {
    return this.#places === null ? this.nodes.indexOf(value) : (this.#places.get(value) ?? -1);
  }

  /** Gives a value a node. @returns its index */
  add(value: unknown): number {
    const index = this.nodes.push(value) - 1;
    if (this.#places !== null) this.#places.set(value, index);
    else if (index === FEW) this.#index();
    return index;
  }

  /** Notes that an object stands inside of a data node. False: it was seen before, wherever that was. */
  enclose(object: object): boolean {
    const places = this.#places ?? this.#index();
    if (places.get(object) !== undefined) return false;
    places.set(object, -1 - this.inner.push(object));
    return true;
  }

  /** The same for a long string, of which only this is known: if it comes again, it gets a node. */
  encloseText(text: string): boolean {
    const places = this.#places ?? this.#index();
    if (places.get(text) !== undefined) return false;
    places.set(text, -2);
    this.#innerTexts.push(text);
    return true;
  }

  /** What `release` takes to forget all that is enclosed from now on. */
  mark(): readonly [objects: number, texts: number] {
    return [this.inner.length, this.#innerTexts.length];
  }

  release([objects, texts]: readonly [number, number]): void {
    for (let i = objects; i < this.inner.length; i++) this.#places!.delete(this.inner[i]);
    for (let i = texts; i < this.#innerTexts.length; i++) this.#places!.delete(this.#innerTexts[i]);
    this.inner.length = objects;
    this.#innerTexts.length = texts;
  }

  #index(): Map<unknown, number> {
    this.#places = new Map();
    for (let i = 0; i < this.nodes.length; i++) this.#places.set(this.nodes[i], i);
    return this.#places;
  }
}
