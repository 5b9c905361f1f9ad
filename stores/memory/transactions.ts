/**
 * Transactions of the store in memory: for tests of what steps and tables do together. The "tables" are values by key. A transaction
 * sees what was committed when it looked; one that another has overtaken is carried out again.
 */
import type {
  Arrival,
  Hint,
  NewEvent,
  NewRun,
  StepFence,
  TransactionPort,
  TransactOutcome,
} from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import type { Database, Record } from "./database.ts";
import { deliver } from "./events.ts";
import { insertRun } from "./writes.ts";

/** What a transactional step gets. Values are copied, as by a database. */
export class MemoryTransaction {
  readonly #data: Database;
  readonly #seen = new Map<string, unknown>();
  readonly #written = new Map<string, unknown>();
  readonly #effects: ((hints: Hint[]) => void)[] = [];
  #over = false;

  constructor(data: Database) {
    this.#data = data;
  }

  /** The value of a key, undefined when it has none. @throws ColdframeError CF3108 */
  get(key: string): unknown {
    this.#check();
    if (this.#written.has(key)) return structuredClone(this.#written.get(key));
    const value = this.#data.values.get(key);
    if (!this.#seen.has(key)) this.#seen.set(key, value);
    return structuredClone(value);
  }

  /** Gives a key a value; undefined takes it away. @throws ColdframeError CF3108 */
  set(key: string, value: unknown): void {
    this.#check();
    this.#written.set(key, structuredClone(value));
  }

  /** Done when it is committed. */
  effect(effect: (hints: Hint[]) => void): void {
    this.#check();
    this.#effects.push(effect);
  }

  isOf(data: Database): boolean {
    return this.#data === data;
  }

  end(): void {
    this.#over = true;
  }

  /** False: what it has seen is not so any more, and nothing was done. */
  commit(hints: Hint[]): boolean {
    for (const [key, value] of this.#seen) if (this.#data.values.get(key) !== value) return false;
    for (const [key, value] of this.#written)
      if (value === undefined) this.#data.values.delete(key);
      else this.#data.values.set(key, value);
    for (const effect of this.#effects) effect(hints);
    return true;
  }

  #check(): void {
    if (!this.#over) return;
    throw new ColdframeError("CF3108", "await all that is done with it before the function returns");
  }
}

/** See the store port. */
export async function transact(
  data: Database,
  step: StepFence,
  body: (tx: unknown) => Promise<Arrival>,
  hints: Hint[],
): Promise<TransactOutcome> {
  for (;;) {
    const before = recorded(data, step);
    if (before !== null) return before;
    const tx = new MemoryTransaction(data);
    let arrival: Arrival;
    try {
      arrival = await body(tx);
    } catch (error) {
      return { kind: "threw", error };
    } finally {
      tx.end();
    }
    const meanwhile = recorded(data, step);
    if (meanwhile !== null) return meanwhile;
    if (!tx.commit(hints)) continue;
    data.runs.get(step.run)!.arrivals.set(step.wait, arrival);
    return { kind: "recorded", arrival, before: false };
  }
}

/** Null: the step has no outcome yet, and this worker may record one. */
function recorded(data: Database, { run: id, worker, epoch, wait }: StepFence): TransactOutcome | null {
  const run: Record | undefined = data.runs.get(id);
  if (run === undefined || run.epoch !== epoch || run.worker !== worker || run.end !== null)
    return { kind: "fenced" };
  const arrival = run.arrivals.get(wait);
  return arrival === undefined ? null : { kind: "recorded", arrival, before: true };
}

/** Runs and events of a transaction, which are there when it is committed. */
export function within(data: Database, tx: unknown): TransactionPort {
  if (!(tx instanceof MemoryTransaction) || !tx.isOf(data))
    throw new ColdframeError(
      "CF3110",
      "give what a transactional step or store.transaction() of this store got",
    );
  return {
    async start(runs: readonly NewRun[]) {
      const ready: Hint = { kind: "ready" };
      tx.effect((hints) => {
        for (const run of runs) insertRun(data, run, null, hints);
        hints.push(ready);
      });
      return runs.map(({ id }) => ({ id, created: !data.runs.has(id), claimed: false }));
    },
    async send(event: NewEvent) {
      const target = event.run === null ? undefined : data.runs.get(event.run);
      if (event.run !== null && target === undefined) return { status: "unknown", run: null };
      if (target !== undefined && target.end !== null) return { status: "late", run: null };
      tx.effect((hints) => void deliver(data, event, hints));
      return { status: "kept", run: null };
    },
  };
}
