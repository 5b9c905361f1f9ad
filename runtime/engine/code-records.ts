/** The lists of suspend points that the store keeps once per code hash: what is in it, and what this process adds. */
import type { Code } from "../../abi/index.ts";
import { type CodePoints, codeKey, codeRecord, parsePoints } from "../snapshot/index.ts";
import type { CodeRecord, Store } from "./store.ts";

const NONE: readonly CodeRecord[] = [];

export class CodeRecords {
  /** By `id@hash`. */
  #known = new Map<string, CodePoints>();
  /** Code whose record is in the store. */
  readonly #written = new Set<Code>();
  /** Code whose record is on its way there, by its key. */
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

  /** Records that the store may not have yet. */
  newOf(codes: readonly Code[]): readonly CodeRecord[] {
    let records: CodeRecord[] | null = null;
    for (const code of codes) {
      if (this.#written.has(code)) continue;
      const record = codeRecord(code);
      this.#sent.set(record.key, code);
      (records ??= []).push(record);
    }
    return records ?? NONE;
  }

  /** They are in the store now. */
  written(records: readonly CodeRecord[]): void {
    for (const { key, body } of records) {
      this.#known.set(key, parsePoints(body));
      const code = this.#sent.get(key);
      if (code === undefined) continue;
      this.#written.add(code);
      this.#sent.delete(key);
    }
  }
}
