/**
 * The store on Postgres: any number of processes on any machines, the database is all that they share. Turns of many runs go
 * into one transaction (stores/batch); hints travel beside the commits (hints.ts).
 */
import type {
  BuildRecord,
  Claimed,
  CodeRecord,
  Hint,
  Mending,
  NewEvent,
  NewRun,
  News,
  Placement,
  RunDetail,
  RunFilter,
  RunRow,
  RunStatus,
  ScheduleChange,
  ScheduleRow,
  SendOutcome,
  StartOutcome,
  Store,
  StoreOptions,
  Stranded,
  WorkerInfo,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import {
  type AskedStart,
  arrivalOf,
  attemptOf,
  cancelOp,
  changeSchedule,
  chunkOf,
  clean,
  detailOf,
  endOp,
  KnownNumbers,
  Lane,
  mendOp,
  type Op,
  type PlainTurn,
  packBody,
  type Row,
  resumeOp,
  retried,
  rowOf,
  scheduleOf,
  sendOp,
  startOp,
  suspendOp,
  type Transactions,
  TurnWriter,
  tagsOf,
  unblockOp,
} from "../batch/index.ts";
import { claimRuns, disownRuns, retireWorker } from "./claims.ts";
import {
  Connections,
  type PostgresClient,
  type PostgresPool,
  type QueryResult,
  type Session,
} from "./connections.ts";
import { failureOf } from "./failures.ts";
import { Hints } from "./hints.ts";
import { migrate } from "./migrate.ts";
import { checkPostgresOptions, type PostgresOptions } from "./options.ts";
import { startRuns } from "./starts.ts";
import type { StatementName } from "./statements.ts";
import { PostgresTables } from "./tables.ts";
import { cloneRun, collect } from "./upkeep.ts";

/**
 * Makes a store on a Postgres server, 13 or newer. Nothing is opened before the engine asks for it.
 * @param source URL of the server; or the program's own pool, or client, which stays open when the store is closed
 * @throws ColdframeError CF2301 for wrong options
 */
export function postgres(
  source: string | PostgresPool | PostgresClient,
  options: PostgresOptions = {},
): PostgresStore {
  return new PostgresStore(source, checkPostgresOptions(options));
}

/** While nothing happens, a worker renews its lease four times a minute, and looks twice in four. */
const HEARING = { lease: 45_000, poll: 120_000 } as const;
/** Without hints from others, looking is all there is. */
const DEAF = { lease: 45_000, poll: 5000 } as const;

export class PostgresStore implements Store {
  readonly pace: NonNullable<Store["pace"]>;
  readonly #source: string | PostgresPool | PostgresClient;
  readonly #options: Required<PostgresOptions>;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #now: (() => number) | null = null;
  /** Engines that have opened it, and will close it. */
  #users = 0;
  #connections: Connections | null = null;
  #opening: Promise<Connections> | null = null;
  #hints: Hints | null = null;
  readonly #runs = new KnownNumbers(async (ids) => mapOf(await this.#rows("numbers", [ids])));
  readonly #workers = new KnownNumbers(async (ids) => mapOf(await this.#rows("workers", [ids])));
  readonly #transactions: Transactions = {
    transaction: (body) => this.#transaction((session, now) => body(this.#tablesOf(session, now))),
    failure: failureOf,
  };
  readonly #sessions = new WeakMap<object, Session>();
  readonly #writer: TurnWriter;
  readonly #starts: Lane<AskedStart>;

  constructor(source: string | PostgresPool | PostgresClient, options: Required<PostgresOptions>) {
    this.#source = source;
    this.#options = options;
    this.pace = options.listen === false ? DEAF : HEARING;
    this.#writer = new TurnWriter(this.#transactions, (turns) => this.#writePlain(turns), this.#tell);
    this.#starts = new Lane(
      (asked) => startRuns(asked, (name, values) => this.#run(name, values), this.#time, this.#runs),
      1,
    );
  }

  async migrate(options: StoreOptions = {}): Promise<void> {
    if (options.now !== undefined) this.#now = options.now;
    if (this.#connections === null) {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = null;
      });
      await this.#opening;
    }
    this.#users++;
  }

  async #open(): Promise<Connections> {
    const { schema, create } = this.#options;
    const connections = await Connections.open(this.#source, this.#options);
    try {
      await migrate(connections, schema, create);
    } catch (error) {
      await connections.end();
      throw error;
    }
    this.#connections = connections;
    return connections;
  }

  async start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    if (runs.length === 0) return [];
    // In the order of the call: who comes first begins first.
    if (runs.some(({ limit }) => limit !== null)) return this.#writer.ask(startOp(runs));
    const outcomes = await new Promise<readonly StartOutcome[]>((done, failed) => {
      const bytes = runs.reduce((sum, { call }) => sum + call.length + 200, 0);
      this.#starts.add({ runs, worker, bytes, done, failed });
    });
    if (outcomes.some(({ created, claimed }) => created && !claimed)) this.#tell([{ kind: "ready" }]);
    return outcomes;
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    for (;;) {
      const found = await this.#transaction((session, now) =>
        claimRuns(session, now, worker, limit, placement),
      );
      if (found === null) continue;
      for (const [id, n] of found.numbers) this.#runs.add(id, n);
      return found.claimed;
    }
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    const n = await this.#workers.find(worker);
    if (n !== null) await this.#transaction((session, now) => disownRuns(session, n, known, now));
    this.#tell([{ kind: "ready" }]);
  }

  async renew({ id, lease, about, builds }: WorkerInfo, first: boolean): Promise<boolean> {
    if (!first) return (await this.#run("renewWorker", [this.#time(), id, lease, builds])).rowCount === 1;
    const [added] = await this.#rows("addWorker", [this.#time(), id, lease, about, builds]);
    if (added === undefined) return false;
    this.#workers.add(id, added.n);
    return true;
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    this.#opened();
    if (writes.some(({ run, worker }) => this.#unknown(run, worker))) {
      await this.#runs.learn(writes.map(({ run }) => run));
      await this.#workers.learn(writes.map(({ worker }) => worker));
    }
    return Promise.all(
      writes.map((write) => {
        const n = this.#runs.get(write.run);
        if (n === undefined) return FENCED;
        return this.#writer.write(write, n, this.#workers.get(write.worker) ?? 0);
      }),
    );
  }

  #unknown(run: string, worker: string): boolean {
    return this.#runs.get(run) === undefined || this.#workers.get(worker) === undefined;
  }

  async #writePlain(turns: readonly PlainTurn[]): Promise<ReadonlySet<number>> {
    const [only] = turns;
    const now = this.#time();
    if (turns.length === 1) {
      const { turn, n, worker } = only!;
      const body = packBody(turn.waits, turn.snapshot);
      const rows = await this.#rows("turn", [now, n, turn.turn, body, turn.epoch, turn.news, worker]);
      return new Set(rows.map((row) => row.n as number));
    }
    const rows = await this.#rows("turns", [
      now,
      turns.map(({ n }) => n),
      turns.map(({ turn }) => turn.turn),
      turns.map(({ turn }) => packBody(turn.waits, turn.snapshot)),
      turns.map(({ turn }) => turn.epoch),
      turns.map(({ turn }) => turn.news),
      turns.map(({ worker }) => worker),
    ]);
    return new Set(rows.map((row) => row.n as number));
  }

  send(event: NewEvent): Promise<SendOutcome> {
    return this.#ask(sendOp(event));
  }

  async cancel(run: string, force: string | null): Promise<boolean> {
    if (force === null) return this.#ask(cancelOp(run));
    const n = await this.#runs.find(run);
    return n !== null && this.#ask(endOp(n, { status: "cancelled", value: force }));
  }

  suspend(run: string): Promise<boolean> {
    return this.#ask(suspendOp(run));
  }

  resume(run: string): Promise<boolean> {
    return this.#ask(resumeOp(run));
  }

  async mend(run: string, wait: number, mending: Mending): Promise<boolean> {
    const n = await this.#runs.find(run);
    return n !== null && this.#ask(mendOp(n, wait, mending));
  }

  async clone(
    from: string,
    to: Pick<NewRun, "id" | "secret">,
  ): Promise<"cloned" | "none" | "ended" | "exists"> {
    const n = await this.#runs.find(from);
    if (n === null) return "none";
    const outcome = await this.#transaction((session, now) => cloneRun(session, n, to, now));
    if (outcome === "cloned") this.#tell([{ kind: "ready" }]);
    return outcome;
  }

  collect(before: number, limit: number): Promise<number> {
    return this.#transaction((session) => collect(session, before, limit));
  }

  async reserve(key: string, interval: number, burst: number): Promise<number> {
    const [{ next, now }] = (await this.#rows("reserve", [this.#time(), key, interval])) as [Row];
    return Math.max(now, Math.ceil(next - interval * burst));
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    const decided = await changeSchedule(this.#transactions, change, async (tables, row, seen) => {
      const { id, version, spec, next, paused, last } = row;
      const values = [id, version, spec, next, paused, last];
      const session = this.#sessions.get(tables)!;
      const { rowCount } =
        seen === null
          ? await session.run("addSchedule", values)
          : await session.run("setSchedule", [...values, seen]);
      return rowCount === 1;
    });
    if (decided !== null) this.#tell(decided.hints);
    return decided !== null;
  }

  async unschedule(id: string): Promise<boolean> {
    return (await this.#run("dropSchedule", [id])).rowCount === 1;
  }

  unblock(run: string, worker: string | null): Promise<boolean> {
    return this.#ask(unblockOp(run, worker));
  }

  async announce(builds: readonly BuildRecord[]): Promise<void> {
    await this.#run("addBuilds", [builds.map(({ id }) => id), builds.map(({ body }) => body)]);
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    const found = await this.#rows("strand", [this.#time(), STRANDED, clean(reason)]);
    if (found.length > 0) this.#tell([{ kind: "ready" }]);
    return found
      .filter(({ blocked }) => blocked)
      .map(({ id, entry, turn, build }) => ({ id, entry, turn, build }));
  }

  async due(worker: string, { groups, only, except, builds }: Placement): Promise<number | null> {
    const values = [this.#time(), worker, groups, only, except, builds];
    const [{ wait, never }] = (await this.#rows("due", values)) as [Row];
    return never ? null : wait;
  }

  async news(worker: string): Promise<readonly News[]> {
    const rows = await this.#rows("news", [worker]);
    if (rows.length === 0) return [];
    const ns = rows.map(({ n }) => n);
    const [arrivals, attempts] = await Promise.all([
      this.#rows("arrivals", [ns]),
      this.#rows("attempts", [ns]),
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
    const connections = this.#opened();
    if (this.#options.listen !== false && connections.dedicated !== null)
      this.#hints ??= new Hints(connections, this.#options.schema, (hint) => this.#hear(hint));
    return () => {
      this.#listeners.delete(listener);
    };
  }

  readonly read: Store["read"] = {
    run: async (id: string): Promise<RunDetail | null> => {
      const [row] = await this.#rows("run", [id]);
      if (row === undefined) return null;
      return detailOf(row, (await this.#rows("attempts", [[row.n]])).map(attemptOf));
    },
    runs: async (filter: RunFilter): Promise<readonly RunRow[]> => {
      const { after = null, entry = null, group = null, tags, limit = 100, status } = filter;
      const values = [after, entry, group, tags === undefined ? null : tagsOf(tags), limit];
      const rows =
        status === undefined
          ? await this.#rows("runs", values)
          : await this.#rows("runsOfStatus", [...values, status]);
      return rows.map(rowOf);
    },
    counts: async () => {
      const counts = { active: 0, blocked: 0, suspended: 0, done: 0, failed: 0, cancelled: 0 };
      for (const { status, runs } of await this.#rows("counts", [])) counts[status as RunStatus] = runs;
      return counts;
    },
    chunks: async (id: string) => {
      const n = await this.#runs.find(id);
      return n === null ? [] : (await this.#rows("chunksOf", [[n]])).map(chunkOf);
    },
    reasons: async () =>
      Object.fromEntries((await this.#rows("reasons", [])).map(({ code, runs }) => [code, runs])),
    builds: async (): Promise<readonly BuildRecord[]> => this.#rows("builds", []),
    codes: async (): Promise<readonly CodeRecord[]> => this.#rows("codes", []),
    schemaOf: async (key: string): Promise<string | null> =>
      (await this.#rows("schemaOf", [key]))[0]?.schema ?? null,
    schedule: async (id: string): Promise<ScheduleRow | null> => {
      const [row] = await this.#rows("schedule", [id]);
      return row === undefined ? null : scheduleOf(row);
    },
    schedules: async (due: number | null, limit: number): Promise<readonly ScheduleRow[]> =>
      (due === null
        ? await this.#rows("allSchedules", [limit])
        : await this.#rows("dueSchedules", [due, limit])
      ).map(scheduleOf),
    nextSchedule: async (): Promise<number | null> => (await this.#rows("nextSchedule", []))[0]?.next ?? null,
    workers: async () => this.#rows("liveWorkers", [this.#time()]),
  };

  async retire(worker: string): Promise<void> {
    await this.#transaction((session, now) => retireWorker(session, worker, now));
    this.#tell([{ kind: "ready" }]);
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    if (connections === null || --this.#users > 0) return;
    this.#connections = null;
    await this.#hints?.end();
    this.#hints = null;
    await connections.end();
  }

  /** What a test says that the time is, or null: the server's. */
  readonly #time = (): number | null => this.#now?.() ?? null;

  async #ask<T>(op: Op<T>): Promise<T> {
    this.#opened();
    return this.#writer.ask(op);
  }

  async #run(name: StatementName, values: readonly unknown[]): Promise<QueryResult> {
    return this.#opened().run(name, values);
  }

  async #rows(name: StatementName, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#run(name, values)).rows;
  }

  /** Made again when it meets others'. */
  async #transaction<T>(body: (session: Session, now: number) => Promise<T>): Promise<T> {
    return this.#opened().transaction(async (session) => {
      const now = this.#time() ?? (await session.run("now", [null])).rows[0].now;
      return body(session, now);
    });
  }

  #tablesOf(session: Session, now: number): PostgresTables {
    const tables = new PostgresTables(session, this.#options.schema, now);
    this.#sessions.set(tables, session);
    return tables;
  }

  #opened(): Connections {
    if (this.#connections !== null) return this.#connections;
    throw new ColdframeError(
      "CF3005",
      "the store is not open: call migrate() first, and nothing after close()",
    );
  }

  /** Here, and to other processes. */
  readonly #tell = (hints: readonly Hint[]): void => {
    if (hints.length === 0) return;
    this.#hints?.tell(hints);
    for (const hint of hints) this.#hear(hint);
  };

  #hear(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }
}

/** Runs that are looked after at one time. */
const STRANDED = 1000;

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };

function mapOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ id, n }) => [id, n]));
}
