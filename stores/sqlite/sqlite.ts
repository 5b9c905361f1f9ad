/**
 * The store on SQLite: one file, any number of processes on one machine, no server. Durable: WAL with
 * `synchronous=FULL`, so what was acknowledged survives the loss of power.
 *
 * All writes go through one group writer (`group.ts`); reads go straight to the connection. Other processes' commits
 * are noticed by `PRAGMA data_version`, which reads shared memory only and costs about a microsecond.
 */
import type {
  Arrival,
  BuildRecord,
  Claimed,
  CodeRecord,
  Copy,
  CopyOutcome,
  Hint,
  Mending,
  NewEvent,
  NewRun,
  News,
  Overruling,
  Placement,
  RunDetail,
  RunFilter,
  RunRow,
  RunStatus,
  ScheduleChange,
  ScheduleRow,
  SendOutcome,
  StartOutcome,
  StepFence,
  Store,
  StoreOptions,
  Stranded,
  TransactionPort,
  TransactOutcome,
  WorkerInfo,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { ColdframeError, checkOptions, wrongOption } from "../../runtime/errors.ts";
import { attemptOf, holdingsOf, lineOf, parkOf } from "../rows/index.ts";
import { claimRuns, listed, nextDue, releaseRuns, releaseWorker } from "./claims.ts";
import { bytesOf, CommitJob } from "./commit-job.ts";
import type { Driver, Row } from "./driver.ts";
import { deliverEvent } from "./events.ts";
import { FileIdentity } from "./file-identity.ts";
import { askToCancel } from "./followers.ts";
import { BYTES_PER_TRANSACTION, GroupWriter, type Transactions } from "./group.ts";
import { KnownNumbers } from "./numbers.ts";
import { explain, openDatabase } from "./open.ts";
import { forkRun, overrule } from "./overrule.ts";
import { arrivalOf, chunkOf, detailOf, retried, rowOf } from "./rows.ts";
import { changeSchedule, scheduleOf } from "./schedules.ts";
import { StartJob } from "./starts.ts";
import { inTransaction, type Lender, type SqliteTransaction, transact } from "./transact.ts";
import { prepareLazily, type Statements, type Transaction } from "./transaction.ts";
import { cloneRun, collect, endByForce, mend, reserve, strand } from "./upkeep.ts";
import { within } from "./within.ts";

export interface SqliteOptions {
  /** How long to wait for another process's lock before CF3004, in ms. Default 10,000. */
  readonly patience?: number;
  /** How long a transactional step may hold the write lock before CF3109, in ms. Default 5,000; less than a lease. */
  readonly transaction?: number;
  /** How often to look for other processes' commits, in ms. Default 50. */
  readonly poll?: number;
  /** Replaces the driver. For tests. */
  readonly open?: (file: string, busy: number) => Driver;
}

/** See `SqliteOptions.patience`. */
const PATIENCE = 10_000;

const nothing = () => null;

/**
 * Makes a store over a SQLite file, created when it does not exist. Nothing is opened before the engine asks for it.
 * @param file path, or `":memory:"`
 * @throws ColdframeError CF2301 for wrong options
 */
export function sqlite(file: string, options: SqliteOptions = {}): SqliteStore {
  checkOptions("sqlite()", options, ["patience", "transaction", "poll", "open"]);
  for (const [option, least] of [
    ["patience", 0],
    ["transaction", 1],
    ["poll", 1],
  ] as const) {
    const value = options[option];
    if (value !== undefined && !(Number.isFinite(value) && value >= least))
      throw wrongOption("sqlite()", option, value, `milliseconds, from ${least}`);
  }
  return new SqliteStore(file, options);
}

export class SqliteStore implements Store {
  readonly file: string;
  readonly #options: SqliteOptions;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #now: () => number = () => Date.now();
  #driver: Driver | null = null;
  /** Engines that have opened it, and will close it. */
  #users = 0;
  #identity: FileIdentity | null = null;
  #sql!: Statements;
  #group!: GroupWriter;
  #transactions!: Transactions;
  /** Rejects when the file is closed. */
  #closed!: Promise<never>;
  #tellClosed: () => void = nothing;
  #numbers!: KnownNumbers;
  /** What was last asked to be started; more may be added until it is written. */
  #starts: StartJob | null = null;
  #poll: ReturnType<typeof setInterval> | undefined;
  #version = 0;

  constructor(file: string, options: SqliteOptions) {
    this.file = file;
    this.#options = options;
  }

  async migrate(options: StoreOptions = {}): Promise<void> {
    if (options.now !== undefined) this.#now = options.now;
    this.#users++;
    if (this.#driver !== null) return;
    const patience = this.#options.patience ?? PATIENCE;
    this.#driver = await openDatabase(this.file, patience, this.#options.open);
    this.#identity = this.file === ":memory:" ? null : new FileIdentity(this.file);
    this.#sql = prepareLazily(this.#driver);
    this.#numbers = new KnownNumbers(this.#sql);
    this.#starts = null;
    const { begin, commit, rollback, savepoint, rollbackTo, releaseSavepoint } = this.#sql;
    this.#transactions = {
      begin: () => begin.run(),
      commit: () => {
        commit.run();
        this.#identity?.check();
      },
      rollback: () => {
        this.#numbers.clear();
        rollback.run();
      },
      savepoint: () => savepoint.run(),
      rollbackTo: () => {
        this.#numbers.clear();
        rollbackTo.run();
      },
      release: () => releaseSavepoint.run(),
    };
    this.#group = new GroupWriter(this.#transactions, patience, (error) => explain(error, this.file));
    this.#closed = new Promise((_, reject) => {
      this.#tellClosed = () => reject(new ColdframeError("CF3005", `"${this.file}" was closed`));
    });
    this.#closed.catch(nothing);
  }

  start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    return new Promise((resolve, reject) => {
      this.#opened();
      if (this.#starts === null || this.#starts.isClosed(BYTES_PER_TRANSACTION)) {
        this.#starts = new StartJob(this.#begin, this.#numbers, this.#tellAll);
        this.#group.add(this.#starts);
      }
      this.#starts.add({ runs, worker, resolve, reject });
    });
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    return this.#write(limit * 300, ({ sql, now }) => claimRuns(sql, now, worker, limit, placement));
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    await this.#write(100, ({ sql, hints, now }) => {
      const n = this.#numbers.worker(worker);
      if (n !== null && releaseRuns(sql, n, known, now)) hints.push({ kind: "ready" });
    });
  }

  async renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    return this.#write(200, ({ sql, now }) => {
      const until = now + worker.lease;
      const builds = JSON.stringify(worker.builds);
      if (!first) return sql.renewWorker.run(until, builds, worker.id, now) === 1;
      if (sql.worker.get(worker.id) !== undefined) return false;
      const serves = [listed(worker.groups), listed(worker.only)];
      sql.addWorker.run(worker.id, worker.lease, until, worker.about, builds, ...serves);
      return true;
    });
  }

  commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    return new Promise((resolve, reject) => {
      this.#opened();
      const transaction = this.#begin();
      this.#group.add(new CommitJob(writes, transaction, this.#numbers, this.#tellAll, resolve, reject));
    });
  }

  async transact(step: StepFence, body: (tx: unknown) => Promise<Arrival>): Promise<TransactOutcome> {
    const lender = this.#lender();
    const [outcome, hints] = await this.#group.alone(() => transact(lender, step, body));
    this.#tellAll(hints);
    return outcome;
  }

  /**
   * Calls a function with a transaction on the store's connection, and commits what it did. Nothing else is written meanwhile.
   * @returns what the function returns
   * @throws what it throws, after all of it was undone; ColdframeError CF3109 when it takes too long
   */
  async transaction<T>(body: (tx: SqliteTransaction) => Promise<T> | T): Promise<T> {
    const lender = this.#lender();
    const outcome = await this.#group.alone(() => inTransaction(lender, body, nothing, nothing));
    if (outcome.kind !== "done") throw outcome.kind === "threw" ? outcome.error : new Error(outcome.kind);
    this.#tellAll(outcome.hints);
    return outcome.result;
  }

  within(tx: unknown): TransactionPort {
    this.#opened();
    return within(tx, this.file, this.#driver!, this.#now);
  }

  #lender(): Lender {
    this.#opened();
    const { commit, rollback } = this.#transactions;
    return {
      ...{ file: this.file, driver: this.#driver!, sql: this.#sql, numbers: this.#numbers },
      patience: this.#options.patience ?? PATIENCE,
      limit: this.#options.transaction ?? 5000,
      ...{ closed: this.#closed, commit, rollback },
    };
  }

  async send(event: NewEvent): Promise<SendOutcome> {
    return this.#write(event.payload.length + 200, (transaction) => deliverEvent(transaction, event));
  }

  async cancel(run: string, force: string | null): Promise<boolean> {
    return this.#onRun(run, false, (transaction, n) =>
      force === null
        ? askToCancel(transaction, n)
        : endByForce(transaction, n, run, { status: "cancelled", value: force }),
    );
  }

  async suspend(run: string): Promise<boolean> {
    return this.#onRun(run, false, ({ sql, hints }, n) => {
      if (sql.suspend.run(n) === 0) return false;
      sql.addNews.run(n);
      hints.push({ kind: "run", run });
      return true;
    });
  }

  async resume(run: string): Promise<boolean> {
    return this.#onRun(run, false, ({ sql, hints, now }, n) => {
      if (sql.resume.run(n, now) === 0) return false;
      sql.addNews.run(n);
      hints.push({ kind: "ready" });
      return true;
    });
  }

  async mend(run: string, wait: number, mending: Mending): Promise<boolean> {
    return this.#onRun(run, false, (transaction, n) => mend(transaction, n, wait, mending));
  }

  async clone(from: string, copy: Copy): Promise<CopyOutcome> {
    return this.#onRun<CopyOutcome>(from, "none", (transaction, n) => cloneRun(transaction, n, copy));
  }

  async fork(run: NewRun, parked: Overruling): Promise<boolean> {
    const bytes = bytesOf(parked.turn) + run.call.length;
    return this.#write(bytes, (transaction) => forkRun(transaction, run, parked));
  }

  async overrule(overruling: Overruling): Promise<boolean> {
    const { turn } = overruling;
    return this.#write(bytesOf(turn), (transaction) => {
      const n = this.#numbers.run(turn.run);
      return n !== null && overrule(transaction, n, overruling);
    });
  }

  async collect(before: number, limit: number): Promise<number> {
    return this.#write(limit * 100, (transaction) => collect(transaction, before, limit));
  }

  async reserve(key: string, interval: number, burst: number): Promise<number> {
    return this.#write(100, (transaction) => reserve(transaction, key, interval, burst));
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    return this.#write(change.row.spec.length * (1 + change.starts.length) + 200, (transaction) =>
      changeSchedule(transaction, change),
    );
  }

  async unschedule(id: string): Promise<boolean> {
    return this.#write(100, ({ sql }) => sql.dropSchedule.run(id) === 1);
  }

  async unblock(run: string, worker: string | null): Promise<boolean> {
    return this.#write(100, ({ sql, hints, now }) => {
      hints.push({ kind: "ready" });
      return sql.unblock.run(run, now, worker) === 1;
    });
  }

  async announce(builds: readonly BuildRecord[]): Promise<void> {
    await this.#write(
      builds.reduce((bytes, { body }) => bytes + body.length + 100, 0),
      ({ sql }) => {
        for (const { id, body } of builds) sql.addBuild.run(id, body);
      },
    );
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    // Nearly always there is none: no lock is taken for that.
    if (this.#read((sql) => sql.stranded.get(this.#now(), 1)) === undefined) return [];
    return this.#write(1000, (transaction) => strand(transaction, reason));
  }

  async due(worker: string, placement: Placement): Promise<number | null> {
    return this.#read((sql) => nextDue(sql, this.#now(), worker, placement));
  }

  async news(worker: string): Promise<readonly News[]> {
    return this.#read((sql) =>
      sql.news.all(this.#numbers.worker(worker)).map(
        (row: Row): News => ({
          run: row.id,
          news: row.news,
          cancel: row.cancel,
          arrivals: sql.arrivals.all(row.n).map(arrivalOf),
          suspend: row.status === "suspended",
          retry: retried(sql, row.n),
        }),
      ),
    );
  }

  watch(listener: (hint: Hint) => void): () => void {
    this.#listeners.add(listener);
    this.#watchOthers();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopPoll();
    };
  }

  readonly read: Store["read"] = {
    run: async (id: string): Promise<RunDetail | null> =>
      this.#read((sql) => {
        const row = sql.run.get(id);
        return row === undefined ? null : detailOf(row, sql.attempts.all(row.n).map(attemptOf));
      }),
    runs: async (filter: RunFilter): Promise<readonly RunRow[]> =>
      this.#read((sql) => {
        const after = filter.after === undefined ? undefined : (sql.status.get(filter.after)?.n as number);
        const below = after ?? Number.MAX_SAFE_INTEGER;
        const entry = filter.entry ?? null;
        const tags = filter.tags === undefined ? null : JSON.stringify(filter.tags);
        const limit = filter.limit ?? 100;
        const group = filter.group ?? null;
        const rest = [below, entry, entry, group, tags, tags, limit];
        const rows =
          filter.status === undefined ? sql.runs.all(...rest) : sql.runsOfStatus.all(filter.status, ...rest);
        return rows.map(rowOf);
      }),
    counts: async () =>
      this.#read((sql) => {
        const counts = { active: 0, blocked: 0, suspended: 0, done: 0, failed: 0, cancelled: 0 };
        for (const { status, runs } of sql.counts.all()) counts[status as RunStatus] = runs;
        return counts;
      }),
    chunks: async (id: string, turn?: number) =>
      this.#readOf(id, (sql, n) =>
        (turn === undefined ? sql.chunks.all(n) : sql.chunksOfPark.all(n, turn)).map(chunkOf),
      ),
    history: async (id, which) =>
      this.#readOf(id, (sql, n) =>
        ("turn" in which ? sql.park.all(n, which.turn) : sql.parks.all(n, which.limit)).map(parkOf),
      ),
    holdings: async (id: string) =>
      this.#read((sql) => {
        const row = sql.holdings.get(id);
        return row === undefined ? null : holdingsOf(row);
      }),
    journal: async (id: string) => this.#readOf(id, (sql, n) => sql.journal.all(n).map(lineOf)),
    reasons: async () =>
      this.#read((sql) => Object.fromEntries(sql.reasons.all().map(({ code, runs }) => [code, runs]))),
    builds: async (): Promise<readonly BuildRecord[]> =>
      this.#read((sql) => sql.builds.all().map((row: Row) => ({ id: row.id, body: row.body }))),
    codes: async (): Promise<readonly CodeRecord[]> =>
      this.#read((sql) => sql.codes.all().map((row: Row) => ({ key: row.key, body: row.body }))),
    schemaOf: async (key: string): Promise<string | null> =>
      this.#read((sql) => sql.schemaOf.get(key)?.schema ?? null),
    schedule: async (id: string): Promise<ScheduleRow | null> =>
      this.#read((sql) => {
        const row = sql.schedule.get(id);
        return row === undefined ? null : scheduleOf(row);
      }),
    schedules: async (due: number | null, limit: number): Promise<readonly ScheduleRow[]> =>
      this.#read((sql) =>
        (due === null ? sql.allSchedules.all(limit) : sql.dueSchedules.all(due, limit)).map(scheduleOf),
      ),
    nextSchedule: async (): Promise<number | null> => this.#read((sql) => sql.nextSchedule.get()!.next),
    workers: async () =>
      this.#read((sql) =>
        sql.liveWorkers.all(this.#now()).map((row: Row) => ({
          ...{ id: row.id, lease: row.lease, until: row.until, about: row.about },
          ...{ builds: JSON.parse(row.builds), groups: JSON.parse(row.grps), only: JSON.parse(row.entries) },
        })),
      ),
  };

  async retire(worker: string): Promise<void> {
    await this.#write(100, ({ sql, hints, now }) => {
      const n = this.#numbers.worker(worker);
      if (n !== null) releaseWorker(sql, n, now);
      hints.push({ kind: "ready" });
    });
  }

  async close(): Promise<void> {
    const driver = this.#driver;
    if (driver === null || --this.#users > 0) return;
    this.#stopPoll();
    this.#tellClosed();
    this.#group.flush();
    this.#driver = null;
    driver.close();
  }

  readonly #begin = (): Transaction => ({ sql: this.#sql, now: this.#now(), hints: [] });

  #write<T>(bytes: number, apply: (transaction: Transaction) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#opened();
      let result: T;
      let transaction: Transaction;
      const applyAll = () => {
        transaction = this.#begin();
        result = apply(transaction);
      };
      this.#group.add({
        count: 1,
        bytes,
        applyAll,
        apply: applyAll,
        done: () => {
          resolve(result);
          this.#tellAll(transaction.hints);
        },
        failed: (_, error) => reject(error),
        rejected: reject,
      });
    });
  }

  /** A change of one run. @param none what to answer when there is none of this id */
  #onRun<T>(run: string, none: T, apply: (transaction: Transaction, n: number) => T): Promise<T> {
    return this.#write(200, (transaction) => {
      const n = this.#numbers.run(run);
      return n === null ? none : apply(transaction, n);
    });
  }

  /** Rows of a run; none when there is none of this id. */
  async #readOf<T>(id: string, query: (sql: Statements, n: number) => T[]): Promise<T[]> {
    return this.#read((sql) => {
      const n = this.#numbers.run(id);
      return n === null ? [] : query(sql, n);
    });
  }

  #read<T>(query: (sql: Statements) => T): T {
    this.#opened();
    try {
      return query(this.#sql);
    } catch (error) {
      throw explain(error, this.file);
    }
  }

  #opened(): void {
    if (this.#driver === null) {
      throw new ColdframeError(
        "CF3005",
        `"${this.file}" is not open: call migrate() first, and nothing after close()`,
      );
    }
  }

  readonly #tellAll = (hints: readonly Hint[]): void => {
    for (const hint of hints) this.#tell(hint);
  };

  #tell(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }

  #watchOthers(): void {
    if (this.#poll !== undefined || this.file === ":memory:") return;
    this.#version = this.#read((sql) => sql.dataVersion.get()!.data_version);
    this.#poll = setInterval(() => {
      if (this.#driver === null) return;
      const version = this.#read((sql) => sql.dataVersion.get()!.data_version as number);
      if (version === this.#version) return;
      this.#version = version;
      this.#tell({ kind: "others" });
    }, this.#options.poll ?? 50);
    this.#poll.unref();
  }

  #stopPoll(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }
}
