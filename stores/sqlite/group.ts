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
const BYTES_PER_TRANSACTION = 8 * 1024 * 1024;

export interface Transactions {
  begin(): void;
  commit(): void;
  rollback(): void;
  savepoint(): void;
  rollbackTo(): void;
  release(): void;
}

interface Job {
  readonly bytes: number;
  apply(): unknown;
  resolve(value: never): void;
  reject(error: unknown): void;
}

export class GroupWriter {
  readonly #transactions: Transactions;
  readonly #patience: number;
  readonly #explain: (error: unknown) => Error;
  #jobs: Job[] = [];
  #scheduled = false;
  /** When the present wait for another process's lock began, in ms; 0: none. */
  #blockedSince = 0;

  /** @param patience milliseconds to wait for another process's lock before jobs are rejected with CF3004 */
  constructor(transactions: Transactions, patience: number, explain: (error: unknown) => Error) {
    this.#transactions = transactions;
    this.#patience = patience;
    this.#explain = explain;
  }

  /**
   * Runs `apply` in the next transaction and resolves with its result once that is durable.
   * `apply` may run twice (the first time undone), so it changes nothing but the database.
   * @param bytes about how much it writes
   */
  write<T>(bytes: number, apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ bytes, apply, resolve: resolve as (value: never) => void, reject });
      this.#schedule();
    });
  }

  /** Writes what is waiting, now. */
  flush(): void {
    while (this.#jobs.length > 0 && this.#blockedSince === 0) this.#transaction();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#transaction();
      if (this.#jobs.length > 0 && this.#blockedSince === 0) this.#schedule();
    });
  }

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
    const results: unknown[] = new Array(jobs.length);
    let current = 0;
    try {
      for (; current < jobs.length; current++) results[current] = jobs[current]!.apply();
      this.#transactions.commit();
    } catch (error) {
      this.#undo();
      if (current < jobs.length && failsAlone(error)) this.#oneByOne(jobs);
      else for (const job of jobs) job.reject(this.#explain(error));
      return;
    }
    for (let i = 0; i < jobs.length; i++) jobs[i]!.resolve(results[i] as never);
  }

  #oneByOne(jobs: readonly Job[]): void {
    const passed: [Job, unknown][] = [];
    const failed: [Job, unknown][] = [];
    try {
      this.#transactions.begin();
      for (const job of jobs) {
        this.#transactions.savepoint();
        try {
          passed.push([job, job.apply()]);
        } catch (error) {
          if (!failsAlone(error)) throw error;
          this.#transactions.rollbackTo();
          failed.push([job, error]);
        }
        this.#transactions.release();
      }
      this.#transactions.commit();
    } catch (error) {
      this.#undo();
      for (const job of jobs) job.reject(this.#explain(error));
      return;
    }
    for (const [job, value] of passed) job.resolve(value as never);
    for (const [job, error] of failed) job.reject(this.#explain(error));
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
      for (const job of jobs) job.reject(this.#explain(error));
      return;
    }
    this.#jobs = [...jobs, ...this.#jobs];
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(
      () => {
        this.#scheduled = false;
        this.#transaction();
        if (this.#jobs.length > 0 && this.#blockedSince === 0) this.#schedule();
      },
      1 + Math.random() * 10,
    );
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
