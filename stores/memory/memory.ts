/**
 * The store in memory: for tests, for runs that need not outlive the process, and as the readable statement of what
 * every store does. Strings only, as in a database: nothing that the engine holds is shared with what is stored.
 */
import { rankOf } from "../../runtime/engine/fairness.ts";
import { isDraining, POISON, poisoned, SUSPECT } from "../../runtime/engine/poison.ts";
import {
  type Arrival,
  type BuildRecord,
  type Claimed,
  type Copy,
  type CopyOutcome,
  type Hint,
  type Mending,
  type NewEvent,
  type NewRun,
  type News,
  type Overruling,
  type Placement,
  type RunDetail,
  type RunFilter,
  type RunRow,
  type ScheduleChange,
  type SendOutcome,
  type StartOutcome,
  type StepFence,
  type Store,
  type StoreOptions,
  type Stranded,
  SYSTEM_GROUP,
  type TransactionPort,
  type TransactOutcome,
  type WorkerInfo,
  type Write,
  type WriteOutcome,
} from "../../runtime/engine/store.ts";
import { arrive, tell } from "./arrivals.ts";
import { chunksOf } from "./chunks.ts";
import { type Database, emptyDatabase, type Record } from "./database.ts";
import { deliver } from "./events.ts";
import { askToCancel } from "./followers.ts";
import { holdingsOf } from "./history.ts";
import { forkRun, overrule } from "./overrule.ts";
import { changeSchedule } from "./schedules.ts";
import { MemoryTransaction, transact, within } from "./transactions.ts";
import { cloneRun, collect, endByForce, strand } from "./upkeep.ts";
import { commitWrite, insertRun, retried } from "./writes.ts";

/** Commits after which the event loop gets its turn. */
const COMMITS_PER_TURN = 64;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/**
 * Makes a store in memory. Each `connect()` is another connection to the same data, like a second process.
 */
export function memory(): MemoryStore {
  return new MemoryStore(emptyDatabase());
}

export class MemoryStore implements Store {
  readonly #data: Database;
  #commits = 0;
  /** Engines that have opened it, and will close it. */
  #users = 0;
  #closed = false;

  constructor(data: Database) {
    this.#data = data;
  }

