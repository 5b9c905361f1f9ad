/**
 * The store on MySQL and MariaDB: any number of processes on any machines, the database is all that they share. Turns of many
 * runs go into one transaction (stores/batch); hints travel beside the commits (signals.ts).
 */
import {
  type BuildRecord,
  type Hint,
  type NewRun,
  type Placement,
  type RunFilter,
  type ScheduleRow,
  type Store,
  SYSTEM_GROUP,
  type WorkerInfo,
} from "../../runtime/engine/store.ts";
import {
  type Answer,
  BatchStore,
  type CommonName,
  type CommonValue,
  type Hinting,
  type PlainTurn,
  type Row,
  type ServerOperations,
  type Started,
  tagsOf,
} from "../batch/index.ts";
import { packBody } from "../rows/index.ts";
import { type ShardedStore, sharded } from "../sharded/index.ts";
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
import { userTransactions } from "./user-transactions.ts";
import { piecesOf } from "./write-changes.ts";

/**
 * Makes a store on a MySQL server, 8.0.19 or newer, or MariaDB, 10.6 or newer. Nothing is opened before the engine asks for it.
 * @param source URL of the server; or the program's own pool of `mysql2`, which stays open when the store is closed. Of several
 *   databases: all of them, always in the same order
 * @throws ColdframeError CF2301 for wrong options
 */
export function mysql(source: readonly (string | MysqlPool)[], options?: MysqlOptions): ShardedStore;
export function mysql(source: string | MysqlPool, options?: MysqlOptions): MysqlStore;
export function mysql(
  source: string | MysqlPool | readonly (string | MysqlPool)[],
  options: MysqlOptions = {},
): MysqlStore | ShardedStore {
  const checked = checkMysqlOptions(options);
  if (Array.isArray(source))
    return sharded(source.map((one: string | MysqlPool) => new MysqlStore(one, checked)));
  return new MysqlStore(source as string | MysqlPool, checked);
}

const operations: ServerOperations<Session> = {
  failureOf,
  tables: (session, now) => new MysqlTables(session, now),
  claimRuns,
  disownRuns,
  retireWorker,
  cloneRun,
  collect,
  addBuilds,
  strand,
  writeSchedule,
  ...userTransactions,
};

export class MysqlStore extends BatchStore<Session, Connections> {
  /** With `poll` as it is by default, a worker to which nothing happens asks six times a minute. */
  readonly pace: NonNullable<Store["pace"]>;
  readonly #source: string | MysqlPool;
  readonly #options: Required<MysqlOptions>;

  constructor(source: string | MysqlPool, options: Required<MysqlOptions>) {
    super(operations, options.transaction);
    this.#source = source;
    this.#options = options;
    this.pace = { lease: 75_000, poll: options.poll === 0 ? 5000 : 300_000 };
  }

