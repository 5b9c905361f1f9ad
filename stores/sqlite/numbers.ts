/** Remembers the numbers of runs and workers that this process writes for. A number never changes hands. */
import type { Numbers, Statements } from "./transaction.ts";

/** Entries kept at most; looking one up again costs a few microseconds. */
const LIMIT = 20_000;

export class KnownNumbers implements Numbers {
  readonly #sql: Statements;
  readonly #runs = new Map<string, number>();
  readonly #workers = new Map<string, number>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  run(id: string): number | null {
    return this.#runs.get(id) ?? keep(this.#runs, id, this.#sql.number.get(id)?.n);
  }

  worker(id: string): number | null {
    return this.#workers.get(id) ?? keep(this.#workers, id, this.#sql.worker.get(id)?.n);
  }

  /** A run that was just inserted. */
  add(id: string, number: number): void {
    keep(this.#runs, id, number);
  }

  /** A transaction was undone: what was read in it may not be. */
  clear(): void {
    this.#runs.clear();
    this.#workers.clear();
  }
}

function keep(known: Map<string, number>, id: string, number: number | undefined): number | null {
  if (number === undefined) return null;
  if (known.size >= LIMIT) known.clear();
  known.set(id, number);
  return number;
}
