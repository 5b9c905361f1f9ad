/**
 * Weak collections of a snapshot: an entry is part of it when its key is, and may be what makes others part of it. So each
 * collection is told of all that was reached, again and again, until nothing is new (ephemerons: Hayes, "Ephemerons: a new
 * finalization mechanism", OOPSLA 1997).
 */

/** Is told of everything reached so far, of which `all` from `from` on is new to it. */
type Reach = (all: readonly unknown[], from: number) => void;

export class WeakReach {
  readonly #all: { readonly index: number; readonly reach: Reach; from: number; fromInner: number }[] = [];

  /** @param index of the node of the collection */
  add(index: number, reach: Reach): void {
    this.#all.push({ index, reach, from: 0, fromInner: 0 });
  }

  /**
   * @param nodes of the snapshot, and `inner`, what stands inside of data nodes: both grow meanwhile
   * @param enter is called with the node of a collection before that is told
   * @param drain writes the nodes of what was reached
   */
  spread(
    nodes: readonly unknown[],
    inner: readonly unknown[],
    enter: (index: number) => void,
    drain: () => void,
  ): void {
    for (let before = -1; before !== nodes.length + inner.length; ) {
      before = nodes.length + inner.length;
      const [known, knownInner] = [nodes.length, inner.length];
      for (const weak of this.#all) {
        enter(weak.index);
        weak.reach(nodes, weak.from);
        weak.from = known;
        weak.reach(inner, weak.fromInner);
        weak.fromInner = knownInner;
      }
      drain();
    }
  }
}
