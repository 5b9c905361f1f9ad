/** Says in the log which errands fail: at the first failure and each time that their number has doubled. */
import type { StoreOptions } from "../../runtime/engine/store.ts";
import type { Errand, Stub } from "./errands.ts";

export type Log = NonNullable<StoreOptions["log"]>;

/** An errand that was tried in vain. */
export interface Failure {
  readonly id: string;
  /** Null: it cannot be read. */
  readonly errand: Errand | null;
  /** Times that it has failed in a row. */
  readonly times: number;
  readonly error: unknown;
  /** Milliseconds until it is tried again. */
  readonly rest: number;
}

/** Whether this failure in a row is told. */
export function isTold(times: number): boolean {
  return (times & (times - 1)) === 0;
}

/** Those of one look: what fails in the same way is told together. */
export function tellFailures(failures: readonly Failure[], log: Log): void {
  const alike = new Map<string, Failure[]>();
  for (const failure of failures) {
    if (!isTold(failure.times)) continue;
    const kind = `${placeOf(failure.errand)} ${textOf(failure.error)}`;
    const group = alike.get(kind);
    if (group === undefined) alike.set(kind, [failure]);
    else group.push(failure);
  }
  for (const [{ id, errand, times, error, rest }, ...more] of alike.values() as Iterable<
    [Failure, ...Failure[]]
  >) {
    const others = more.length === 0 ? "" : `, as have ${more.length} more like it`;
    const often = times === 1 ? "has failed" : `has failed ${times} times`;
    const message = `${errand === null ? "an errand" : whatIs(errand)} ${often}${others}; tried again in ${timeOf(rest)} (errand "${id}")`;
    log({ level: "warn", message, error });
  }
}

export function timeOf(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}

/** The message, and behind it that of what was the cause. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" && error.cause !== undefined ? textOf(error.cause) : error.message;
}

function placeOf(errand: Errand | null): number | null {
  if (errand === null || errand.kind === "free") return null;
  return errand.kind === "proxy" ? errand.from : errand.to;
}

function whatIs(errand: Errand): string {
  const place = placeOf(errand);
  const there = place === null ? "" : ` in database ${place + 1} of the list`;
  switch (errand.kind) {
    case "start":
      return `to start run "${errand.run.id}"${there}`;
    case "send":
      return `to send event "${errand.event.id}" to "${errand.event.key}"${there}`;
    case "cancel":
      return `to cancel run "${errand.run}"${there}`;
    case "free":
      return `to give back the place of run "${errand.run}" in "${errand.key}"`;
    case "stub":
      return `to wait${there} for ${nameOf(errand.thing)} in the place of run "${errand.run}"`;
    case "proxy":
      return `to tell run "${errand.run}"${there} of ${nameOf(errand.thing)}`;
  }
}

function nameOf(thing: Stub["thing"]): string {
  switch (thing.kind) {
    case "event":
      return `event "${thing.key}"`;
    case "end":
      return `the end of run "${thing.run}"`;
    case "place":
    case "begin":
      return `a place in "${thing.key}"`;
  }
}
