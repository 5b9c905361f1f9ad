/**
 * Many turns with few statements. A turn that goes on with its worker changes one row; sixteen such rows are one
 * statement. It tells how many of them it changed: when that is not all, one of them is fenced, was written before, or has
 * news, and each is looked at by itself. Those that were changed are then recognised as the same turn written again.
 */
import type { Turn, Write, WriteOutcome } from "../../runtime/engine/store.ts";
import { packBody } from "../rows/index.ts";
import type { Value } from "./driver.ts";
import { RUNS_AT_ONCE } from "./statements.ts";
import type { Numbers, Transaction } from "./transaction.ts";
import { commitWrite, isPlain, passed } from "./turns.ts";

/** Writes all, in order. @param outcomes gets one for each */
export function commitWrites(
  transaction: Transaction,
  writes: readonly Write[],
  numbers: Numbers,
  outcomes: WriteOutcome[],
): void {
  transaction.hints.length = 0;
  if (writes.length < RUNS_AT_ONCE) {
    for (let i = 0; i < writes.length; i++) outcomes[i] = commitWrite(transaction, writes[i]!, numbers);
    return;
  }
  const rows = new TurnRows(transaction, writes, numbers, outcomes);
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i]!;
    if (write.kind === "turn" && isPlain(write)) rows.add(i, write);
    else {
      rows.flush();
      outcomes[i] = commitWrite(transaction, write, numbers);
    }
  }
  rows.flush();
}

type Passed = Extract<WriteOutcome, { readonly passed: true }>;

class TurnRows {
  readonly #transaction: Transaction;
  readonly #writes: readonly Write[];
  readonly #numbers: Numbers;
  readonly #outcomes: WriteOutcome[];
  /** Indexes of the writes that are waiting. */
  readonly #waiting: number[] = [];
  /** Parameters of the statement: those of a row are filled in when it is added. */
  readonly #values: Value[] = [];
  #last: Passed | null = null;

  constructor(
    transaction: Transaction,
    writes: readonly Write[],
    numbers: Numbers,
    outcomes: WriteOutcome[],
  ) {
    this.#transaction = transaction;
    this.#writes = writes;
    this.#numbers = numbers;
    this.#outcomes = outcomes;
  }

  add(i: number, turn: Turn): void {
    const n = this.#numbers.run(turn.run);
    const worker = this.#numbers.worker(turn.worker);
    const values = this.#values;
    if (n === null || worker === null || (this.#waiting.length > 0 && values[1] !== worker)) this.flush();
    if (n === null || worker === null) {
      this.#outcomes[i] = commitWrite(this.#transaction, turn, this.#numbers);
      return;
    }
    const count = this.#waiting.push(i);
    values[0] = this.#transaction.now;
    values[1] = worker;
    const at = 5 * count - 3;
    values[at] = n;
    values[at + 1] = turn.turn;
    values[at + 2] = packBody(turn.waits, turn.snapshot);
    values[at + 3] = turn.epoch;
    values[at + 4] = turn.news;
    if (count === RUNS_AT_ONCE) this.#write();
  }

  /** Writes what is waiting and does not fill a statement. */
  flush(): void {
    for (const i of this.#waiting) {
      this.#outcomes[i] = commitWrite(this.#transaction, this.#writes[i]!, this.#numbers);
    }
    this.#waiting.length = 0;
  }

  #write(): void {
    if (this.#transaction.sql.turns.run(...this.#values) !== RUNS_AT_ONCE) {
      this.flush();
      return;
    }
    for (const i of this.#waiting) this.#outcomes[i] = this.#passedAs(this.#writes[i]!);
    this.#waiting.length = 0;
  }

  /** One outcome for all that have seen the same news: nearly all have seen none. */
  #passedAs(write: Write): WriteOutcome {
    if (this.#last?.news !== write.news) this.#last = passed(write);
    return this.#last;
  }
}
