/** The lists of suspend points that the store keeps once per code hash: what is in it, and what this process adds. */
import type { Code } from "../../abi/index.ts";
import { type CodePoints, codeKey, codeRecord, parsePoints } from "../snapshot/index.ts";
import type { CodeRecord, Store } from "./store.ts";

const NONE: readonly CodeRecord[] = [];

export class CodeRecords {
  /** By `id@hash`. */
  #known = new Map<string, CodePoints>();
  /** Code whose record is in the store, for each part of it: what is known of a run's code has to be where the run is. */
  readonly #written = new Map<number, Set<Code>>();
  /** Code whose record was sent there, by its key. */
  readonly #sent = new Map<string, Code>();
  #missed = false;

  /** Reads what all processes have written so far. */
  async load(store: Store): Promise<void> {
    for (const { key, body } of await store.read.codes()) this.#known.set(key, parsePoints(body));
  }

  /** The list of code that may not be loaded any more; undefined when nobody kept it. */
  readonly find = (hash: string, id: string): CodePoints | undefined => {
    const points = this.#known.get(codeKey(id, hash));
    if (points === undefined) this.#missed = true;
    return points;
  };

  /** All that is known of the versions of a function. */
  readonly versions = (id: string): readonly CodePoints[] =>
    [...this.#known.values()].filter((points) => points.id === id);

  /** True once when `find` was asked for what another process may have written since. */
  takeMissed(): boolean {
    const missed = this.#missed;
    this.#missed = false;
    return missed;
  }

  /** Records that this part of the store may not have yet. */
  newOf(codes: readonly Code[], part: number): readonly CodeRecord[] {
    const written = this.#written.get(part);
    let records: CodeRecord[] | null = null;
    for (const code of codes) {
      if (written?.has(code) === true) continue;
      const record = codeRecord(code);
      this.#sent.set(record.key, code);
      (records ??= []).push(record);
    }
    return records ?? NONE;
  }

  /** They are in this part of the store now. */
  written(records: readonly CodeRecord[], part: number): void {
    let written = this.#written.get(part);
    if (written === undefined) this.#written.set(part, (written = new Set()));
    for (const { key, body } of records) {
      if (!this.#known.has(key)) this.#known.set(key, parsePoints(body));
      const code = this.#sent.get(key);
      if (code !== undefined) written.add(code);
    }
  }
}
