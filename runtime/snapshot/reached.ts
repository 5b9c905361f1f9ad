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
  /** Those of them that have a node, too. */
  readonly #innerNodes = new Set<string>();
  /** Nodes of objects that stand inside of a data node: the place of each. */
  readonly aliases = new Map<number, number>();
  /** Nodes that became aliases in the tree that is being looked at. */
  readonly met: number[] = [];
  #places: Map<unknown, number> | null = null;

  /** @returns the index of its node; -1 when it was not seen; `-2 - place` when it stands inside of a data node */
  find(value: unknown): number {
    return this.#places === null ? this.nodes.indexOf(value) : (this.#places.get(value) ?? -1);
  }

  /** Gives a value a node. @returns its index */
  add(value: unknown): number {
    const index = this.nodes.push(value) - 1;
    if (this.inner.length > 0 && typeof value === "object") {
      const known = this.#places!.get(value);
      if (known !== undefined) this.aliases.set(index, -2 - known);
    }
    if (this.#places !== null) this.#places.set(value, index);
    else if (index === FEW) this.#index();
    return index;
  }

  /**
   * Notes that an object stands inside of data node `root`. One that has a node already is told by it from then on, see `aliases`.
   * False: it stands inside of a data node already, or is the root.
   */
  enclose(object: object, root: number): boolean {
    const places = this.#places ?? this.#index();
    const known = places.get(object);
    if (known === undefined) places.set(object, -2 - this.inner.length);
    else if (known < 0 || known === root || this.aliases.has(known)) return false;
    else {
      this.aliases.set(known, this.inner.length);
      this.met.push(known);
    }
    this.inner.push(object);
    return true;
  }

  /** The same for a long string, of which only this is known: if it comes again, it gets a node. No string stands there twice. */
  encloseText(text: string): boolean {
    const places = this.#places ?? this.#index();
    const known = places.get(text);
    if (known === -2 || this.#innerNodes.has(text)) return false;
    if (known === undefined) places.set(text, -2);
    else this.#innerNodes.add(text);
    this.#innerTexts.push(text);
    return true;
  }

  /** What `release` takes to forget all that is enclosed from now on. */
  mark(): readonly [objects: number, texts: number] {
    this.met.length = 0;
    return [this.inner.length, this.#innerTexts.length];
  }

  release([objects, texts]: readonly [number, number]): void {
    const places = this.#places!;
    for (let i = objects; i < this.inner.length; i++) {
      const known = places.get(this.inner[i])!;
      if (known < 0) places.delete(this.inner[i]);
      else this.aliases.delete(known);
    }
    for (let i = texts; i < this.#innerTexts.length; i++) {
      const text = this.#innerTexts[i]!;
      if (!this.#innerNodes.delete(text)) places.delete(text);
    }
    this.inner.length = objects;
    this.#innerTexts.length = texts;
  }

  #index(): Map<unknown, number> {
    this.#places = new Map();
    for (let i = 0; i < this.nodes.length; i++) this.#places.set(this.nodes[i], i);
    return this.#places;
  }
}
