/** Starts of many callers, without limits, as one transaction. */
import type { NewRun, StartOutcome } from "../../runtime/engine/store.ts";
import type { Failure } from "./batcher.ts";
import type { KnownNumbers } from "./numbers.ts";

export interface AskedStart {
  readonly runs: readonly NewRun[];
  readonly worker: string | null;
  readonly bytes: number;
  done(outcomes: readonly StartOutcome[]): void;
  failed(error: unknown): void;
}

export interface Started {
  /** Number of each that was inserted, by its id. */
  readonly created: ReadonlyMap<string, number>;
  /** Whether by that the worker owns them. */
  readonly claimed: boolean;
}

/** Tries before others' locks are an error. */
const TRIES = 10;

/** Never rejects. @param insert inserts those whose ids are new, in one transaction */
export async function startRuns(
  asked: readonly AskedStart[],
  failureOf: (error: unknown) => Failure,
  numbers: KnownNumbers,
  insert: (runs: readonly NewRun[], worker: string | null) => Promise<Started>,
  tries = 1,
): Promise<void> {
  const again = (some: readonly AskedStart[], tried = 1) =>
    startRuns(some, failureOf, numbers, insert, tried);
  const [{ worker }] = asked as [AskedStart];
  const others = asked.filter((one) => one.worker !== worker);
  if (others.length > 0) {
    await again(others);
    await again(asked.filter((one) => one.worker === worker));
    return;
  }
  let started: Started;
  try {
    started = await insert(
      asked.flatMap((one) => one.runs),
      worker,
    );
  } catch (error) {
    const failure = failureOf(error);
    if (failure === "again" && tries < TRIES) await again(asked, tries + 1);
    else if (failure === "alone" && asked.length > 1) for (const one of asked) await again([one]);
    else for (const one of asked) one.failed(error);
    return;
  }
  for (const [id, n] of started.created) numbers.add(id, n);
  const left = new Set(started.created.keys());
  // The same id twice is one run.
  for (const one of asked)
    one.done(
      one.runs.map(({ id }) => {
        const created = left.delete(id);
        return { id, created, claimed: created && started.claimed };
      }),
    );
}
