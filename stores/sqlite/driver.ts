/**
 * The few calls of SQLite that the store uses, over whichever driver there is: `node:sqlite` where Node has it,
 * else the package `libsql`. Failures of both become `SqliteFailure` with SQLite's own result code.
 */
import { createRequire } from "node:module";
import { ColdframeError } from "../../runtime/errors.ts";

export type Value = string | number | Uint8Array | null;
// biome-ignore lint/suspicious/noExplicitAny: a row's columns are known to the statement that asked for them
export type Row = any;

export interface Statement {
  /** Number of rows changed. */
  run(...values: Value[]): number;
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

export interface Driver {
  readonly name: string;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** What SQLite reported. https://sqlite.org/rescode.html */
export class SqliteFailure extends Error {
  /** Primary result code: 5 busy, 8 read-only, 10 I/O, 13 full, 14 cannot open, 19 constraint, 26 not a database. */
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SqliteFailure";
    this.code = code;
  }
}

export const BUSY = 5;
export const LOCKED = 6;
export const READONLY = 8;
export const CORRUPT = 11;
export const CANTOPEN = 14;
export const TOOBIG = 18;
export const CONSTRAINT = 19;
export const MISMATCH = 20;
export const NOTADB = 26;

/**
 * Opens a file, which is created when it does not exist.
 * @param busy milliseconds for which SQLite itself waits for a lock, with the thread
 */
export function openDriver(file: string, busy: number): Driver {
  const builtin = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown as NodeSqlite | undefined;
  const driver = builtin === undefined ? openLibsql(file) : openNode(builtin, file);
  driver.exec(`PRAGMA busy_timeout = ${busy}`);
  return driver;
}

interface NodeSqlite {
  DatabaseSync: new (file: string) => RawDatabase & { prepare(sql: string): RawStatement };
}
interface RawDatabase {
  exec(sql: string): void;
  close(): void;
}
interface RawStatement {
  run(...values: Value[]): { changes: number | bigint };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

function openNode(sqlite: NodeSqlite, file: string): Driver {
  return nodeDriver(guarded(() => new sqlite.DatabaseSync(file)));
}

function nodeDriver(database: RawDatabase & { prepare(sql: string): RawStatement }): Driver {
  return {
    name: "node:sqlite",
    exec: (sql) => guarded(() => database.exec(sql)),
    prepare: (sql) => guardedStatement(guarded(() => database.prepare(sql))),
    close: () => database.close(),
  };
}

/** @throws ColdframeError CF3015 */
function openLibsql(file: string): Driver {
  const Database = requireLibsql();
  return listDriver(guarded(() => new Database(file)));
}

function requireLibsql(): new (file: string) => ListDatabase {
  let why = "";
  for (const place of places()) {
    try {
      return createRequire(place)("libsql");
    } catch (error) {
      why ||= String((error as Error).message).split("\n")[0]!;
    }
  }
  throw new ColdframeError(
    "CF3015",
    `sqlite() needs the package "libsql", since this version of Node has no node:sqlite: ${why}. Install it beside the program ("npm install libsql"), or take Node 22.13 or newer`,
  );
}

/** Where it may be installed: beside this module, or beside the program, since a bundle is not told where it is, or told where it was made. */
function places(): string[] {
  const own: string | undefined = import.meta.url;
  return [own, process.argv[1]].filter((one) => one !== undefined && one !== "") as string[];
}

/** `libsql`, and `better-sqlite3`, which it is made after: values are a list. */
interface ListDatabase extends RawDatabase {
  prepare(sql: string): {
    run(values: Value[]): { changes: number };
    get(values: Value[]): Row | undefined;
    all(values: Value[]): Row[];
  };
}

/** A database that somebody else has opened: of `node:sqlite`, `libsql`, or `better-sqlite3`. Null: it is none. */
export function driverOf(database: unknown): Driver | null {
  const { prepare, exec } = (database ?? {}) as Partial<Record<"prepare" | "exec", unknown>>;
  if (typeof prepare !== "function" || typeof exec !== "function") return null;
  const builtin = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown as NodeSqlite | undefined;
  return builtin !== undefined && database instanceof builtin.DatabaseSync
    ? nodeDriver(database as never)
    : listDriver(database as ListDatabase);
}

function listDriver(database: ListDatabase): Driver {
  return {
    name: "libsql",
    exec: (sql) => guarded(() => database.exec(sql)),
    prepare: (sql) => {
      // libsql 0.5 does not reset a statement after all(), nor after a get() that failed: its next get() would go on with the old
      // values. So all() has one of its own, and after such a failure another one is made.
      type Prepared = ReturnType<typeof database.prepare>;
      let one: Prepared = guarded(() => database.prepare(sql));
      let another: Prepared | undefined;
      return guardedStatement({
        run: (...values) => one.run(values),
        get(...values) {
          try {
            return one.get(values);
          } catch (error) {
            one = database.prepare(sql);
            throw error;
          }
        },
        all: (...values) => (another ??= database.prepare(sql)).all(values),
      });
    },
    close: () => database.close(),
  };
}

function guardedStatement(statement: RawStatement): Statement {
  return {
    run(...values) {
      try {
        return Number(statement.run(...values).changes);
      } catch (error) {
        throw failure(error);
      }
    },
    get(...values) {
      try {
        return statement.get(...values);
      } catch (error) {
        throw failure(error);
      }
    },
    all(...values) {
      try {
        return statement.all(...values);
      } catch (error) {
        throw failure(error);
      }
    },
  };
}

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

/** Node reports `errcode`, libsql `rawCode` and, when opening fails, only a text with the number at its end. */
function failure(error: unknown): SqliteFailure {
  if (error instanceof SqliteFailure) return error;
  const { errcode, rawCode, code, message } = error as {
    errcode?: number;
    rawCode?: number;
    code?: unknown;
    message: string;
  };
  const number = errcode ?? rawCode ?? NAMES[String(code)] ?? Number(/: (\d+)"/.exec(message)?.[1] ?? 1);
  return new SqliteFailure(number & 0xff, message, { cause: error });
}

/** libsql gives names only for some failures. */
const NAMES: Readonly<Record<string, number>> = {
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_READONLY: READONLY,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: CANTOPEN,
  SQLITE_TOOBIG: TOOBIG,
  SQLITE_CONSTRAINT: CONSTRAINT,
  SQLITE_NOTADB: NOTADB,
};
