/** The writes of one call of `commit`, as a job of the group writer. */
import type { Hint, Write, WriteOutcome } from "../../runtime/engine/store.ts";
import type { Job } from "./group.ts";
import type { Numbers, Transaction } from "./transaction.ts";
import { commitWrites } from "./turn-rows.ts";
import { commitWrite } from "./turns.ts";

export class CommitJob implements Job {
  readonly bytes: number;
  readonly #writes: readonly Write[];
  readonly #transaction: Transaction;
  readonly #numbers: Numbers;
  readonly #tell: (hints: readonly Hint[]) => void;
  readonly #resolve: (outcomes: readonly WriteOutcome[]) => void;
  readonly rejected: (error: Error) => void;
  readonly #outcomes: WriteOutcome[] = [];

  constructor(
    writes: readonly Write[],
    transaction: Transaction,
    numbers: Numbers,
    tell: (hints: readonly Hint[]) => void,
    resolve: (outcomes: readonly WriteOutcome[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#writes = writes;
    this.#transaction = transaction;
    this.#numbers = numbers;
    this.#tell = tell;
    this.#resolve = resolve;
    this.rejected = reject;
    let bytes = 0;
    for (const write of writes) bytes += bytesOf(write);
    this.bytes = bytes;
  }

  get count(): number {
    return this.#writes.length;
  }

  applyAll(): void {
    commitWrites(this.#transaction, this.#writes, this.#numbers, this.#outcomes);
  }

  apply(i: number): void {
    if (i === 0) this.#transaction.hints.length = 0;
    this.#outcomes[i] = commitWrite(this.#transaction, this.#writes[i]!, this.#numbers);
  }

  done(): void {
    this.#resolve(this.#outcomes);
    if (this.#transaction.hints.length > 0) this.#tell(this.#transaction.hints);
  }

  failed(i: number, error: Error): void {
    this.#outcomes[i] = { passed: false, fenced: false, error };
  }
}

/** About how much is written. */
export function bytesOf(write: Write): number {
  if (write.kind !== "turn") return 300;
  let bytes = (write.snapshot?.length ?? 0) + 300;
  if (write.chunks !== null) for (const { body } of write.chunks.added) bytes += body.length + 100;
  return bytes;
}
