/** Starts of runs as SQL, and those of many callers, which are asked for in the same turn of the event loop, as one job. */
import type { Hint, NewRun, StartOutcome } from "../../runtime/engine/store.ts";
import { workerNumber } from "./claims.ts";
import type { Value } from "./driver.ts";
import type { Job } from "./group.ts";
import { queueRun } from "./places.ts";
import { RUNS_AT_ONCE } from "./statements.ts";
import type { Numbers, Transaction } from "./transaction.ts";

/** @param worker number of the owner, or null */
export function insertRun(transaction: Transaction, run: NewRun, worker: number | null): StartOutcome {
  return outcomeOf(run, insertOne(transaction, run, worker), worker);
}

/** @returns its number, or null: there is one of its id */
function insertOne(transaction: Transaction, run: NewRun, worker: number | null): number | null {
  const row = transaction.sql.insertRun.get(...runOf(run, worker, transaction.now));
  if (row === undefined) return null;
  insertRest(transaction, run, row.n, worker);
  if (run.limit !== null) queueRun(transaction, row.n, run.limit);
  return row.n;
}

function outcomeOf({ id }: NewRun, n: number | null, worker: number | null): StartOutcome {
  return { id, created: n !== null, claimed: n !== null && worker !== null };
}

function insertRest(transaction: Transaction, run: NewRun, n: number, worker: number | null): void {
  const { sql, now } = transaction;
  sql.insertState.run(...stateOf(n, worker, now));
  sql.insertOrigin.run(...originOf(run, n, now));
  keepMore(transaction, run, n);
}

/** What few runs have. */
function keepMore({ sql }: Transaction, { history, limit, limited = limit }: NewRun, n: number): void {
  if (history) sql.keepParks.run(n, history);
  if (limited !== null) sql.keepLimit.run(n, limited.key, limited.max);
}

function runOf(run: NewRun, worker: number | null, now: number): Value[] {
  const { id, entry, priority, group, limit, build = null } = run;
  return [id, entry, priority, group, limit === null ? now : null, worker, worker === null ? null : build];
}

function stateOf(n: number, worker: number | null, now: number): Value[] {
  return [n, worker, worker === null ? 0 : 1, now];
}

function originOf({ call, secret, tags, parent }: NewRun, n: number, now: number): Value[] {
  return [n, call, secret, JSON.stringify(tags), parent, now];
}

/** What one caller asks for. */
export interface AskedStart {
  readonly runs: readonly NewRun[];
  /** Id of the worker that is to own them. */
  readonly worker: string | null;
  readonly resolve: (outcomes: readonly StartOutcome[]) => void;
  readonly reject: (error: Error) => void;
}

export class StartJob implements Job {
  readonly #begin: () => Transaction;
  readonly #numbers: Numbers;
  readonly #tell: (hints: readonly Hint[]) => void;
  readonly #asked: AskedStart[] = [];
  /** Of each caller; none for those that were told that it failed. */
  #outcomes: (readonly StartOutcome[] | undefined)[] = [];
  #transaction!: Transaction;
  #bytes = 0;
  /** Nothing can be added any more: it is being written, or was rejected. */
  #closed = false;

  /** @param begin tells the time, and has no hints yet */
  constructor(begin: () => Transaction, numbers: Numbers, tell: (hints: readonly Hint[]) => void) {
    this.#begin = begin;
    this.#numbers = numbers;
    this.#tell = tell;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#asked.length;
  }

  /** Whether it is too late, or would be too much, to ask for more in this job. */
  isClosed(most: number): boolean {
    return this.#closed || this.#bytes >= most;
  }

  add(asked: AskedStart): void {
    this.#asked.push(asked);
    for (const { call } of asked.runs) this.#bytes += call.length + 300;
  }

