/**
 * The part of the database that a batch is about, locked and loaded, with what is changed of it. Decisions are made here,
 * without the database; `Changes` is written at the end. What was not loaded throws `Again`, never a wrong answer.
 */
import type { Hint, NewRun, RunEnd, RunStatus } from "../../runtime/engine/store.ts";
import { Again, type Needs } from "./needs.ts";
import {
  type ArrivalRecord,
  type AttemptRecord,
  type Belongings,
  Changes,
  type EventRecord,
  type KeyState,
  type LineState,
  type Openings,
  type Past,
  type PlaceRecord,
  type RunRecord,
} from "./records.ts";

export class Work {
  readonly now: number;
  readonly needs: Needs;
  readonly changes = new Changes();
  readonly hints: Hint[] = [];
  readonly numbers = new Map<string, number>();
  readonly runs = new Map<number, RunRecord>();
  readonly keys = new Map<string, KeyState>();
  readonly lines = new Map<string, LineState>();
  readonly belongings = new Map<number, Belongings>();
  readonly outcomes = new Map<number, RunEnd>();
  readonly pasts = new Map<number, Past>();
  readonly waits = new Map<number, string>();
  /** Places to be given up, by wait and number of the run. */
  readonly places = new Map<string, PlaceRecord>();
  /** Numbers for runs to be inserted, by id. */
  readonly free = new Map<string, number>();
  readonly #arrivals = new Map<number, Map<number, ArrivalRecord>>();
  readonly #attempts = new Map<number, Map<number, AttemptRecord>>();

  constructor(now: number, needs: Needs) {
    this.now = now;
    this.needs = needs;
  }

  /** Whether users' transactions have left events of keys for which others are about to be sent. */
  get isBehindPosts(): boolean {
    for (const { posted } of this.keys.values()) if (posted) return true;
    return false;
  }

  // Runs.

  run(n: number): RunRecord {
    const run = this.runs.get(n);
    if (run !== undefined) return run;
    this.needs.runs.add(n);
    throw new Again("a run");
  }

  /** Undefined: there is none of this id. */
  runOf(id: string): RunRecord | undefined {
    if (!this.needs.ids.has(id) && !this.numbers.has(id)) {
      this.needs.ids.add(id);
      throw new Again("a run by its id");
    }
    const n = this.numbers.get(id);
    return n === undefined ? undefined : this.runs.get(n);
  }

  /** The run will be written. */
  change(run: RunRecord): RunRecord {
    this.changes.runs.add(run);
    return run;
  }

  /** Null: there is one of this id. */
  create(run: NewRun): RunRecord | null {
    if (this.numbers.has(run.id)) return null;
    const n = this.free.get(run.id);
    if (n === undefined) {
      this.needs.created.add(run.id);
      throw new Again("a number for a new run");
    }
    const record: RunRecord = {
      n,
      id: run.id,
      group: run.group,
      status: "active",
      due: run.limit === null ? this.now : null,
      worker: null,
      epoch: 0,
      news: 0,
      told: false,
      cancel: "no",
      reason: null,
      needs: null,
      deaths: 0,
      build: null,
      bound: null,
      turn: 0,
    };
    this.numbers.set(run.id, n);
    this.runs.set(n, record);
    this.belongings.set(n, { followers: [], attached: [], places: [], chunks: [], keep: 0 });
    this.changes.created.push({ run, record });
    return record;
  }

  /** What goes with a run that ends. */
  belongingsOf(n: number): Belongings {
    const found = this.belongings.get(n);
    if (found !== undefined) return found;
    this.needs.ends.add(n);
    throw new Again("what belongs to a run");
  }

  // Waits.

  /** @param openings what is in the database */
  open(n: number, { arrivals, attempts }: Openings): void {
    this.#arrivals.set(n, new Map(arrivals.map((arrival) => [arrival.wait, arrival])));
    this.#attempts.set(n, new Map(attempts.map((attempt) => [attempt.wait, attempt])));
  }

  isOpen(n: number): boolean {
    return this.#attempts.has(n);
  }

  arrivals(n: number): ReadonlyMap<number, ArrivalRecord> {
    this.#opened(n);
    return this.#arrivals.get(n)!;
  }

  attempts(n: number): ReadonlyMap<number, AttemptRecord> {
    this.#opened(n);
    return this.#attempts.get(n)!;
  }

  /** The first outcome of a wait counts. */
  insertArrival(n: number, wait: number, threw: boolean, value: string, event: EventRecord | null): boolean {
    let known = this.#arrivals.get(n);
    if (known === undefined) this.#arrivals.set(n, (known = new Map()));
    if (known.has(wait)) return false;
    const arrival = { n, wait, threw, value, event };
    known.set(wait, arrival);
    this.changes.arrivals.add(arrival);
    return true;
  }

  dropArrival(n: number, wait: number): void {
    const arrival = this.#arrivals.get(n)?.get(wait);
    this.#arrivals.get(n)?.delete(wait);
    if (arrival === undefined || !this.changes.arrivals.delete(arrival))
      this.changes.droppedArrivals.push({ n, wait });
  }

  setAttempt(attempt: AttemptRecord): void {
    this.#attempts.get(attempt.n)?.set(attempt.wait, attempt);
    this.changes.attempts.set(`${attempt.n} ${attempt.wait}`, attempt);
  }

  dropAttempt(n: number, wait: number): void {
    this.#attempts.get(n)?.delete(wait);
    this.changes.attempts.delete(`${n} ${wait}`);
    this.changes.droppedAttempts.push({ n, wait });
  }

  /** All of a run that has ended; the database is asked to do so by its end. */
  dropOpenings(n: number): void {
    for (const arrival of this.#arrivals.get(n)?.values() ?? []) this.changes.arrivals.delete(arrival);
    for (const key of [...this.changes.attempts.keys()])
      if (key.startsWith(`${n} `)) this.changes.attempts.delete(key);
    this.open(n, { arrivals: [], attempts: [] });
  }

  #opened(n: number): void {
    if (this.#attempts.has(n)) return;
    this.needs.openings.add(n);
    throw new Again("arrivals of a run");
  }

  // Keys.

  key(key: string): KeyState {
    const state = this.keys.get(key);
    if (state !== undefined) return state;
    this.needs.key(key);
    throw new Again("an event key");
  }

  line(key: string): LineState {
    const state = this.lines.get(key);
    if (state !== undefined) return state;
    this.needs.line(key);
    throw new Again("a line");
  }
}

export function hasEnded({ status }: { readonly status: RunStatus }): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}
