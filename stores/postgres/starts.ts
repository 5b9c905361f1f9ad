/** Runs to be inserted, as parameters of a statement. */
import type { NewRun } from "../../runtime/engine/store.ts";
import { tagsOf } from "../batch/index.ts";

/** An array for each column. */
export function startValues(runs: readonly NewRun[]): unknown[] {
  const column = (name: Exclude<keyof NewRun, "tags" | "limit" | "limited" | "build" | "history">) =>
    runs.map((run) => run[name]);
  return [
    column("id"),
    column("entry"),
    column("priority"),
    column("call"),
    column("secret"),
    runs.map(({ tags }) => tagsOf(tags)),
    column("parent"),
    column("group"),
  ];
}
