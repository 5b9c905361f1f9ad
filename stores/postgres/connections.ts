/**
 * Connections to the server: the store's own pool, the user's, or one client. A connection on which anything but an answer
 * of the server came is thrown away: its state is unknown.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import type { Lease, Row } from "../batch/index.ts";
import { explain, isBroken, isUnprepared, Unconnected } from "./failures.ts";
import { type StatementName, statements } from "./statements.ts";

export interface QueryResult {
  readonly rows: Row[];
  readonly rowCount: number | null;
}

/** What the store asks of a client: that of `pg`, and of others with the same method. */
export interface PostgresClient {
  query(query: { name?: string; text: string; values?: unknown[] }): Promise<QueryResult>;
}

/** A pool as that of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient & { release(error?: Error | boolean): void }>;
  /** What `pg` has; by it a pool is told from a client. */
  readonly totalCount: number;
  end(): Promise<void>;
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
  listenerCount?(event: "error"): number;
  readonly options?: object;
}

export interface ConnectionOptions {
  readonly schema: string;
  /** URL of the server itself, for the connection that listens. */
  readonly listen: boolean | string;
  /** Connections of the store's own pool, at most. */
  readonly connections: number;
  /** How long to wait for a connection, in ms. */
  readonly connectTimeout: number;
  /** How long to wait for an answer, in ms. */
  readonly answerTimeout: number;
}

/** Statements on one connection. */
export interface Session {
  readonly schema: string;
  /** What tells this database from others. */
  readonly mark: string;
  run(name: StatementName, values: readonly unknown[]): Promise<QueryResult>;
  text(sql: string, values?: readonly unknown[]): Promise<QueryResult>;
}

interface Leased extends PostgresClient {
  release(error?: Error | boolean): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

/** What pools have when nobody says otherwise. */
const USUAL_POOL = 10;

/** A connection that breaks tells so twice: by its queries, which is enough, and by an event that nobody may leave unheard. */
const unheard = (): void => {};

/** From its beginning: a server may greet and say good-bye at once, before whoever asked for the connection has it. */
const hearNothing = (client: Pick<Leased, "on">): void => {
  client.on?.("error", unheard);
};

interface ConnectEvents {
  on(event: "connect", listener: typeof hearNothing): unknown;
  off(event: "connect", listener: typeof hearNothing): unknown;
}

export class Connections {
  /** For people: where the server is, without its password. */
  readonly where: string;
  readonly #schema: string;
  readonly #sql: Readonly<Record<StatementName, string>>;
  /** Connections at one time, at most. */
  readonly most: number;
  /** What tells this database from others: known once the schema is there. */
  mark = "";
  readonly #connect: () => Promise<Leased>;
  readonly #end: () => Promise<void>;
  /** Configuration of a connection of its own for hints, or null: there is none to be had. */
  readonly dedicated: (() => DedicatedClient) | null;
  /** Statements are prepared once for each connection, until a pooler shows that it does not keep them. */
  #prepares = true;
  /** Whether a statement alone sees what was committed before it: not where sessions are set to stricter transactions. */
  #seesAll = true;

  private constructor(
    schema: string,
    where: string,
    most: number,
    connect: () => Promise<Leased>,
    end: () => Promise<void>,
    dedicated: (() => DedicatedClient) | null,
  ) {
    this.#schema = schema;
    this.where = where;
    this.most = most;
    this.#connect = connect;
    this.#end = end;
    this.dedicated = dedicated;
    this.#sql = Object.fromEntries(
      Object.entries(statements).map(([name, text]) => [name, this.named(text)]),
    ) as Record<StatementName, string>;
  }