  /** Another connection to the same data. */
  connect(): MemoryStore {
    return new MemoryStore(this.#data);
  }

  async migrate(options: StoreOptions = {}): Promise<void> {
    if (options.now !== undefined) this.#data.now = options.now;
    this.#users++;
    this.#closed = false;
  }

  async start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    const data = this.#data;
    const owner = worker !== null && alive(data, worker) ? worker : null;
    const hints: Hint[] = owner === null ? [{ kind: "ready" }] : [];
    const outcomes = runs.map((run) => insertRun(data, run, run.limit === null ? owner : null, hints));
    this.#tellAll(hints);
    return outcomes;
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    const data = this.#data;
    const now = data.now();
    releaseDead(data);
    if (!alive(data, worker)) return [];
    const due = [...data.runs.values()].filter(
      (run) =>
        run.status === "active" &&
        run.worker === null &&
        run.due !== null &&
        run.due <= now &&
        fits(run, placement),
    );
    due.sort((a, b) => rankOf(a.priority, a.due!) - rankOf(b.priority, b.due!) || a.n - b.n);
    const suspect = due.find(({ deaths }) => deaths >= SUSPECT);
    const idle = ![...data.runs.values()].some((run) => run.worker === worker);
    if (suspect !== undefined && !idle && isDraining(now)) return [];
    const taken =
      suspect !== undefined && idle
        ? [suspect]
        : due.filter(({ deaths }) => deaths < SUSPECT).slice(0, limit);
    return taken.map((run) => {
      run.worker = worker;
      run.epoch++;
      return {
        id: run.id,
        entry: run.entry,
        epoch: run.epoch,
        turn: run.turn,
        call: run.call,
        secret: run.secret,
        priority: run.priority,
        group: run.group,
        build: run.build,
        bound: run.bound,
        snapshot: run.snapshot,
        chunks: chunksOf(data, run),
        waits: run.waits,
        arrivals: [...run.arrivals.values()],
        attempts: [...run.attempts.values()],
        news: run.news,
        cancel: run.cancel,
        deaths: run.deaths,
        history: run.keep,
      };
    });
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    if (release(this.#data, worker, new Set(known))) this.#tell({ kind: "ready" });
  }

  async renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    const now = this.#data.now();
    const known = this.#data.workers.get(worker.id);
    if (first ? known !== undefined : known === undefined || known.until <= now) return false;
    this.#data.workers.set(worker.id, { ...worker, until: now + worker.lease });
    return true;
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    const hints: Hint[] = [];
    const outcomes = writes.map((write): WriteOutcome => {
      try {
        return commitWrite(this.#data, write, hints);
      } catch (error) {
        return { passed: false, fenced: false, error: error as Error };
      }
    });
    this.#tellAll(hints);
    // Without any I/O, a busy run would keep timers and sockets of the process waiting for ever.
    if (++this.#commits % COMMITS_PER_TURN === 0) await nextTurn();
    return outcomes;
  }

  async transact(step: StepFence, body: (tx: unknown) => Promise<Arrival>): Promise<TransactOutcome> {
    const hints: Hint[] = [];
    const outcome = await transact(this.#data, step, body, hints);
    this.#tellAll(hints);
    return outcome;
  }

  /**
   * Calls a function with a transaction of this store, and commits what it did. For tests: `engine.with(tx)` takes it.
   * @returns what the function returns
   */
  async transaction<T>(body: (tx: MemoryTransaction) => Promise<T> | T): Promise<T> {
    const hints: Hint[] = [];
    for (;;) {
      const tx = new MemoryTransaction(this.#data);
      let result: T;
      try {
        result = await body(tx);
      } finally {
        tx.end();
      }
      if (!tx.commit(hints)) continue;
      this.#tellAll(hints);
      return result;
    }
  }

  within(tx: unknown): TransactionPort {
    return within(this.#data, tx);
  }

  async send(event: NewEvent): Promise<SendOutcome> {
    const hints: Hint[] = [];
    const outcome = deliver(this.#data, event, hints);
    this.#tellAll(hints);
    return outcome;
  }

  async cancel(id: string, force: string | null): Promise<boolean> {
    const run = this.#data.runs.get(id);
    if (run === undefined || run.end !== null) return false;
    const hints: Hint[] = [];
    if (force === null) askToCancel(this.#data, run, hints);
    else endByForce(this.#data, run, { status: "cancelled", value: force }, hints);
    this.#tellAll(hints);
    return true;
  }

  async suspend(id: string): Promise<boolean> {
    const run = this.#data.runs.get(id);
    if (run === undefined || (run.status !== "active" && run.status !== "blocked")) return false;
    run.status = "suspended";
    run.blocked = null;
    run.news++;
    this.#tell({ kind: "run", run: id });
    return true;
  }

  async resume(id: string): Promise<boolean> {
    const run = this.#data.runs.get(id);
    if (run?.status !== "suspended") return false;
    run.status = "active";
    tell(this.#data, run);
    this.#tell({ kind: "ready" });
    return true;
  }

  async mend(id: string, wait: number, mending: Mending): Promise<boolean> {
    const run = this.#data.runs.get(id);
    const held = run?.attempts.get(wait);
    if (run === undefined || held === undefined || held.due !== null) return false;
    if (mending.kind === "retry") {
      run.attempts.set(wait, { ...held, made: 0, due: 0, since: this.#data.now(), begun: null });
      tell(this.#data, run);
    } else {
      run.attempts.delete(wait);
      arrive(this.#data, run, { wait, threw: mending.threw, value: mending.value });
    }
    this.#tell({ kind: "run", run: id });
    return true;
  }

  async clone(from: string, copy: Copy): Promise<CopyOutcome> {
    const run = this.#data.runs.get(from);
    if (run === undefined) return "none";
    if (run.end !== null) return "ended";
    if (this.#data.runs.has(copy.id)) return "exists";
    if (run.turn !== copy.turn) return "changed";
    cloneRun(this.#data, run, copy);
    this.#tell({ kind: "ready" });
    return "cloned";
  }

  async fork(run: NewRun, parked: Overruling): Promise<boolean> {
    const hints: Hint[] = [];
    const made = forkRun(this.#data, run, parked, hints);
    this.#tellAll(hints);
    return made;
  }

  async overrule(overruling: Overruling): Promise<boolean> {
    const hints: Hint[] = [];
    const passed = overrule(this.#data, overruling, hints);
    this.#tellAll(hints);
    return passed;
  }

  async collect(before: number, limit: number): Promise<number> {
    return collect(this.#data, before, limit);
  }

  async reserve(key: string, interval: number, burst: number): Promise<number> {
    const { rates, now } = this.#data;
    const free = Math.max(now(), rates.get(key) ?? 0);
    rates.set(key, free + interval);
    return Math.max(now(), Math.ceil(free - interval * (burst - 1)));
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    const hints: Hint[] = [];
    const passed = changeSchedule(this.#data, change, hints);
    this.#tellAll(hints);
    return passed;
  }

  async unschedule(id: string): Promise<boolean> {
    return this.#data.schedules.delete(id);
  }

  async unblock(id: string, worker: string | null): Promise<boolean> {
    const run = this.#data.runs.get(id);
    if (run === undefined || run.status !== "blocked") return false;
    run.bound ??= worker;
    run.status = "active";
    run.blocked = null;
    run.deaths = 0;
    run.due = this.#data.now();
    this.#tell({ kind: "ready" });
    return true;
  }

  async announce(builds: readonly BuildRecord[]): Promise<void> {
    for (const { id, body } of builds) if (!this.#data.builds.has(id)) this.#data.builds.set(id, body);
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    const blocked = strand(this.#data, reason);
    if (blocked.length > 0) this.#tell({ kind: "ready" });
    return blocked;
  }

  async due(worker: string, placement: Placement): Promise<number | null> {
    const now = this.#data.now();
    let next: number | null = null;
    for (const { id, until } of this.#data.workers.values()) {
      if (id !== worker && (next === null || until < next)) next = until;
    }
    for (const run of this.#data.runs.values()) {
      if (run.status !== "active" || run.worker !== null || run.due === null) continue;
      if (!fits(run, placement)) continue;
      if (next === null || run.due < next) next = run.due;
    }
    return next === null ? null : Math.max(0, next - now);
  }

  async news(worker: string): Promise<readonly News[]> {
    const found: News[] = [];
    for (const run of this.#data.runs.values()) {
      if (run.worker !== worker || run.news === run.seen) continue;
      found.push({
        run: run.id,
        news: run.news,
        arrivals: [...run.arrivals.values()],
        cancel: run.cancel,
        suspend: run.status === "suspended",
        retry: retried(run),
      });
    }
    return found;
  }

  watch(listener: (hint: Hint) => void): () => void {
    this.#data.listeners.add(listener);
    return () => this.#data.listeners.delete(listener);
  }

  readonly read: Store["read"] = {
    run: async (id: string): Promise<RunDetail | null> => {
      const run = this.#data.runs.get(id);
      if (run === undefined) return null;
      return {
        ...row(run),
        call: run.call,
        secret: run.secret,
        snapshot: run.snapshot,
        waits: JSON.parse(run.waits),
        attempts: [...run.attempts.values()],
        end: run.end,
        history: run.keep,
        limit: run.limit,
      };
    },
    runs: async (filter: RunFilter): Promise<readonly RunRow[]> => {
      const after = filter.after === undefined ? undefined : this.#data.runs.get(filter.after)?.n;
      return [...this.#data.runs.values()]
        .reverse()
        .filter(
          (run) =>
            (after === undefined || run.n < after) &&
            (filter.status === undefined || run.status === filter.status) &&
            (filter.entry === undefined || run.entry === filter.entry) &&
            run.group === (filter.group ?? (run.group === SYSTEM_GROUP ? null : run.group)) &&
            Object.entries(filter.tags ?? {}).every(([name, value]) => run.tags[name] === value),
        )
        .slice(0, filter.limit ?? 100)
        .map(row);
    },
    chunks: async (id: string, turn?: number) => {
      const run = this.#data.runs.get(id);
      return run === undefined ? [] : chunksOf(this.#data, run, turn);
    },
    history: async (id: string, which) => {
      const parks = this.#data.runs.get(id)?.parks ?? [];
      if ("turn" in which) return parks.filter(({ turn }) => turn === which.turn);
      return parks.slice(-which.limit).reverse();
    },
    holdings: async (id: string) => {
      const run = this.#data.runs.get(id);
      return run === undefined ? null : holdingsOf(this.#data, run);
    },
    journal: async (id: string) => [...(this.#data.runs.get(id)?.journal ?? [])],
    counts: async () => {
      const counts = { active: 0, blocked: 0, suspended: 0, done: 0, failed: 0, cancelled: 0 };
      for (const { status, group } of this.#data.runs.values()) if (group !== SYSTEM_GROUP) counts[status]++;
      return counts;
    },
    reasons: async () => {
      const reasons: { [code: string]: number } = {};
      for (const { status, blocked, group } of this.#data.runs.values()) {
        if (status !== "blocked" || group === SYSTEM_GROUP) continue;
        const [code] = blocked!.reason.split(" ", 1) as [string];
        reasons[code] = (reasons[code] ?? 0) + 1;
      }
      return reasons;
    },
    builds: async () => [...this.#data.builds].map(([id, body]) => ({ id, body })),
    codes: async () => [...this.#data.codes].map(([key, body]) => ({ key, body })),
    schemaOf: async (key) =>
      this.#data.subscriptions.get(key)?.find(({ run }) => run.end === null)?.schema ?? null,
    schedule: async (id) => this.#data.schedules.get(id) ?? null,
    schedules: async (due, limit) =>
      [...this.#data.schedules.values()]
        .filter(({ next }) => due === null || (next !== null && next <= due))
        .sort((a, b) => (a.next ?? 0) - (b.next ?? 0))
        .slice(0, limit),
    nextSchedule: async () =>
      [...this.#data.schedules.values()].reduce<number | null>(
        (first, { next }) => (next === null || (first !== null && first <= next) ? first : next),
        null,
      ),
    workers: async () => [...this.#data.workers.values()].filter((worker) => worker.until > this.#data.now()),
  };

  async retire(worker: string): Promise<void> {
    forget(this.#data, worker);
    this.#tell({ kind: "ready" });
  }

  async close(): Promise<void> {
    if (--this.#users <= 0) this.#closed = true;
  }

  #tellAll(hints: readonly Hint[]): void {
    for (const hint of hints) this.#tell(hint);
  }

  /** Hints come after the write has been answered, as they would from another process. */
  #tell(hint: Hint): void {
    queueMicrotask(() => {
      if (this.#closed) return;
      for (const listener of this.#data.listeners) listener(hint);
    });
  }
}

function row(run: Record): RunRow {
  const {
    id,
    entry,
    status,
    tags,
    priority,
    group,
    turn,
    epoch,
    worker,
    created,
    updated,
    due,
    cancel,
    blocked,
    parent,
  } = run;
  const held = [...run.attempts.values()].filter((attempt) => attempt.due === null).length;
  return {
    ...{ id, entry, status, tags, priority, turn, epoch, worker, created, updated, due, cancel, blocked },
    ...{ held, parent, group, build: run.build, bound: run.bound },
  };
}

function fits({ group, entry, bound }: Record, { groups, only, except, builds }: Placement): boolean {
  if (bound !== null && builds?.includes(bound) === false) return false;
  if (groups !== null && !groups.includes(group)) return false;
  return (only === null || only.includes(entry)) && !except.includes(entry);
}

function alive(data: Database, worker: string): boolean {
  const known = data.workers.get(worker);
  return known !== undefined && known.until > data.now();
}

function releaseDead(data: Database): void {
  for (const worker of [...data.workers.values()]) if (worker.until <= data.now()) bury(data, worker.id);
}

/** A worker has died with its runs. */
function bury(data: Database, worker: string): void {
  const runs = [...data.runs.values()].filter((run) => run.worker === worker);
  forget(data, worker);
  for (const run of runs) {
    run.deaths++;
    if (run.deaths < POISON || runs.length > 1 || run.status !== "active") continue;
    run.status = "blocked";
    run.blocked = poisoned(run.deaths);
  }
}

function forget(data: Database, worker: string): void {
  data.workers.delete(worker);
  release(data, worker, new Set());
}

/** Makes the runs of a worker anybody's, but those in `known`. False: there is none. */
function release(data: Database, worker: string, known: ReadonlySet<string>): boolean {
  let any = false;
  for (const run of data.runs.values()) {
    if (run.worker !== worker || known.has(run.id)) continue;
    run.worker = null;
    run.due = data.now();
    any = true;
  }
  return any;
}
