/**
 * The store on MySQL and MariaDB: any number of processes on any machines, the database is all that they share. Turns of many
 * runs go into one transaction (stores/batch); hints travel beside the commits (signals.ts).
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
  startRuns,
  suspendOp,
  type Transactions,
  TurnWriter,
  tagsOf,
  unblockOp,
} from "../batch/index.ts";
import { claimRuns, disownRuns, nextDue, retireWorker } from "./claims.ts";
import { Connections, type MysqlPool, type QueryResult, type Session } from "./connections.ts";
import { failureOf } from "./failures.ts";
import { migrate } from "./migrate.ts";
import { checkMysqlOptions, type MysqlOptions } from "./options.ts";
import { Signals } from "./signals.ts";
import type { Parameter, Value } from "./sql.ts";
import { insertRuns } from "./starts.ts";
import { type StatementName, statements } from "./statements.ts";
import { MysqlTables } from "./tables.ts";
import { cloneRun, collect, inserted, reserve, strand } from "./upkeep.ts";
import { piecesOf } from "./write-changes.ts";

/** Tries before a collision with others is an error. */
const TRIES = 10;

/**
 * Makes a store on a MySQL server, 8.0.19 or newer, or MariaDB, 10.6 or newer. Nothing is opened before the engine asks for it.
 * @param source URL of the server; or the program's own pool of `mysql2`, which stays open when the store is closed
 * @throws ColdframeError CF2301 for wrong options
 */
export function mysql(source: string | MysqlPool, options: MysqlOptions = {}): MysqlStore {
  return new MysqlStore(source, checkMysqlOptions(options));
}

