/**
 * A store on a server: what is the same on all of them. Turns of many runs go into one transaction (turn-writer.ts), what is asked
 * about runs goes there too (ops.ts), what is looked at is one statement. A server's own folder has its statements, and says how
 * they are carried out.
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
import { ColdframeError } from "../../runtime/errors.ts";
import { attemptOf, clean, holdingsOf, lineOf, parkOf } from "../rows/index.ts";
import { Lane, type Transactions } from "./batcher.ts";
import { KnownNumbers } from "./numbers.ts";
import { cancelOp, endOp, mendOp, type Op, resumeOp, sendOp, startOp, suspendOp, unblockOp } from "./ops.ts";
import { forkOp, overruleOp } from "./overrule.ts";
import { deliverPosts } from "./posts.ts";
import type { Tables } from "./records.ts";
import { chunkOf, detailOf, type Row, rowOf, scheduleOf } from "./rows.ts";
import { changeSchedule } from "./schedules.ts";
import type {
  Answer,
  CommonName,
  CommonValue,
  Hinting,
  ServerConnections,
  ServerOperations,
} from "./server.ts";
import { ServerClock } from "./server-clock.ts";
import { type AskedStart, type Started, startRuns } from "./starts.ts";
import { type PlainTurn, TurnWriter } from "./turn-writer.ts";
import { arrivalOf, retried } from "./turns.ts";
import { UserTransactions } from "./user-transactions.ts";

/** Tries before a collision with others is an error. */
const TRIES = 10;
/** What users' transactions have left is carried out in groups of so many. */
const POSTS_AT_ONCE = 100;

export abstract class BatchStore<S, C extends ServerConnections<S>> implements Store {
  abstract readonly pace: NonNullable<Store["pace"]>;
  readonly #operations: ServerOperations<S>;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #now: (() => number) | null = null;
  readonly #clock = new ServerClock();
  /** Engines that have opened it, and will close it. */
  #engines = 0;
  #connections: C | null = null;
  #opening: Promise<C> | null = null;
  #hinting: Hinting | null = null;
  readonly #runs = new KnownNumbers(async (ids) => mapOf(await this.rows("numbers", [ids])));
  readonly #workers = new KnownNumbers(async (ids) => mapOf(await this.rows("workers", [ids])));
  readonly #transactions: Transactions;
  readonly #sessions = new WeakMap<Tables, S>();
  readonly #writer: TurnWriter;
  readonly #starts: Lane<AskedStart>;
  readonly #limit: number;
  #users: UserTransactions<S> | null = null;
  #closed!: Promise<never>;
  #tellClosed: () => void = () => {};

