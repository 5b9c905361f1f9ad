/**
 * The writes of runs, in the order of each run. Turns that change nothing but their own row, which most do, go together into
 * one statement; the others, and those that did not fit there, are decided one by one in a transaction.
 */
import type { Hint, Turn, Write, WriteOutcome } from "../../runtime/engine/store.ts";
import { type Asked, carryOut, Lane, type Transactions } from "./batcher.ts";
import { bytesOf, type Op, writeOp } from "./ops.ts";
import { isPlain, passed } from "./turns.ts";

/** A turn that changes nothing but its row. */
export interface PlainTurn {
  readonly turn: Turn;
  readonly n: number;
  readonly worker: number;
  readonly bytes: number;
}

interface Entry extends PlainTurn {
  readonly write: Write;
  done(outcome: WriteOutcome): void;
  failed(error: unknown): void;
}

export class TurnWriter {
  readonly #transactions: Transactions;
  readonly #tell: (hints: readonly Hint[]) => void;
  readonly #plain: Lane<Entry>;
  readonly #others: Lane<Asked>;
  /** Runs with a write under way, and what waits behind it. */
  readonly #busy = new Map<number, Entry[]>();

  /** @param write writes those that fit, all or nothing, and returns the numbers of their runs */
  constructor(
    transactions: Transactions,
    write: (turns: readonly PlainTurn[]) => Promise<ReadonlySet<number>>,
    tell: (hints: readonly Hint[]) => void,
  ) {
    this.#transactions = transactions;
    this.#tell = tell;
    this.#plain = new Lane(async (entries) => this.#writePlain(entries, write), 2);
    this.#others = new Lane((asked) => carryOut(asked, transactions, tell), 1);
  }

  /** Does an operation that is no write of an owner, together with others. */
  ask<T>(op: Op<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#others.add({
        op,
        bytes: op.bytes,
        done: resolve as (result: unknown) => void,
        failed: reject,
      });
    });
  }

  /** Does an operation in a transaction of its own. */
  async askAlone<T>(op: Op<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const asked = { op, bytes: op.bytes, done: resolve as (result: unknown) => void, failed: reject };
      void carryOut([asked], this.#transactions, this.#tell);
    });
  }

  /** @param n number of its run @param worker number of the writer, 0 when it is gone */
  write(write: Write, n: number, worker: number): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      const turn = write as Turn;
      const entry = { write, turn, n, worker, bytes: bytesOf(write), done: resolve, failed: reject };
      const behind = this.#busy.get(n);
      if (behind !== undefined) behind.push(entry);
      else {
        this.#busy.set(n, []);
        this.#begin(entry);
      }
    });
  }

  #begin(entry: Entry): void {
    if (entry.write.kind === "turn" && isPlain(entry.write)) this.#plain.add(entry);
    else this.#decide(entry);
  }

  #decide(entry: Entry): void {
    this.#others.add({
      op: writeOp(entry.write, entry.n, entry.worker),
      bytes: entry.bytes,
      done: (outcome) => this.#ended(entry, outcome as WriteOutcome),
      failed: (error, alone) => {
        if (alone) this.#ended(entry, { passed: false, fenced: false, error: error as Error });
        else {
          this.#next(entry);
          entry.failed(error);
        }
      },
    });
  }

  async #writePlain(
    entries: readonly Entry[],
    write: (turns: readonly PlainTurn[]) => Promise<ReadonlySet<number>>,
  ): Promise<void> {
    let fits: ReadonlySet<number>;
    try {
      fits = await write(entries);
    } catch (error) {
      const failed = this.#transactions.failure(error) === "failed";
      for (const entry of entries) {
        if (!failed) this.#decide(entry);
        else {
          this.#next(entry);
          entry.failed(error);
        }
      }
      return;
    }
    for (const entry of entries) {
      if (fits.has(entry.n)) this.#ended(entry, passed(entry.turn.news));
      else this.#decide(entry);
    }
  }

  #ended(entry: Entry, outcome: WriteOutcome): void {
    this.#next(entry);
    entry.done(outcome);
  }

  #next({ n }: Entry): void {
    const next = this.#busy.get(n)?.shift();
    if (next === undefined) this.#busy.delete(n);
    else this.#begin(next);
  }
}
