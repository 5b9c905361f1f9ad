/**
 * Transactions of users. SQLite has one writer, so a transactional step has the write lock of the file from its beginning to its
 * commit: nothing else is written meanwhile, by this process or another, and the fence that held at the beginning holds at the end.
 * So its time is limited.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Arrival, Hint, StepFence, TransactOutcome } from "../../runtime/engine/store.ts";
import { limited, transactionIsOver } from "../limited.ts";
import type { Driver, Row, Value } from "./driver.ts";
import { failsAlone } from "./group.ts";
import { explain, isBusy } from "./open.ts";
import { arrivalOf } from "./rows.ts";
import type { Numbers, Statements } from "./transaction.ts";
import { insertArrival } from "./turns.ts";

/** What a transactional step gets: the store's own connection, while its transaction is open. */
export class SqliteTransaction {
  readonly #driver: Driver;
  #ended = false;
  /** Told to watchers after the commit. */
  readonly hints: Hint[] = [];

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Carries out a statement. @returns number of rows changed. @throws ColdframeError CF3108 */
  run(sql: string, ...values: Value[]): number {
    return this.driver()
      .prepare(sql)
      .run(...values);
  }

  /** The first row, as an object; undefined when there is none. @throws ColdframeError CF3108 */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.driver()
      .prepare(sql)
      .get(...values);
  }

  /** All rows. @throws ColdframeError CF3108 */
  all(sql: string, ...values: Value[]): Row[] {
    return this.driver()
      .prepare(sql)
      .all(...values);
  }

  /** Carries out statements without values, as those that make tables. @throws ColdframeError CF3108 */
  exec(sql: string): void {
    this.driver().exec(sql);
  }

  /** @throws ColdframeError CF3108 when it is over */
  driver(): Driver {
    if (this.#ended) throw transactionIsOver();
    return this.#driver;
  }

  end(): void {
    this.#ended = true;
  }
}

/** What the store lends to its transactions. */
export interface Lender {
  readonly file: string;
  readonly driver: Driver;
  readonly sql: Statements;
  readonly numbers: Numbers;
  /** Milliseconds to wait for another process's lock. */
  readonly patience: number;
  /** Milliseconds that a function may hold the lock. */
  readonly limit: number;
  /** Rejects when the store is closed. */
  readonly closed: Promise<never>;
  commit(): void;
  rollback(): void;
}

/** Calls `body` with a transaction and commits what it did; `record` adds to it before. */
export async function inTransaction<T>(
  lender: Lender,
  body: (tx: SqliteTransaction) => Promise<T> | T,
  record: (result: T) => void,
  check: () => TransactOutcome | null,
): Promise<{ readonly kind: "done"; readonly result: T; readonly hints: readonly Hint[] } | TransactOutcome> {
  await begin(lender);
  let tx: SqliteTransaction | null = null;
  let result: T;
  try {
    const known = check();
    if (known !== null) {
      lender.rollback();
      return known;
    }
    lender.sql.savepoint.run();
    tx = new SqliteTransaction(lender.driver);
    const { limit: ms, closed } = lender;
    const why = `it had the write lock for ${ms} ms, which nobody else can have meanwhile`;
    result = await limited({ ms, why, closed }, () => body(tx!));
    tx.end();
    lender.sql.releaseSavepoint.run();
    record(result);
  } catch (error) {
    tx?.end();
    undo(lender);
    if (isEnded(error)) return { kind: "threw", error: transactionIsOver() };
    return { kind: "threw", error: failsAlone(error) ? error : explain(error, lender.file) };
  }
  try {
    lender.commit();
  } catch (error) {
    undo(lender);
    // A constraint that is checked at the end.
    if (failsAlone(error)) return { kind: "threw", error };
    throw explain(error, lender.file);
  }
  return { kind: "done", result, hints: tx.hints };
}

/** See the store port. @returns the outcome, and what watchers are to be told */
export async function transact(
  lender: Lender,
  { run, worker, epoch, wait }: StepFence,
  body: (tx: SqliteTransaction) => Promise<Arrival>,
): Promise<readonly [TransactOutcome, readonly Hint[]]> {
  const { sql, numbers } = lender;
  const check = (): TransactOutcome | null => {
    const n = numbers.run(run);
    const owner = numbers.worker(worker);
    const row = n === null ? undefined : sql.fence.get(n);
    if (owner === null || row === undefined || row.epoch !== epoch || row.worker !== owner)
      return { kind: "fenced" };
    const known = sql.arrivals.all(n!).find((arrival) => arrival.wait === wait);
    return known === undefined ? null : { kind: "recorded", arrival: arrivalOf(known), before: true };
  };
  const record = (arrival: Arrival) => {
    insertArrival({ sql, now: 0, hints: [] }, numbers.run(run)!, arrival);
  };
  const outcome = await inTransaction(lender, body, record, check);
  if (outcome.kind !== "done") return [outcome, []];
  return [{ kind: "recorded", arrival: outcome.result, before: false }, outcome.hints];
}

function undo(lender: Lender): void {
  try {
    lender.rollback();
  } catch {
    // There is none any more: SQLite, or the function, has ended it.
  }
}

async function begin({ sql, file, patience, closed }: Lender): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      sql.begin.run();
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw explain(error, file);
    }
    await Promise.race([pause(1 + Math.random() * 10), closed]);
  }
}

/** The function has committed or rolled back by itself: our savepoint is gone. */
function isEnded(error: unknown): boolean {
  return error instanceof Error && /no such savepoint/.test(error.message);
}
