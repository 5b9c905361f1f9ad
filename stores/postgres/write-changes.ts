/** What a batch has changed: a statement takes an array for each column. */
import {
  type ChangeName,
  type Changes,
  type ChangeWriter,
  type EventRecord,
  type ListName,
  type Row,
  writeChanges as write,
} from "../batch/index.ts";
import type { Session } from "./connections.ts";
import type { StatementName } from "./statements.ts";

/** @param now in ms @returns false when a row is not as it was loaded */
export function writeChanges(session: Session, changes: Changes, now: number): Promise<boolean> {
  return write(new Writer(session), changes, now);
}

function columns<R>(rows: readonly R[], names: readonly (keyof R)[]): unknown[][] {
  return names.map((name) => rows.map((row) => row[name]));
}

/** The statements of a batch, one after the other. */
class Writer implements ChangeWriter {
  readonly #session: Session;
  readonly #statements: {
    readonly name: StatementName;
    readonly values: readonly unknown[];
    /** Rows that it has to change, or null. */
    readonly count: number | null;
  }[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  async insertEvents(events: readonly EventRecord[], now: number): Promise<readonly Row[]> {
    const values = columns(events, ["key", "id", "payload", "run", "taken"]);
    return (await this.#session.run("insertEvents", [now, ...values])).rows;
  }

  all<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[] = [],
  ): void {
    if (rows.length > 0)
      this.#statements.push({ name, values: [...first, ...columns(rows, names)], count: null });
  }

  exactly<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[],
  ): void {
    if (rows.length === 0) return;
    this.#statements.push({ name, values: [...first, ...columns(rows, names)], count: rows.length });
  }

  list(name: ListName, values: readonly (string | number)[]): void {
    this.#statements.push({ name, values: [values], count: null });
  }

  async end(): Promise<boolean> {
    for (const { name, values, count } of this.#statements) {
      const { rowCount } = await this.#session.run(name, values);
      if (count !== null && rowCount !== count) return false;
    }
    return true;
  }
}
