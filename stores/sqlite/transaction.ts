/** What the parts of the store share: prepared statements, and one transaction of the group writer. */
import type { Hint } from "../../runtime/engine/store.ts";
import type { Driver, Statement } from "./driver.ts";
import { type StatementName, statements } from "./statements.ts";

/** The prepared statements, by name. */
export type Statements = Readonly<Record<StatementName, Statement>>;

/** Numbers of runs and workers by their ids; null when there is none. */
export interface Numbers {
  run(id: string): number | null;
  worker(id: string): number | null;
  add(id: string, number: number): void;
}

export interface Transaction {
  readonly sql: Statements;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Told to watchers after the commit. */
  readonly hints: Hint[];
}

/** Statements are prepared at their first use: a command that only reads does not pay for those that write. */
export function prepareLazily(driver: Driver): Statements {
  const prepared = {} as Record<StatementName, Statement>;
  for (const name of Object.keys(statements) as StatementName[]) {
    Object.defineProperty(prepared, name, {
      configurable: true,
      get() {
        const value = driver.prepare(statements[name]);
        Object.defineProperty(prepared, name, { value });
        return value;
      },
    });
  }
  return prepared;
}
