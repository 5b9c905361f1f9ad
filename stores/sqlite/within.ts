/** Runs and events in a transaction of the user's, on a connection of the user's or in that of a transactional step. */
import { realpathSync } from "node:fs";
import type { Hint, TransactionPort } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { type Driver, driverOf } from "./driver.ts";
import { deliverEvent } from "./events.ts";
import { explain } from "./open.ts";
import { insertRun } from "./starts.ts";
import { SqliteTransaction } from "./transact.ts";
import { prepareLazily, type Statements } from "./transaction.ts";

/** Statements on connections of users, as long as these live. */
const prepared = new WeakMap<object, Statements>();

/**
 * @param tx what a transactional step got, or a connection with an open transaction
 * @param own the store's connection
 * @throws ColdframeError CF3108, CF3110
 */
export function within(tx: unknown, file: string, own: Driver, now: () => number): TransactionPort {
  const [driver, key, hints] = connectionOf(tx, file, own);
  const sql = prepared.get(key) ?? prepareLazily(driver);
  prepared.set(key, sql);
  const write = async <T>(apply: (transaction: { sql: Statements; now: number; hints: Hint[] }) => T) => {
    if (tx instanceof SqliteTransaction) tx.driver();
    try {
      return apply({ sql, now: now(), hints });
    } catch (error) {
      throw explain(error, file);
    }
  };
  return {
    start: (runs) =>
      write((transaction) => {
        hints.push({ kind: "ready" });
        return runs.map((run) => insertRun(transaction, run, null));
      }),
    send: (event) => write((transaction) => deliverEvent(transaction, event)),
  };
}

function connectionOf(tx: unknown, file: string, own: Driver): readonly [Driver, object, Hint[]] {
  if (tx instanceof SqliteTransaction) {
    const driver = tx.driver();
    if (driver !== own) throw notOurs(`it is one of another store than "${file}"`);
    return [driver, driver, tx.hints];
  }
  const driver = driverOf(tx);
  if (driver === null)
    throw notOurs(
      "give what a transactional step got, or a database of node:sqlite, libsql or better-sqlite3",
    );
  const { inTransaction, isTransaction } = tx as { inTransaction?: unknown; isTransaction?: unknown };
  if (inTransaction === false || isTransaction === false)
    throw notOurs("no transaction is open on this connection. Begin one");
  const [main] = driver.prepare("PRAGMA database_list").all();
  if (file === ":memory:" || main?.file === "" || realpathSync(main.file) !== realpathSync(file))
    throw notOurs(`the connection is to "${main?.file}", not to "${file}"`);
  // Other connections are told by the commit itself.
  return [driver, tx as object, []];
}

function notOurs(why: string): ColdframeError {
  return new ColdframeError("CF3110", why);
}