  static async open(
    source: string | PostgresPool | PostgresClient,
    options: ConnectionOptions,
  ): Promise<Connections> {
    const { schema } = options;
    if (typeof source === "string") return Connections.#ofUrl(source, options);
    if (isPool(source)) {
      const ignore = () => {};
      // Without anybody who listens, a connection that breaks while nobody uses it would end the process.
      const guards = (source.listenerCount?.("error") ?? 1) === 0;
      if (guards) source.on?.("error", ignore);
      const { on, off } = source as unknown as Partial<ConnectEvents>;
      on?.call(source, "connect", hearNothing);
      const { Client, options: known } = source as PostgresPool & {
        readonly Client?: new (options: object) => DedicatedClient;
      };
      const dedicated = Client === undefined || known === undefined ? null : () => new Client({ ...known });
      const end = async () => {
        if (guards) source.off?.("error", ignore);
        off?.call(source, "connect", hearNothing);
      };
      const most = (known as { readonly max?: number } | undefined)?.max ?? USUAL_POOL;
      return new Connections(schema, "the pool", most, () => source.connect(), end, dedicated);
    }
    return new Connections(schema, "the client", 1, oneAtATime(source), async () => {}, null);
  }

  static async #ofUrl(url: string, options: ConnectionOptions): Promise<Connections> {
    const { Pool, Client } = await loadDriver();
    const where = describeUrl(url);
    const config = {
      connectionString: url,
      application_name: "coldframe",
      keepAlive: true,
      connectionTimeoutMillis: options.connectTimeout,
      query_timeout: options.answerTimeout,
    };
    const direct = typeof options.listen === "string" ? { connectionString: options.listen } : {};
    const pool = new Pool({ ...config, max: options.connections, idleTimeoutMillis: 60_000 });
    // A connection that breaks while nobody uses it is replaced by the next one.
    pool.on("error", () => {});
    pool.on("connect", hearNothing);
    return new Connections(
      options.schema,
      where,
      options.connections,
      () => pool.connect() as unknown as Promise<Leased>,
      () => pool.end(),
      () => new Client({ ...config, ...direct }) as unknown as DedicatedClient,
    );
  }

  /** SQL with the tables of the schema. */
  named(text: string): string {
    return text.replaceAll(/@(?=[a-z_]+\b)/g, `"${this.#schema}".`);
  }

  /** @param isolation what transactions of which nothing is said are here */
  isIsolated(isolation: string): void {
    this.#seesAll = isolation === "read committed";
  }

  /** One statement, which is a transaction of its own. */
  run(name: StatementName, values: readonly unknown[]): Promise<QueryResult> {
    if (!this.#seesAll) return this.transaction((session) => session.run(name, values));
    return this.session((session) => session.run(name, values), true);
  }

  /** A connection that is ours until it is released. */
  async lease(): Promise<Lease<Session>> {
    let client: Leased;
    try {
      client = await this.#connect();
    } catch (error) {
      throw explain(error, this.where, Unconnected);
    }
    client.on?.("error", unheard);
    const release = (broken: boolean) => {
      // One that is thrown away may break again, while it ends.
      if (!broken) client.off?.("error", unheard);
      client.release(broken);
    };
    const { client: tx, isPooled } = client instanceof Borrowed ? client : { client, isPooled: true };
    return { session: this.#sessionOf(client), client: tx, isPooled, release };
  }

  /**
   * Uses one connection.
   * @param repeatable whether `body` may be called again when a pooler has lost a prepared statement
   */
  async session<T>(body: (session: Session) => Promise<T>, repeatable = false): Promise<T> {
    const { session, release } = await this.lease();
    try {
      const result = await body(session);
      release(false);
      return result;
    } catch (error) {
      release(isBroken(error));
      if (isUnprepared(error)) this.#prepares = false;
      if (!isUnprepared(error) || !repeatable) throw error;
    }
    return this.session(body);
  }

  explain(error: unknown): Error {
    return explain(error, this.where);
  }

  /** Statements on a client of a user's, whose errors are its own; null: it is none. */
  over(client: unknown): Session | null {
    if (typeof client !== "object" || client === null || "totalCount" in client) return null;
    const { query } = client as { readonly query?: unknown };
    if (typeof query !== "function") return null;
    const ask: Ask = async (question) => {
      let result: QueryResult | undefined;
      try {
        result = await (client as PostgresClient).query(question);
      } catch (error) {
        const explained = explain(error, this.where);
        // Another database has no such tables.
        throw (explained as { readonly code?: string }).code === "CF3014" ? notOurs(this.where) : error;
      }
      if (!Array.isArray(result?.rows)) throw notOurs(this.where);
      return result;
    };
    return this.#session(ask, false);
  }

  /**
   * Commits what `body` did; nothing of it when it throws. Whatever sessions are set to: who has waited for a lock has to see what
   * the one before committed, which a snapshot taken at the beginning does not show.
   */
  transaction<T>(body: (session: Session) => Promise<T>): Promise<T> {
    return this.session(async (session) => {
      await session.text("BEGIN ISOLATION LEVEL READ COMMITTED");
      let result: T;
      try {
        result = await body(session);
      } catch (error) {
        // A connection that broke rolls back by itself.
        if (!isBroken(error)) await session.text("ROLLBACK");
        throw error;
      }
      await session.text("COMMIT");
      return result;
    });
  }

  end(): Promise<void> {
    return this.#end();
  }

  #sessionOf(client: PostgresClient): Session {
    const ask: Ask = async (query) => {
      try {
        return await client.query(query);
      } catch (error) {
        throw explain(error, this.where);
      }
    };
    return this.#session(ask, true);
  }

  #session(ask: Ask, prepares: boolean): Session {
    return {
      schema: this.#schema,
      mark: this.mark,
      run: (name, values) => {
        const query = { text: this.#sql[name], values: values as unknown[] };
        return ask(prepares && this.#prepares ? { name: `cf ${this.#schema} ${name}`, ...query } : query);
      },
      text: (text, values) => ask(values === undefined ? { text } : { text, values: [...values] }),
    };
  }
}

type Ask = (query: Parameters<PostgresClient["query"]>[0]) => Promise<QueryResult>;

function notOurs(where: string): ColdframeError {
  return new ColdframeError("CF3110", `the connection is to another database than ${where}`);
}

/** A connection that is nobody else's. */
export interface DedicatedClient extends PostgresClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error: Error) => void): unknown;
  on(
    event: "notification",
    listener: (message: { readonly channel: string; readonly payload?: string }) => void,
  ): unknown;
}