  /** @param limit milliseconds that a function may have a transaction */
  constructor(operations: ServerOperations<S>, limit: number) {
    this.#operations = operations;
    this.#limit = limit;
    const { failureOf } = operations;
    this.#transactions = {
      transaction: (body) => this.write((session, now) => body(this.#tablesOf(session, now))),
      failure: failureOf,
      settlePosts: () => this.#deliver(true),
    };
    this.#writer = new TurnWriter(this.#transactions, (turns) => this.writePlain(turns), this.#tell);
    this.#starts = new Lane(
      (asked) => startRuns(asked, failureOf, this.#runs, (runs, worker) => this.insertRuns(runs, worker)),
      1,
    );
  }

  // What a server does in its own way.

  /** Connects, and brings the tables up to date. */
  protected abstract open(): Promise<C>;
  protected abstract ask(
    name: CommonName,
    values: readonly CommonValue[],
    session: S | null,
  ): Promise<Answer>;
  /** Writes turns that change nothing but their row, as one statement. @returns numbers of the runs of those that fit; null: all */
  protected abstract writePlain(turns: readonly PlainTurn[]): Promise<ReadonlySet<number> | null>;
  /** Inserts those whose ids are new, without limits, as one transaction. */
  protected abstract insertRuns(runs: readonly NewRun[], worker: string | null): Promise<Started>;
  /** @returns its number, null: there is one of this id */
  protected abstract addWorker(worker: WorkerInfo): Promise<number | null>;
  /** Prolongs its lease, unless that has ended. */
  protected abstract prolong(worker: WorkerInfo): Promise<boolean>;
  protected abstract runsOf(filter: RunFilter): Promise<readonly Row[]>;
  /** Null: there is nobody to be heard. */
  protected abstract hintsOf(connections: C, hear: (hint: Hint) => void): Hinting | null;
  abstract reserve(key: string, interval: number, burst: number): Promise<number>;
  abstract due(worker: string, placement: Placement): Promise<number | null>;

  async migrate(options: StoreOptions = {}): Promise<void> {
    if (options.now !== undefined) this.#now = options.now;
    if (this.#connections === null) {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = null;
      });
      this.#connections = await this.#opening;
      this.#closed = new Promise((_, reject) => {
        this.#tellClosed = () => reject(new ColdframeError("CF3005", "the store was closed"));
      });
      this.#closed.catch(() => {});
    }
    this.#engines++;
  }

  async #open(): Promise<C> {
    const connections = await this.open();
    try {
      await connections.session((session) => this.clock(session));
    } catch (error) {
      await connections.end();
      throw error;
    }
    return connections;
  }

  async start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    if (runs.length === 0) return [];
    // In the order of the call: who comes first begins first.
    if (runs.some(({ limit, limited, history }) => limit !== null || limited || history))
      return this.#writer.ask(startOp(runs));
    const outcomes = await new Promise<readonly StartOutcome[]>((done, failed) => {
      const bytes = runs.reduce((sum, { call }) => sum + call.length + 200, 0);
      this.#starts.add({ runs, worker, bytes, done, failed });
    });
    if (outcomes.some(({ created, claimed }) => created && !claimed)) this.#tell([{ kind: "ready" }]);
    return outcomes;
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    let forPosts = true;
    for (;;) {
      const found = await this.again((session, now) =>
        this.#operations.claimRuns(session, now, worker, limit, placement, forPosts),
      );
      if (found === "posts") {
        await this.#deliver(false);
        forPosts = false;
      } else if (found !== "buried") {
        for (const [id, n] of found.numbers) this.#runs.add(id, n);
        return found.claimed;
      }
    }
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    const n = await this.#workers.find(worker);
    if (n === null) return;
    const count = await this.again((session, now) => this.#operations.disownRuns(session, n, known, now));
    if (count > 0) this.#tell([{ kind: "ready" }]);
  }

  async renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    if (!first) return this.prolong(worker);
    const n = await this.addWorker(worker);
    if (n !== null) this.#workers.add(worker.id, n);
    return n !== null;
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    this.opened();
    if (writes.some(({ run, worker }) => this.#unknown(run, worker))) {
      await this.#runs.learn(writes.map(({ run }) => run));
      await this.#workers.learn(writes.map(({ worker }) => worker));
    }
    return this.#writer.write(
      writes,
      ({ run }) => this.#runs.get(run),
      ({ worker }) => this.#workers.get(worker) ?? 0,
    );
  }

  #unknown(run: string, worker: string): boolean {
    return this.#runs.get(run) === undefined || this.#workers.get(worker) === undefined;
  }

  transact(step: StepFence, body: (tx: unknown) => Promise<Arrival>): Promise<TransactOutcome> {
    return this.#usersOf().transact(step, body);
  }

  within(tx: unknown): TransactionPort {
    return this.#usersOf().within(tx);
  }

  /**
   * Calls a function with a transaction on a connection of the store, and commits what it did. It is called again when the server
   * undoes it because of others' transactions.
   * @returns what the function returns
   * @throws what it throws, after all of it was undone; ColdframeError CF3109 when it takes too long, CF3010 and others when the
   *   database fails: in its commit, it may have been carried out all the same
   */
  transaction<T, Tx = never>(body: (tx: Tx) => Promise<T> | T): Promise<T> {
    return this.#usersOf().run(body as (tx: never) => Promise<T> | T);
  }

  /** Made when it is first needed. */
  #usersOf(): UserTransactions<S> {
    const connections = this.opened();
    this.#users ??= new UserTransactions<S>({
      operations: this.#operations,
      postRuns: this.#operations.postRuns,
      postEvent: this.#operations.postEvent,
      owner: this,
      where: connections.where,
      ms: this.#limit,
      // Leases are renewed and turns committed meanwhile.
      most: Math.max(1, connections.most - 1),
      closed: this.#closed,
      lease: () => this.opened().lease(),
      session: (body) => this.opened().session(body),
      over: (client) => this.opened().over(client),
      explain: (error) => connections.explain(error),
      numberOf: (kind, id) => (kind === "run" ? this.#runs : this.#workers).find(id),
      posted: (isCommitted) => {
        if (isCommitted) this.#tell([{ kind: "others" }]);
        else this.#hinting?.expect?.();
      },
      time: () => this.time(),
    });
    return this.#users;
  }

  /** Carries out what users' transactions have left. @param wait also for what others are carrying out */
  async #deliver(wait: boolean): Promise<void> {
    for (;;) {
      const posts = await this.rows("posts", [POSTS_AT_ONCE]);
      if (posts.length === 0) return;
      const { done, taken } = await deliverPosts(posts, this.#transactions, this.#tell, wait);
      if (done < POSTS_AT_ONCE && !(wait && taken)) return;
    }
  }

  send(event: NewEvent): Promise<SendOutcome> {
    return this.#do(sendOp(event));
  }

  async cancel(run: string, force: string | null): Promise<boolean> {
    if (force === null) return this.#do(cancelOp(run));
    const n = await this.#runs.find(run);
    return n !== null && this.#do(endOp(n, { status: "cancelled", value: force }));
  }

  suspend(run: string): Promise<boolean> {
    return this.#do(suspendOp(run));
  }

  resume(run: string): Promise<boolean> {
    return this.#do(resumeOp(run));
  }

  async mend(run: string, wait: number, mending: Mending): Promise<boolean> {
    const n = await this.#runs.find(run);
    return n !== null && this.#do(mendOp(n, wait, mending));
  }

  async clone(from: string, copy: Copy): Promise<CopyOutcome> {
    const n = await this.#runs.find(from);
    if (n === null) return "none";
    const outcome = await this.again((session, now) => this.#operations.cloneRun(session, n, copy, now));
    if (outcome === "cloned") this.#tell([{ kind: "ready" }]);
    return outcome;
  }

  collect(before: number, limit: number): Promise<number> {
    return this.again((session, now) => {
      const tables = this.#tablesOf(session, now);
      return this.#operations.collect(session, before, limit, (keys, wait) => tables.lockKeys(keys, wait));
    });
  }

  fork(run: NewRun, parked: Overruling): Promise<boolean> {
    return this.#do(forkOp(run, parked));
  }

  async overrule(overruling: Overruling): Promise<boolean> {
    const n = await this.#runs.find(overruling.turn.run);
    return n !== null && this.#do(overruleOp(n, overruling));
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    const decided = await changeSchedule(this.#transactions, change, (tables, row, seen) =>
      this.#operations.writeSchedule(this.#sessions.get(tables)!, row, seen),
    );
    if (decided !== null) this.#tell(decided.hints);
    return decided !== null;
  }

  async unschedule(id: string): Promise<boolean> {
    return (await this.#ask("dropSchedule", [id])).rowCount === 1;
  }

  unblock(run: string, worker: string | null): Promise<boolean> {
    return this.#do(unblockOp(run, worker));
  }

  async announce(builds: readonly BuildRecord[]): Promise<void> {
    if (builds.length > 0) await this.again((session) => this.#operations.addBuilds(session, builds));
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    const blocked = await this.again((session, now) => this.#operations.strand(session, clean(reason), now));
    if (blocked.length > 0) this.#tell([{ kind: "ready" }]);
    return blocked;
  }

  async news(worker: string): Promise<readonly News[]> {
    let rows = await this.rows("news", [worker]);
    if (rows[0]?.posted) {
      await this.#deliver(false);
      rows = await this.rows("news", [worker]);
    }
    // One without a run says only whether there are posts.
    rows = rows.filter(({ n }) => n !== null);
    if (rows.length === 0) return [];
    const ns = rows.map(({ n }) => n as number);
    const [arrivals, attempts] = await Promise.all([
      this.rows("arrivals", [ns]),
      this.rows("attempts", [ns]),
    ]);
    return rows.map(({ n, id, news, cancel, status }) => ({
      run: id,
      news,
      cancel,
      arrivals: arrivals.filter((row) => row.n === n).map(arrivalOf),
      suspend: status === "suspended",
      retry: retried(attempts.filter((row) => row.n === n)),
    }));
  }

  watch(listener: (hint: Hint) => void): () => void {
    this.#listeners.add(listener);
    this.#hinting ??= this.hintsOf(this.opened(), (hint) => this.#hear(hint));
    return () => {
      this.#listeners.delete(listener);
    };
  }

  readonly read: Store["read"] = {
    run: async (id: string): Promise<RunDetail | null> => {
      const [row] = await this.rows("run", [id]);
      if (row === undefined) return null;
      return detailOf(row, (await this.rows("attempts", [[row.n]])).map(attemptOf));
    },
    runs: async (filter: RunFilter): Promise<readonly RunRow[]> => (await this.runsOf(filter)).map(rowOf),
    counts: async () => {
      const counts = { active: 0, blocked: 0, suspended: 0, done: 0, failed: 0, cancelled: 0 };
      for (const { status, runs } of await this.rows("counts", [])) counts[status as RunStatus] = runs;
      return counts;
    },
    chunks: async (id: string, turn?: number) => {
      const n = await this.#runs.find(id);
      if (n === null) return [];
      const rows = turn === undefined ? this.rows("chunksOf", [[n]]) : this.rows("chunksOfPark", [n, turn]);
      return (await rows).map(chunkOf);
    },
    history: async (id: string, which) => {
      const n = await this.#runs.find(id);
      if (n === null) return [];
      const rows =
        "turn" in which ? this.rows("park", [n, which.turn]) : this.rows("parks", [n, which.limit]);
      return (await rows).map(parkOf);
    },
    holdings: async (id: string) => {
      const n = await this.#runs.find(id);
      const [row] = n === null ? [] : await this.rows("holdings", [n]);
      return row === undefined ? null : holdingsOf(row);
    },
    journal: async (id: string) => {
      const n = await this.#runs.find(id);
      return n === null ? [] : (await this.rows("journal", [n])).map(lineOf);
    },
    reasons: async () =>
      Object.fromEntries((await this.rows("reasons", [])).map(({ code, runs }) => [code, runs])),
    builds: (): Promise<readonly BuildRecord[]> => this.rows("builds", []),
    codes: async (): Promise<readonly CodeRecord[]> => this.rows("codes", []),
    schemaOf: async (key: string): Promise<string | null> =>
      (await this.rows("schemaOf", [key]))[0]?.schema ?? null,
    schedule: async (id: string): Promise<ScheduleRow | null> => {
      const [row] = await this.rows("schedule", [id]);
      return row === undefined ? null : scheduleOf(row);
    },
    schedules: async (due: number | null, limit: number): Promise<readonly ScheduleRow[]> =>
      (due === null
        ? await this.rows("allSchedules", [limit])
        : await this.rows("dueSchedules", [due, limit])
      ).map(scheduleOf),
    nextSchedule: async (): Promise<number | null> => (await this.rows("nextSchedule", []))[0]?.next ?? null,
    workers: async () =>
      (await this.rows("liveWorkers", [this.time()])).map(
        ({ id, lease, until, about, builds, grps, entries }) => ({
          ...{ id, lease, until, about },
          ...{ builds: listOf(builds) ?? [], groups: listOf(grps), only: listOf(entries) },
        }),
      ),
  };

  async retire(worker: string): Promise<void> {
    await this.again((session, now) => this.#operations.retireWorker(session, worker, now));
    this.#tell([{ kind: "ready" }]);
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    if (connections === null || --this.#engines > 0) return;
    this.#connections = null;
    this.#users = null;
    this.#tellClosed();
    await this.#hinting?.end();
    this.#hinting = null;
    await connections.end();
  }

  now(): number {
    return this.time() ?? this.#clock.now();
  }

  /** What a test says that the time is, or null: the server's. */
  protected time(): number | null {
    return this.#now?.() ?? null;
  }

  /** The time in a transaction: that of a test, or of the server. */
  protected async clock(session: S): Promise<number> {
    const question = async () => (await this.ask("now", [null], session)).rows[0].now as number;
    return this.time() ?? this.#clock.ask(question);
  }

  protected async rows(name: CommonName, values: readonly CommonValue[]): Promise<Row[]> {
    return (await this.#ask(name, values)).rows;
  }

  async #ask(name: CommonName, values: readonly CommonValue[]): Promise<Answer> {
    this.opened();
    return this.ask(name, values, null);
  }

  async #do<T>(op: Op<T>): Promise<T> {
    this.opened();
    return this.#writer.ask(op);
  }

  protected async write<T>(body: (session: S, now: number) => Promise<T>): Promise<T> {
    return this.opened().transaction(async (session) => body(session, await this.clock(session)));
  }

  /** Made again when it collides with others'. */
  protected async again<T>(body: (session: S, now: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.write(body);
      } catch (error) {
        if (tries === TRIES || this.#operations.failureOf(error) !== "again") throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 ** Math.min(tries, 7)));
      }
    }
  }

  #tablesOf(session: S, now: number): Tables {
    const tables = this.#operations.tables(session, now);
    this.#sessions.set(tables, session);
    return tables;
  }

  /** @throws ColdframeError CF3005 */
  protected opened(): C {
    if (this.#connections !== null) return this.#connections;
    throw new ColdframeError(
      "CF3005",
      "the store is not open: call migrate() first, and nothing after close()",
    );
  }

  /** Here, and to other processes. */
  readonly #tell = (hints: readonly Hint[]): void => {
    if (hints.length === 0) return;
    this.#hinting?.tell(hints);
    for (const hint of hints) this.#hear(hint);
  };

  #hear(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }
}

function mapOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ id, n }) => [id, n]));
}

/** A list of texts as its column has it: where there are no arrays, it is JSON. */
function listOf(column: string | readonly string[] | null): readonly string[] | null {
  return typeof column === "string" ? JSON.parse(column) : column;
}