  applyAll(): void {
    this.#open();
    const starts = new Starts(this.#transaction, this.#numbers);
    for (const { runs, worker } of this.#asked) for (const run of runs) starts.add(run, worker);
    const outcomes = starts.end();
    let next = 0;
    this.#outcomes = this.#asked.map(({ runs }) => outcomes.slice(next, (next += runs.length)));
  }

  apply(i: number): void {
    if (i === 0) this.#open();
    const { runs, worker } = this.#asked[i]!;
    const starts = new Starts(this.#transaction, this.#numbers);
    for (const run of runs) starts.add(run, worker);
    this.#outcomes[i] = starts.end();
  }

  done(): void {
    this.#asked.forEach(({ resolve }, i) => {
      const outcomes = this.#outcomes[i];
      if (outcomes !== undefined) resolve(outcomes);
    });
    if (this.#transaction.hints.length > 0) this.#tell(this.#transaction.hints);
  }

  failed(i: number, error: Error): void {
    this.#outcomes[i] = undefined;
    this.#asked[i]!.reject(error);
  }

  rejected(error: Error): void {
    this.#closed = true;
    for (const { reject } of this.#asked) reject(error);
  }

  #open(): void {
    this.#closed = true;
    this.#transaction = this.#begin();
  }
}

/** Inserts runs, sixteen with one statement where there are so many of one owner. */
class Starts {
  readonly #transaction: Transaction;
  readonly #numbers: Numbers;
  readonly #owners = new Map<string, number | null>();
  readonly #outcomes: StartOutcome[] = [];
  /** Those that are not inserted yet: they stand last in what is to be answered, and have one owner. */
  #waiting: NewRun[] = [];
  #owner: number | null = null;

  constructor(transaction: Transaction, numbers: Numbers) {
    this.#transaction = transaction;
    this.#numbers = numbers;
  }

  add(run: NewRun, worker: string | null): void {
    const owner = worker === null || run.limit !== null ? null : this.#ownerOf(worker);
    if (owner !== this.#owner || run.limit !== null) this.#oneByOne();
    this.#owner = owner;
    this.#waiting.push(run);
    if (run.limit !== null) this.#oneByOne();
    else if (this.#waiting.length === RUNS_AT_ONCE) this.#atOnce();
  }

  end(): readonly StartOutcome[] {
    this.#oneByOne();
    if (this.#outcomes.some(({ created, claimed }) => created && !claimed))
      this.#transaction.hints.push({ kind: "ready" });
    return this.#outcomes;
  }

  /** Null when the worker does not live any more: the runs are anybody's. */
  #ownerOf(worker: string): number | null {
    const known = this.#owners.get(worker);
    if (known !== undefined) return known;
    const number = workerNumber(this.#transaction.sql, worker, this.#transaction.now);
    this.#owners.set(worker, number);
    return number;
  }

  #oneByOne(): void {
    for (const run of this.#waiting) this.#tell(run, insertOne(this.#transaction, run, this.#owner));
    this.#waiting = [];
  }

  #atOnce(): void {
    const { sql, now } = this.#transaction;
    const runs = this.#waiting;
    const owner = this.#owner;
    this.#waiting = [];
    const numbers = new Map<string, number>();
    for (const { n, id } of sql.insertRuns.all(...runs.flatMap((run) => runOf(run, owner, now))))
      numbers.set(id, n);
    const all = numbers.size === runs.length;
    if (all) {
      sql.insertStates.run(...runs.flatMap(({ id }) => stateOf(numbers.get(id)!, owner, now)));
      sql.insertOrigins.run(...runs.flatMap((run) => originOf(run, numbers.get(run.id)!, now)));
    }
    for (const run of runs) {
      const n = numbers.get(run.id) ?? null;
      // The same id twice is one run.
      numbers.delete(run.id);
      if (n !== null && !all) insertRest(this.#transaction, run, n, owner);
      else if (n !== null) keepMore(this.#transaction, run, n);
      this.#tell(run, n);
    }
  }

  #tell(run: NewRun, n: number | null): void {
    if (n !== null) this.#numbers.add(run.id, n);
    this.#outcomes.push(outcomeOf(run, n, this.#owner));
  }
}
