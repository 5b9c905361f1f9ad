/**
 * Opens a database file and brings its schema up to date. Looks before it writes: a file that is not ours, or is
 * newer than this code, is left exactly as it is.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import {
  BUSY,
  CANTOPEN,
  type Driver,
  LOCKED,
  NOTADB,
  openDriver,
  READONLY,
  SqliteFailure,
} from "./driver.ts";
import { APPLICATION_ID, migrations, SCHEMA_VERSION } from "./statements.ts";

/** SQLite's own wait for a lock, in ms. Short, since it stops the thread; the store waits on without it. */
const BUSY_SLICE = 20;

/**
 * @param patience milliseconds to wait for another process's lock
 * @throws CF3001 not ours, CF3002 newer, CF3003 read-only, CF3004 locked, CF3005 cannot be opened
 */
export async function openDatabase(file: string, patience: number, open = openDriver): Promise<Driver> {
  const deadline = Date.now() + patience;
  for (;;) {
    let driver: Driver | undefined;
    try {
      driver = open(file, BUSY_SLICE);
      prepareSchema(driver, file);
      return driver;
    } catch (error) {
      driver?.close();
      if (isBusy(error) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
        continue;
      }
      throw explain(error, file);
    }
  }
}

function prepareSchema(driver: Driver, file: string): void {
  const version = schemaVersion(driver, file);
  const mode = driver.prepare("PRAGMA journal_mode").get()?.journal_mode;
  if (mode !== "wal" && file !== ":memory:") driver.prepare("PRAGMA journal_mode = WAL").get();
  // A checkpoint stops the thread for as long as its pages take to reach the disk, so a page that is written again and
  // again should be among them once: after 16 MB of log, not after SQLite's 4 MB.
  driver.exec(
    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768",
  );
  if (version === SCHEMA_VERSION) return;
  driver.exec("BEGIN IMMEDIATE");
  try {
    for (let next = schemaVersion(driver, file); next < SCHEMA_VERSION; next++)
      driver.exec(migrations[next]!);
    driver.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  } catch (error) {
    driver.exec("ROLLBACK");
    throw error;
  }
}

/** The version found in the file: 0 for an empty one. */
function schemaVersion(driver: Driver, file: string): number {
  const owner = driver.prepare("PRAGMA application_id").get()!.application_id as number;
  const version = driver.prepare("PRAGMA user_version").get()!.user_version as number;
  const tables = driver.prepare("SELECT count(*) AS tables FROM sqlite_master").get()!.tables as number;
  if (tables === 0 && owner === 0) return 0;
  if (owner !== APPLICATION_ID) {
    throw new ColdframeError(
      "CF3001",
      `"${file}" holds ${tables} tables of another program. It was left as it is; choose another file name.`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new ColdframeError(
      "CF3002",
      `"${file}" has schema ${version}, this version of coldframe knows up to ${SCHEMA_VERSION}. It was left as it is; upgrade coldframe.`,
    );
  }
  return version;
}

export function isBusy(error: unknown): boolean {
  return error instanceof SqliteFailure && (error.code === BUSY || error.code === LOCKED);
}

/** Turns what SQLite reported into an error that says what to do. */
export function explain(error: unknown, file: string): Error {
  if (!(error instanceof SqliteFailure)) return error as Error;
  const options = { cause: error };
  switch (error.code) {
    case NOTADB:
      return new ColdframeError(
        "CF3001",
        `"${file}" is no SQLite database. It was left as it is; choose another file name.`,
        options,
      );
    case READONLY:
      return new ColdframeError(
        "CF3003",
        `"${file}" cannot be written, nothing was changed. Give this user write permission to the file and its folder.`,
        options,
      );
    case BUSY:
    case LOCKED:
      return new ColdframeError(
        "CF3004",
        `another process holds a lock on "${file}". Nothing was changed; end the program that has it open in a transaction, then try again.`,
        options,
      );
    case CANTOPEN:
      return new ColdframeError(
        "CF3005",
        `"${file}": does its folder exist, and may this user write to it?`,
        options,
      );
    default:
      return new ColdframeError(
        "CF3006",
        `"${file}": ${error.message} (SQLite result code ${error.code}). What was acknowledged is safe; check disk space and the disk, then start again.`,
        options,
      );
  }
}