function isPool(source: PostgresPool | PostgresClient): source is PostgresPool {
  return "totalCount" in source && "connect" in source;
}

/** A single client, for a while. */
class Borrowed implements Leased {
  readonly isPooled = false;
  readonly client: PostgresClient;
  readonly release: () => void;

  constructor(client: PostgresClient, release: () => void) {
    this.client = client;
    this.release = release;
  }

  query(query: Parameters<PostgresClient["query"]>[0]): Promise<QueryResult> {
    return this.client.query(query);
  }
}

/** A single client, which transactions have one after the other. */
function oneAtATime(client: PostgresClient): () => Promise<Leased> {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    let release!: () => void;
    last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return new Borrowed(client, release);
  };
}

/** `pg` is asked for when it is needed: programs on other stores do not have it. */
async function loadDriver(): Promise<typeof import("pg")> {
  try {
    const driver = await import("pg");
    return (driver as unknown as { readonly default?: typeof driver }).default ?? driver;
  } catch (error) {
    throw new ColdframeError(
      "CF3015",
      'postgres() needs the package "pg". Install it ("npm install pg"), or hand over a client of your own',
      { cause: error },
    );
  }
}

/** @throws ColdframeError CF3010 when it is no URL of a Postgres server */
function describeUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol === "postgres:" || protocol === "postgresql:") return `${protocol}//${host}${pathname}`;
  } catch {
    // Said below.
  }
  throw new ColdframeError(
    "CF3010",
    'the URL of a server is "postgres://user:password@host:5432/database"; this is none',
  );
}
