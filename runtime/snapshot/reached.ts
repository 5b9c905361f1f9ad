/**
 * What a writer has reached so far: nodes by their index, and what stands inside of data nodes by its place among all that
 * does. Large snapshots consist of little else than the latter, of which mostly nobody asks where it is: a set tells that it is there,
 * and places are found when somebody does.
 */

/** Up to so many nodes, making a map would cost more than it saves: a tenth of what a snapshot of 45 nodes takes. */
const FEW = 48;

export class Reached {
  readonly nodes: unknown[] = [];
  /** Objects that stand inside of data nodes. */
  readonly inner: object[] = [];
  /** Nodes of objects that stand inside of a data node: the place of each. Null: there is none, as are the sets below. */
  aliases: Map<number, number> | null = null;
  /** Nodes that became aliases in the tree that is being looked at. */
  readonly met: number[] = [];
  #innerTexts: Set<string> | null = null;
  /** Indexes of nodes, when they are many. */
  #indexes: Map<unknown, number> | null = null;
  /** All of `inner`, and the first `#noted` of `nodes`: one look-up tells what is in neither. */
  #inside: Set<unknown> | null = null;
  #noted = 0;
  /** Places of the first `#placed` of `inner`. */
  #places: Map<unknown, number> | null = null;
  #placed = 0;

  /** @returns the index of its node; -1 when it has none */
  find(value: unknown): number {
    return this.#indexes === null ? this.nodes.indexOf(value) : (this.#indexes.get(value) ?? -1);
  }

  /** Gives a value a node. @returns its index */
  add(value: unknown): number {
    const index = this.nodes.push(value) - 1;
    if (this.inner.length > 0 && typeof value === "object" && this.#inside!.has(value))
      (this.aliases ??= new Map()).set(index, this.#placeOf(value));
    if (this.#indexes !== null) this.#indexes.set(value, index);
    else if (index === FEW) {
      this.#indexes = new Map();
      for (let i = 0; i <= index; i++) this.#indexes.set(this.nodes[i], i);
    }
    return index;
  }

  #placeOf(value: unknown): number {
    const { inner } = this;
    this.#places ??= new Map();
    for (; this.#placed < inner.length; this.#placed++) this.#places.set(inner[this.#placed], this.#placed);
    return this.#places.get(value)!;
  }

  /**
   * Notes that an object stands inside of data node `root`. One that has a node already is told by it from then on, see `aliases`.
   * False: it stands inside of a data node already, or is the root.
   */
  enclose(object: object, root: number): boolean {
    const inside = (this.#inside ??= new Set());
    const before = inside.size;
    // One look-up instead of two.
    inside.add(object);
    if (inside.size === before) {
      const known = this.find(object);
      if (known < 0 || known === root || this.aliases?.has(known) === true) return false;
      (this.aliases ??= new Map()).set(known, this.inner.length);
      this.met.push(known);
    }
    this.inner.push(object);
    return true;
  }

  /** The same for a long string, of which only this is known: if it comes again, it gets a node. No string stands there twice. */
  encloseText(text: string): boolean {
    this.#innerTexts ??= new Set();
    if (this.#innerTexts.has(text)) return false;
    this.#innerTexts.add(text);
    return true;
  }

  /** Before a tree is looked at. @returns what `release` takes to forget all that is enclosed from now on */
  mark(): readonly [objects: number, texts: number] {
    this.met.length = 0;
    const inside = (this.#inside ??= new Set());
    for (; this.#noted < this.nodes.length; this.#noted++) inside.add(this.nodes[this.#noted]);
    return [this.inner.length, this.#innerTexts?.size ?? 0];
  }

  release([objects, texts]: readonly [number, number]): void {
    const { inner } = this;
    const inside = this.#inside!;
    for (let i = objects; i < inner.length; i++) {
      const object = inner[i]!;
      inside.delete(object);
      if (i < this.#placed) this.#places!.delete(object);
    }
    for (const index of this.met) {
      this.aliases!.delete(index);
      inside.add(this.nodes[index]);
    }
    this.met.length = 0;
    this.#placed = Math.min(this.#placed, objects);
    inner.length = objects;
    const innerTexts = this.#innerTexts;
    if (innerTexts === null || innerTexts.size === texts) return;
    for (const text of [...innerTexts].slice(texts)) innerTexts.delete(text);
  }
}
