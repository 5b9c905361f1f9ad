/**
 * The writes of runs, in the order of each run. Turns that change nothing but their own row, which most do, go together into
 * one statement; the others, and those that did not fit there, are decided one by one in a transaction.
 */
import type { Hint, Turn, Write, WriteOutcome } from "../../runtime/engine/store.ts";
import { type Asked, carryOut, Lane, type Transactions } from "./batcher.ts";
import { bytesOf, type Op, writeOp } from "./ops.ts";
import { FENCED, isPlain, passed } from "./turns.ts";

/** A turn that changes nothing but its row. */
export interface PlainTurn {
  readonly turn: Turn;
  readonly n: number;
  readonly worker: number;
  readonly bytes: number;
}

/** What one caller wants to be written: it has its answer when all of it is decided. */
class Batch {
  readonly outcomes: WriteOutcome[];
  #left: number;
  readonly #resolve: (outcomes: readonly WriteOutcome[]) => void;
  readonly failed: (error: unknown) => void;

  constructor(
    count: number,
    resolve: (outcomes: readonly WriteOutcome[]) => void,
    failed: (error: unknown) => void,
  ) {
    this.outcomes = new Array(count);
    this.#left = count;
    this.#resolve = resolve;
    this.failed = failed;
  }

  done(i: number, outcome: WriteOutcome): void {
    this.outcomes[i] = outcome;
    if (--this.#left === 0) this.#resolve(this.outcomes);
  }
}

/** One write of a batch. An object of a class, since it lives for a while: see runtime/engine/turn-record.ts. */
class Entry implements PlainTurn {
  readonly write: Write;
  readonly n: number;
  readonly worker: number;
  readonly bytes: number;
  readonly batch: Batch;
  /** Its place in the batch. */
  readonly i: number;

  constructor(write: Write, n: number, worker: number, batch: Batch, i: number) {
    this.write = write;
    this.n = n;
    this.worker = worker;
    this.bytes = bytesOf(write);
    this.batch = batch;
    this.i = i;
  }

  /** Of a write that is one. */
  get turn(): Turn {
    return this.write as Turn;
  }
}

/** Writes turns as one statement. @returns numbers of the runs of those that fit; null: all of them do */
export type WritePlain = (turns: readonly PlainTurn[]) => Promise<ReadonlySet<number> | null>;

export class TurnWriter {
  readonly #transactions: Transactions;
  readonly #tell: (hints: readonly Hint[]) => void;
  readonly #plain: Lane<Entry>;
  readonly #others: Lane<Asked>;
  /** Runs with a write under way, and what waits behind it. */
  readonly #busy = new Map<number, Entry[] | null>();

  /** @param write writes those that fit, all or nothing, and returns the numbers of their runs; null: all of them */
  constructor(transactions: Transactions, write: WritePlain, tell: (hints: readonly Hint[]) => void) {
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

  /** @param number of the run of a write, undefined when there is none @param worker that of its writer, 0 when it is gone */
  write(
    writes: readonly Write[],
    number: (write: Write) => number | undefined,
    worker: (write: Write) => number,
  ): Promise<readonly WriteOutcome[]> {
    return new Promise((resolve, reject) => {
      const batch = new Batch(writes.length, resolve, reject);
      for (let i = 0; i < writes.length; i++) {
        const write = writes[i]!;
        const n = number(write);
        if (n === undefined) batch.done(i, FENCED);
        else this.#add(new Entry(write, n, worker(write), batch, i));
      }
    });
  }

  #add(entry: Entry): void {
    const { n } = entry;
    const behind = this.#busy.get(n);
    if (behind === undefined) {
      this.#busy.set(n, null);
      this.#begin(entry);
    } else if (behind === null) this.#busy.set(n, [entry]);
    else behind.push(entry);
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
          entry.batch.failed(error);
        }
      },
    });
  }

  async #writePlain(entries: readonly Entry[], write: WritePlain): Promise<void> {
    let fits: ReadonlySet<number> | null;
    try {
      fits = await write(entries);
    } catch (error) {
      const failed = this.#transactions.failure(error) === "failed";
      for (const entry of entries) {
        if (!failed) this.#decide(entry);
        else {
          this.#next(entry);
          entry.batch.failed(error);
        }
      }
      return;
    }
    for (const entry of entries) {
      if (fits === null || fits.has(entry.n)) this.#ended(entry, passed(entry.turn.news));
      else this.#decide(entry);
    }
  }

  #ended(entry: Entry, outcome: WriteOutcome): void {
    this.#next(entry);
    entry.batch.done(entry.i, outcome);
  }

  #next({ n }: Entry): void {
    const next = this.#busy.get(n)?.shift();
    if (next === undefined) this.#busy.delete(n);
    else this.#begin(next);
  }
}
