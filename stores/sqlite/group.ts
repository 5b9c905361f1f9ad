/**
 * Group commit: what many runs write while a transaction is under way, or in the same turn of the event loop, goes
 * into the next transaction together and shares its fsync.
 *
 * A job that fails alone (a constraint, a value too large) must not take the others with it. So a group is first
 * tried plainly; when a job fails, the transaction is undone and made again with a savepoint around each job.
 */
import { CONSTRAINT, MISMATCH, SqliteFailure, TOOBIG } from "./driver.ts";
import { isBusy } from "./open.ts";

/** A transaction is cut when its jobs hold more than this, so that one commit does not delay all others for long. */
export const BYTES_PER_TRANSACTION = 8 * 1024 * 1024;

export interface Transactions {
  begin(): void;
  commit(): void;
  rollback(): void;
  savepoint(): void;
  rollbackTo(): void;
  release(): void;
}

/** Some writes that belong to one caller. Each of them may fail alone. */
export interface Job {
  readonly count: number;
  /** About how much is written. */
  readonly bytes: number;
  /** Does all of its writes. May be undone. */
  applyAll(): void;
  /** Does the i-th write, when `applyAll` was undone. Changes nothing but the database. */
  apply(i: number): void;
  /** All is durable, but those writes for which `failed` was called before. */
  done(): void;
  /** The i-th write was not possible; the others were. */
  failed(i: number, error: Error): void;
  /** Nothing of it was written. */
  rejected(error: Error): void;
}

export class GroupWriter {
  readonly #transactions: Transactions;
  readonly #patience: number;
  readonly #explain: (error: unknown) => Error;
  #jobs: Job[] = [];
  #scheduled = false;
  /** Those who want to write alone. */
  readonly #line: (() => Promise<void>)[] = [];
  /** One of them does. */
  #held = false;
  /** When the present wait for another process's lock began, in ms; 0: none. */
  #blockedSince = 0;

  /** @param patience milliseconds to wait for another process's lock before jobs are rejected with CF3004 */
  constructor(transactions: Transactions, patience: number, explain: (error: unknown) => Error) {
    this.#transactions = transactions;
    this.#patience = patience;
    this.#explain = explain;
  }

  /** Does the job's writes in the next transaction. */
  add(job: Job): void {
    this.#jobs.push(job);
    this.#schedule();
  }

  /**
   * Calls `body`, which writes in a transaction of its own, when it is its turn. Nothing else is written until it has settled;
   * then first what has been waiting, before the next one who wants to be alone.
   */
  alone<T>(body: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#line.push(() => body().then(resolve, reject));
      this.#schedule();
    });
  }

  /** Writes what is waiting, now, unless somebody writes alone. */
  flush(): void {
    while (this.#jobs.length > 0 && this.#blockedSince === 0 && !this.#held) this.#transaction();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#held) return;
    this.#transaction();
    const next = this.#line.shift();
    if (next !== undefined) {
      this.#held = true;
      void next().finally(() => {
        this.#held = false;
        if (this.#jobs.length > 0 || this.#line.length > 0) this.#schedule();
      });
    } else if (this.#jobs.length > 0 && this.#blockedSince === 0) this.#schedule();
  };

  #transaction(): void {
    const jobs = this.#nextGroup();
    if (jobs.length === 0) return;
    try {
      this.#transactions.begin();
      this.#blockedSince = 0;
    } catch (error) {
      this.#cannotBegin(jobs, error);
      return;
    }
    let applied = false;
    try {
      for (const job of jobs) job.applyAll();
      applied = true;
      this.#transactions.commit();
    } catch (error) {
      this.#undo();
      if (!applied && failsAlone(error)) this.#oneByOne(jobs);
      else this.#reject(jobs, error);
      return;
    }
    for (const job of jobs) job.done();
  }

  #oneByOne(jobs: readonly Job[]): void {
    const failures: (() => void)[] = [];
    try {
      this.#transactions.begin();
      for (const job of jobs) {
        for (let i = 0; i < job.count; i++) {
          this.#transactions.savepoint();
          try {
            job.apply(i);
          } catch (error) {
            if (!failsAlone(error)) throw error;
            this.#transactions.rollbackTo();
            failures.push(() => job.failed(i, this.#explain(error)));
          }
          this.#transactions.release();
        }
      }
      this.#transactions.commit();
    } catch (error) {
      this.#undo();
      this.#reject(jobs, error);
      return;
    }
    for (const fail of failures) fail();
    for (const job of jobs) job.done();
  }

  #reject(jobs: readonly Job[], error: unknown): void {
    const explained = this.#explain(error);
    for (const job of jobs) job.rejected(explained);
  }

  #nextGroup(): Job[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#jobs.length && (count === 0 || bytes < BYTES_PER_TRANSACTION)) {
      bytes += this.#jobs[count++]!.bytes;
    }
    if (count === this.#jobs.length) {
      const jobs = this.#jobs;
      this.#jobs = [];
      return jobs;
    }
    return this.#jobs.splice(0, count);
  }

  /** Another process has the lock: wait without stopping the thread, with jitter, up to the patience. */
  #cannotBegin(jobs: Job[], error: unknown): void {
    const now = Date.now();
    if (this.#blockedSince === 0) this.#blockedSince = now;
    if (!isBusy(error) || now - this.#blockedSince > this.#patience) {
      this.#blockedSince = 0;
      this.#reject(jobs, error);
      return;
    }
    this.#jobs = [...jobs, ...this.#jobs];
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(this.#turn, 1 + Math.random() * 10);
  }

  #undo(): void {
    try {
      this.#transactions.rollback();
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }
}

/** Errors that concern one statement's values, not the database. */
export function failsAlone(error: unknown): boolean {
  if (!(error instanceof SqliteFailure)) return true;
  return error.code === CONSTRAINT || error.code === TOOBIG || error.code === MISMATCH || error.code === 1;
}
