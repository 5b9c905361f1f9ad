/**
 * The store on Postgres: any number of processes on any machines, the database is all that they share. Turns of many runs go
 * into one transaction (stores/batch); hints travel beside the commits (hints.ts).
 */
import type {
  Hint,
  NewRun,
  Placement,
  RunFilter,
  ScheduleRow,
  Store,
  WorkerInfo,
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
import { numbers, SEPARATOR, texts } from "./arrays.ts";
import { claimRuns, disownRuns, retireWorker } from "./claims.ts";
import { Connections, type PostgresClient, type PostgresPool, type Session } from "./connections.ts";
import { failureOf } from "./failures.ts";
import { Hints } from "./hints.ts";
import { migrate } from "./migrate.ts";
import { checkPostgresOptions, type PostgresOptions } from "./options.ts";
import { startValues } from "./starts.ts";
import type { StatementName } from "./statements.ts";
import { PostgresTables } from "./tables.ts";
import { addBuilds, cloneRun, collect, strand } from "./upkeep.ts";
import { userTransactions } from "./user-transactions.ts";

/** Where a database is: a URL; or the program's own pool, or client, which stays open when the store is closed. */
type Source = string | PostgresPool | PostgresClient;

/**
 * Makes a store on a Postgres server, 13 or newer. Nothing is opened before the engine asks for it.
 * @param source of several databases: all of them, always in the same order
 * @throws ColdframeError CF2301 for wrong options
 */
export function postgres(source: readonly Source[], options?: PostgresOptions): ShardedStore;
export function postgres(source: Source, options?: PostgresOptions): PostgresStore;
export function postgres(
  source: Source | readonly Source[],
  options: PostgresOptions = {},
): PostgresStore | ShardedStore {
  const checked = checkPostgresOptions(options);
  if (Array.isArray(source)) return sharded(source.map((one: Source) => new PostgresStore(one, checked)));
  return new PostgresStore(source as Source, checked);
}

/** While nothing happens, a worker renews its lease four times a minute, and looks twice in four. */
const HEARING = { lease: 45_000, poll: 120_000 } as const;
/** Without hints from others, looking is all there is. */
const DEAF = { lease: 45_000, poll: 5000 } as const;

const operations: ServerOperations<Session> = {
  failureOf,
  tables: (session, now) => new PostgresTables(session, now),
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

export class PostgresStore extends BatchStore<Session, Connections> {
  readonly pace: NonNullable<Store["pace"]>;
  readonly #source: string | PostgresPool | PostgresClient;
  readonly #options: Required<PostgresOptions>;

  constructor(source: string | PostgresPool | PostgresClient, options: Required<PostgresOptions>) {
    super(operations, options.transaction);
    this.#source = source;
    this.#options = options;
    this.pace = options.listen === false ? DEAF : HEARING;
  }

  protected async open(): Promise<Connections> {
    const { schema, create } = this.#options;
    const connections = await Connections.open(this.#source, this.#options);
    try {
      await migrate(connections, schema, create);
    } catch (error) {
      await connections.end();
      throw error;
    }
    return connections;
  }

  protected hintsOf(connections: Connections, hear: (hint: Hint) => void): Hinting | null {
    const { listen, schema } = this.#options;
    return listen === false || connections.dedicated === null ? null : new Hints(connections, schema, hear);
  }

  protected ask(name: CommonName, values: readonly CommonValue[], session: Session | null): Promise<Answer> {
    return (session ?? this.opened()).run(name, values);
  }

  protected async addWorker({ id, lease, about, builds, groups, only }: WorkerInfo): Promise<number | null> {
    const serves = [groups, only];
    const [added] = await this.#rows("addWorker", [this.time(), id, lease, about, builds, ...serves]);
    return added === undefined ? null : added.n;
  }

  protected async prolong({ id, lease, builds }: WorkerInfo): Promise<boolean> {
    return (await this.opened().run("renewWorker", [this.time(), id, lease, builds])).rowCount === 1;
  }

  protected async insertRuns(runs: readonly NewRun[], worker: string | null): Promise<Started> {
    const rows = await this.#rows("start", [
      ...[this.time(), worker, ...startValues(runs)],
      runs.map(({ build }) => build ?? null),
    ]);
    return { created: new Map(rows.map(({ id, n }) => [id, n])), claimed: rows[0]?.claimed ?? false };
  }

  protected async writePlain(turns: readonly PlainTurn[]): Promise<ReadonlySet<number> | null> {
    const now = this.time();
    if (turns.length === 1 || turns.some(({ turn }) => turn.snapshot?.includes(SEPARATOR))) {
      const fits = new Set<number>();
      for (const { turn, n, worker } of turns) {
        const body = packBody(turn.waits, turn.snapshot);
        const row = [now, n, turn.turn, body, turn.epoch, turn.news, worker];
        if ((await this.opened().run("turn", row)).rowCount === 1) fits.add(n);
      }
      return fits;
    }
    const fence = [
      numbers(turns, ({ n }) => n),
      numbers(turns, ({ turn }) => turn.turn),
      numbers(turns, ({ turn }) => turn.epoch),
      numbers(turns, ({ turn }) => turn.news),
      numbers(turns, ({ worker }) => worker),
    ] as const;
    const bodies = texts(turns, ({ turn }) => packBody(turn.waits, turn.snapshot));
    const { rowCount } = await this.opened().run("turns", [now, ...fence, bodies]);
    if (rowCount === turns.length) return null;
    return new Set((await this.#rows("written", fence)).map((row) => row.n as number));
  }

  async reserve(key: string, interval: number, burst: number): Promise<number> {
    const [{ next, now }] = (await this.#rows("reserve", [this.time(), key, interval])) as [Row];
    return Math.max(now, Math.ceil(next - interval * burst));
  }

  async due(worker: string, { groups, only, except, builds }: Placement): Promise<number | null> {
    const [{ wait, never, posted }] = (await this.#rows("due", [
      ...[this.time(), worker, groups, only, except, builds],
    ])) as [Row];
    if (posted) return 0;
    return never ? null : wait;
  }

  protected runsOf(filter: RunFilter): Promise<readonly Row[]> {
    const { after = null, entry = null, group = null, tags, limit = 100, status } = filter;
    const values = [after, entry, group, tags === undefined ? null : tagsOf(tags), limit];
    return status === undefined
      ? this.#rows("runs", values)
      : this.#rows("runsOfStatus", [...values, status]);
  }

  async #rows(name: StatementName, values: readonly unknown[]): Promise<Row[]> {
    return (await this.opened().run(name, values)).rows;
  }
}

async function writeSchedule(session: Session, row: ScheduleRow, seen: string | null): Promise<boolean> {
  const { id, version, spec, next, paused, last } = row;
  const values = [id, version, spec, next, paused, last];
  const { rowCount } =
    seen === null
      ? await session.run("addSchedule", values)
      : await session.run("setSchedule", [...values, seen]);
  return rowCount === 1;
}