export class MysqlStore implements Store {
  /** With `poll` as it is by default, a worker to which nothing happens asks six times a minute. */
  readonly pace: NonNullable<Store["pace"]>;
  readonly #source: string | MysqlPool;
  readonly #options: Required<MysqlOptions>;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #now: (() => number) | null = null;
  /** Engines that have opened it, and will close it. */
  #users = 0;
  #connections: Connections | null = null;
  #opening: Promise<Connections> | null = null;
  #signals: Signals | null = null;
  readonly #runs = new KnownNumbers(async (ids) => mapOf(await this.#rows("numbers", [ids])));
  readonly #workers = new KnownNumbers(async (ids) => mapOf(await this.#rows("workers", [ids])));
  readonly #transactions: Transactions = {
    transaction: (body) => this.#transaction((session, now) => body(new MysqlTables(session, now))),
    failure: failureOf,
  };
  readonly #writer: TurnWriter;
  readonly #starts: Lane<AskedStart>;

  constructor(source: string | MysqlPool, options: Required<MysqlOptions>) {
    this.#source = source;
    this.#options = options;
    this.pace = { lease: 75_000, poll: options.poll === 0 ? 5000 : 300_000 };
    this.#writer = new TurnWriter(this.#transactions, (turns) => this.#writePlain(turns), this.#tell);
    this.#starts = new Lane(
      (asked) =>
        startRuns(asked, failureOf, this.#runs, (runs, worker) =>
          this.#transaction((session, now) => insertRuns(session, runs, worker, now)),
        ),
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
    const { create } = this.#options;
    const connections = await Connections.open(this.#source, this.#options);
    try {
      await migrate(connections, create);
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
      const found = await this.#again((session, now) => claimRuns(session, now, worker, limit, placement));
      if (found === null) continue;
      for (const [id, n] of found.numbers) this.#runs.add(id, n);
      return found.claimed;
    }
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    const n = await this.#workers.find(worker);
    if (n !== null) await this.#again((session, now) => disownRuns(session, n, known, now));
    this.#tell([{ kind: "ready" }]);
  }

  async renew({ id, lease, about, builds }: WorkerInfo, first: boolean): Promise<boolean> {
    const now = this.#time();
    if (!first)
      return (await this.#run("renewWorker", [now, lease, JSON.stringify(builds), id, now])).rowCount === 1;
    let n = 0;
    const added = await inserted(
      this.#run("addWorker", [id, lease, now, lease, about, JSON.stringify(builds)]).then(({ insertId }) => {
        n = insertId;
      }),
    );
    if (added) this.#workers.add(id, n);
    return added;
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
    const now = this.#time();
    // In the order in which all others lock them.
    const sorted = [...turns].sort((a, b) => a.n - b.n);
    const rows = sorted.map(({ turn, n, worker }) => [
      ...[n, turn.turn, packBody(turn.waits, turn.snapshot), turn.epoch, turn.news, worker],
    ]);
    const all = new Set(turns.map(({ n }) => n));
    let found = 0;
    for (const piece of piecesOf(rows, this.#opened().server.packet)) {
      const [[n, turn, body, epoch, news, worker]] = piece as [[...Value[]]];
      found +=
        piece.length === 1
          ? (await this.#run("turn", [turn!, body!, now, n!, epoch!, (turn as number) - 1, worker!, news!]))
              .rowCount
          : (await this.#run("turns", [piece, now])).rowCount;
    }
    if (found === turns.length) return all;
    const asked = sorted.map(({ turn, n, worker }) => [n, turn.turn, turn.epoch, turn.news, worker]);
    return new Set((await this.#rows("written", [asked])).map(({ n }) => n));
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
    const outcome = await this.#again((session, now) => cloneRun(session, n, to, now));
    if (outcome === "cloned") this.#tell([{ kind: "ready" }]);
    return outcome;
  }

  collect(before: number, limit: number): Promise<number> {
    return this.#again((session) => collect(session, before, limit));
  }

  reserve(key: string, interval: number, burst: number): Promise<number> {
    return this.#again((session, now) => reserve(session, now, key, interval, burst));
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    const decided = await changeSchedule(this.#transactions, change, async (tables, row, seen) => {
      const { id, version, spec, next, paused, last } = row;
      const { session } = tables as MysqlTables;
      if (seen === null)
        return inserted(session.run(statements.addSchedule, [id, version, spec, next, paused, last]));
      const values = [version, spec, next, paused, last, id, seen];
      return (await session.run(statements.setSchedule, values)).rowCount === 1;
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
    if (builds.length > 0) await this.#run("addBuilds", [builds.map(({ id, body }) => [id, body])]);
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    const blocked = await this.#again((session, now) => strand(session, clean(reason), now));
    if (blocked.length > 0) this.#tell([{ kind: "ready" }]);
    return blocked;
  }

  async due(worker: string, placement: Placement): Promise<number | null> {
    return this.#opened().session(async (session) =>
      nextDue(session, await this.#clock(session), worker, placement),
    );
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
    if (this.#options.poll > 0)
      this.#signals ??= new Signals(connections, this.#options.poll, (hint) => this.#hear(hint));
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
      const { after = null, entry, group, tags, status, limit = 100 } = filter;
      const conditions: [string, Value][] = [];
      if (entry !== undefined) conditions.push(["q.entry = ?", entry]);
      if (group !== undefined) conditions.push(["q.grp = ?", group]);
      if (status !== undefined) conditions.push(["q.status = ?", status]);
      for (const tag of tagsOf(tags ?? {}).split("\n"))
        if (tag !== "") conditions.push(["LOCATE(?, CONCAT('\\n', r.tags, '\\n')) > 0", `\n${tag}\n`]);
      const text = [statements.runs, ...conditions.map(([condition]) => condition)].join(" AND ");
      const values: Parameter[] = [after, ...conditions.map(([, value]) => value), limit];
      return (await this.#opened().run(`${text} ORDER BY q.n DESC LIMIT ?`, values)).rows.map(rowOf);
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
    workers: async () =>
      (await this.#rows("liveWorkers", [this.#time()])).map(({ id, lease, until, about, builds }) => ({
        ...{ id, lease, until, about, builds: JSON.parse(builds ?? "[]") },
      })),
  };

  async retire(worker: string): Promise<void> {
    await this.#again((session, now) => retireWorker(session, worker, now));
    this.#tell([{ kind: "ready" }]);
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    if (connections === null || --this.#users > 0) return;
    this.#connections = null;
    await this.#signals?.end();
    this.#signals = null;
    await connections.end();
  }

  /** What a test says that the time is, or null: the server's. */
  readonly #time = (): number | null => this.#now?.() ?? null;

  async #ask<T>(op: Op<T>): Promise<T> {
    this.#opened();
    return this.#writer.ask(op);
  }

  async #run(name: StatementName, values: readonly Parameter[]): Promise<QueryResult> {
    return this.#opened().run(statements[name], values);
  }

  async #rows(name: StatementName, values: readonly Parameter[]): Promise<Row[]> {
    return (await this.#run(name, values)).rows;
  }

  async #transaction<T>(body: (session: Session, now: number) => Promise<T>): Promise<T> {
    return this.#opened().transaction(async (session) => body(session, await this.#clock(session)));
  }

  /** Made again when it collides with others'. */
  async #again<T>(body: (session: Session, now: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#transaction(body);
      } catch (error) {
        if (tries === TRIES || failureOf(error) !== "again") throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 ** Math.min(tries, 7)));
      }
    }
  }

  async #clock(session: Session): Promise<number> {
    return this.#time() ?? (await session.run(statements.now, [null])).rows[0].now;
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
    this.#signals?.tell();
    for (const hint of hints) this.#hear(hint);
  };

  #hear(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }
}

const FENCED: WriteOutcome = { passed: false, fenced: true, error: null };

function mapOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ id, n }) => [id, n]));
}