  protected async open(): Promise<Connections> {
    const { create } = this.#options;
    const connections = await Connections.open(this.#source, this.#options);
    try {
      await migrate(connections, create);
    } catch (error) {
      await connections.end();
      throw error;
    }
    return connections;
  }

  protected hintsOf(connections: Connections, hear: (hint: Hint) => void): Hinting | null {
    const { poll } = this.#options;
    return poll === 0 ? null : new Signals(connections, poll, hear);
  }

  protected ask(name: CommonName, values: readonly CommonValue[], session: Session | null): Promise<Answer> {
    // Parameters stand for themselves by their order: this one names the run twice.
    const given = name === "chunksOfPark" ? [values[0]!, ...values] : values;
    return (session ?? this.opened()).run(statements[name], given);
  }

  protected async addWorker({ id, lease, about, builds, groups, only }: WorkerInfo): Promise<number | null> {
    let n = 0;
    const added = await inserted(
      this.#run("addWorker", [
        id,
        lease,
        this.time(),
        lease,
        about,
        ...[builds, groups, only].map(listed),
      ]).then(({ insertId }) => {
        n = insertId;
      }),
    );
    return added ? n : null;
  }

  protected async prolong({ id, lease, builds }: WorkerInfo): Promise<boolean> {
    const now = this.time();
    return (await this.#run("renewWorker", [now, lease, JSON.stringify(builds), id, now])).rowCount === 1;
  }

  protected insertRuns(runs: readonly NewRun[], worker: string | null): Promise<Started> {
    return this.write((session, now) => insertRuns(session, runs, worker, now));
  }

  protected async writePlain(turns: readonly PlainTurn[]): Promise<ReadonlySet<number> | null> {
    const now = this.time();
    // In the order in which all others lock them.
    const sorted = [...turns].sort((a, b) => a.n - b.n);
    const rows = sorted.map(({ turn, n, worker }) => [
      ...[n, turn.turn, packBody(turn.waits, turn.snapshot), turn.epoch, turn.news, worker],
    ]);
    let found = 0;
    for (const piece of piecesOf(rows, this.opened().server.packet)) {
      const [[n, turn, body, epoch, news, worker]] = piece as [[...Value[]]];
      found +=
        piece.length === 1
          ? (await this.#run("turn", [turn!, body!, now, n!, epoch!, (turn as number) - 1, worker!, news!]))
              .rowCount
          : (await this.#run("turns", [piece, now])).rowCount;
    }
    if (found === turns.length) return null;
    const asked = sorted.map(({ turn, n, worker }) => [n, turn.turn, turn.epoch, turn.news, worker]);
    return new Set((await this.#rows("written", [asked])).map(({ n }) => n));
  }

  reserve(key: string, interval: number, burst: number): Promise<number> {
    return this.again((session, now) => reserve(session, now, key, interval, burst));
  }

  async due(worker: string, placement: Placement): Promise<number | null> {
    return this.opened().session(async (session) =>
      nextDue(session, await this.clock(session), worker, placement),
    );
  }

  protected async runsOf(filter: RunFilter): Promise<readonly Row[]> {
    const { after = null, entry, group, tags, status, limit = 100 } = filter;
    const conditions: [string, Value][] = [];
    if (entry !== undefined) conditions.push(["q.entry = ?", entry]);
    conditions.push(group === undefined ? ["q.grp <> ?", SYSTEM_GROUP] : ["q.grp = ?", group]);
    if (status !== undefined) conditions.push(["q.status = ?", status]);
    for (const tag of tagsOf(tags ?? {}).split("\n"))
      if (tag !== "") conditions.push(["LOCATE(?, CONCAT('\\n', r.tags, '\\n')) > 0", `\n${tag}\n`]);
    const text = [statements.runs, ...conditions.map(([condition]) => condition)].join(" AND ");
    const values: Parameter[] = [after, ...conditions.map(([, value]) => value), limit];
    return (await this.opened().run(`${text} ORDER BY q.n DESC LIMIT ?`, values)).rows;
  }

  async #run(name: StatementName, values: readonly Parameter[]): Promise<QueryResult> {
    return this.opened().run(statements[name], values);
  }

  async #rows(name: StatementName, values: readonly Parameter[]): Promise<Row[]> {
    return (await this.#run(name, values)).rows;
  }
}

async function addBuilds(session: Session, builds: readonly BuildRecord[]): Promise<void> {
  await session.run(statements.addBuilds, [builds.map(({ id, body }) => [id, body])]);
}

async function writeSchedule(session: Session, row: ScheduleRow, seen: string | null): Promise<boolean> {
  const { id, version, spec, next, paused, last } = row;
  if (seen === null)
    return inserted(session.run(statements.addSchedule, [id, version, spec, next, paused, last]));
  const values = [version, spec, next, paused, last, id, seen];
  return (await session.run(statements.setSchedule, values)).rowCount === 1;
}

/** A list as a parameter. */
const listed = (list: readonly string[] | null): string | null =>
  list === null ? null : JSON.stringify(list);
