/** Remembers the numbers of runs and workers that this process writes for. A number never changes hands. */

/** Entries kept at most; looking one up again is a query. */
const LIMIT = 50_000;

export class KnownNumbers {
  readonly #find: (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly #known = new Map<string, number>();

  /** @param find numbers of those that exist */
  constructor(find: (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>) {
    this.#find = find;
  }

  add(id: string, n: number): void {
    if (this.#known.size >= LIMIT) this.#known.clear();
    this.#known.set(id, n);
  }

  /** Undefined: it is not remembered. */
  get(id: string): number | undefined {
    return this.#known.get(id);
  }

  /** Null: there is none. */
  async find(id: string): Promise<number | null> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    return (await this.#find([id])).get(id) ?? null;
  }

  /** Makes sure that all that exist are remembered. */
  async learn(ids: Iterable<string>): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#known.has(id));
    if (unknown.length === 0) return;
    for (const [id, n] of await this.#find(unknown)) this.add(id, n);
  }
}
