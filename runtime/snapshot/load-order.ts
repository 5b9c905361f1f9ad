/**
 * Objects that somebody else makes of what he saved (`registerCustom`, `coldframe.save`) can be made only when that is complete;
 * all others are allocated first and filled later. So the writer says in which order they are made, and which nodes are complete
 * before each: entries `[node,"load",dependence,…]` of the own table.
 *
 * The order is that of strongly connected components (Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput.
 * 1972): a component comes behind all that it refers to. One with such an object in it that is a cycle cannot be made.
 */
export class LoadOrder {
  readonly #edges: number[][] = [];
  /** Nodes that are made when everything that they refer to is complete. */
  readonly late: Set<number> = new Set();

  /** Node `from` refers to node `to`. */
  edge(from: number, to: number): void {
    if (from < 0) return;
    const known = this.#edges[from];
    if (known === undefined) this.#edges[from] = [to];
    else known.push(to);
  }

  /**
   * Makes those nodes late, too, that cannot be made before what they refer to, where they refer to one that is.
   * @param texts of all nodes
   */
  spread(texts: readonly string[]): void {
    const nodes = [...texts.keys()].filter((i) => /^\["(bound|weakref|derived)"/.test(texts[i]!));
    for (let before = -1; before !== this.late.size; ) {
      before = this.late.size;
      for (const node of nodes) if (this.#edges[node]?.some((to) => this.late.has(to))) this.late.add(node);
    }
  }

  /**
   * @param refuse told of the nodes that are in a cycle with themselves
   * @returns entries of the own table
   */
  entries(refuse: (node: number) => void): string[] {
    const entries: string[] = [];
    let complete: number[] = [];
    for (const component of this.#components()) {
      const late = component.filter((node) => this.late.has(node));
      if (late.length === 0) complete.push(...component);
      else if (component.length > 1 || this.#edges[late[0]!]?.includes(late[0]!)) late.forEach(refuse);
      else {
        entries.push(`[${[late[0], '"load"', ...complete].join()}]`);
        complete = [];
      }
    }
    return entries;
  }

  /** Components of what the late nodes reach, each behind those that it refers to. */
  #components(): number[][] {
    const found: number[][] = [];
    const number = new Map<number, number>();
    const low = new Map<number, number>();
    const open: number[] = [];
    const isOpen = new Set<number>();
    const work: { readonly node: number; next: number }[] = [];
    const enter = (node: number) => {
      number.set(node, number.size);
      low.set(node, number.get(node)!);
      open.push(node);
      isOpen.add(node);
      work.push({ node, next: 0 });
    };
    for (const start of this.late) {
      if (!number.has(start)) enter(start);
      for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
        const { node } = top;
        const to = this.#edges[node]?.[top.next++];
        if (to !== undefined) {
          if (!number.has(to)) enter(to);
          else if (isOpen.has(to)) low.set(node, Math.min(low.get(node)!, number.get(to)!));
          continue;
        }
        work.pop();
        const above = work.at(-1);
        if (above !== undefined) low.set(above.node, Math.min(low.get(above.node)!, low.get(node)!));
        if (low.get(node) !== number.get(node)) continue;
        const component = open.splice(open.lastIndexOf(node));
        for (const one of component) isOpen.delete(one);
        found.push(component);
      }
    }
    return found;
  }
}
