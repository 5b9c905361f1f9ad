/** Starts of many callers as one statement, which is a transaction of its own. */
import { type AskedStart, type KnownNumbers, startRuns as start, tagsOf } from "../batch/index.ts";
import type { QueryResult } from "./connections.ts";
import { failureOf } from "./failures.ts";
import type { StatementName } from "./statements.ts";

type Run = (name: StatementName, values: readonly unknown[]) => Promise<QueryResult>;

/** Never rejects. @param time in ms, null: that of the server */
export function startRuns(
  asked: readonly AskedStart[],
  run: Run,
  time: () => number | null,
  numbers: KnownNumbers,
): Promise<void> {
  return start(asked, failureOf, numbers, async (runs, worker) => {
    const column = (name: Exclude<keyof (typeof runs)[0], "tags" | "limit" | "build">) =>
      runs.map((one) => one[name]);
    const { rows } = await run("start", [
      time(),
      worker,
      column("id"),
      column("entry"),
      column("priority"),
      column("call"),
      column("secret"),
      runs.map(({ tags }) => tagsOf(tags)),
      column("parent"),
      column("group"),
      runs.map(({ build }) => build ?? null),
    ]);
    return { created: new Map(rows.map(({ id, n }) => [id, n])), claimed: rows[0]?.claimed ?? false };
  });
}
