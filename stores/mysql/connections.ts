/**
 * Connections to the server: the store's own pool, or the user's. A connection on which anything but an answer of the server
 * came is thrown away: its state is unknown.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import type { Lease, Row } from "../batch/index.ts";
import { explain, isBroken, TooLarge } from "./failures.ts";
import { type Parameter, type Server, sqlOf } from "./sql.ts";

export interface QueryResult {
  readonly rows: Row[];
  /** Rows that were found or changed. */
  readonly rowCount: number;
  /** The first number that `AUTO_INCREMENT` has given. */
  readonly insertId: number;
}

/** What the store asks of a connection: that of `mysql2/promise`. */
export interface MysqlConnection {
  query(query: { sql: string; typeCast?: unknown; timeout?: number }): Promise<unknown[]>;
  release(): void;
  destroy(): void;
}

/** A pool of `mysql2/promise`; or of `mysql2`, which hands out the former. */
export interface MysqlPool {
  getConnection(...args: never[]): unknown;
  promise?(): unknown;
}

export interface ConnectionOptions {
  readonly prefix: string;
  /** Connections of the store's own pool, at most. */
  readonly connections: number;
  /** How long to wait for a connection, in ms. */
  readonly connectTimeout: number;
  /** How long to wait for an answer, in ms. */
  readonly answerTimeout: number;
}

/** Statements on one connection. */
export interface Session {
  /** As its own settings are. */
  server: Server;
  /** Whether these are known. */
  isChecked: boolean;
  /** Where it is, for people. */
  readonly where: string;
  /** What tells these tables from others. */
  readonly mark: number;
  run(text: string, values?: readonly Parameter[]): Promise<QueryResult>;
}

/** What pools have when nobody says otherwise. */
const USUAL_POOL = 10;

/** Before `migrate` has asked. */
const UNKNOWN: Server = { kind: "mariadb", packet: 1024 * 1024, step: 1 };

export class Connections {
  /** For people: where the server is, without its password. */
  readonly where: string;
  readonly prefix: string;
  server = UNKNOWN;
  /** What tells these tables from others: known once they are there. */
  mark = 0;
  /** Connections at one time, at most. */
  readonly most: number;
  readonly #timeout: number;
  readonly #connect: () => Promise<MysqlConnection>;
  readonly #end: () => Promise<void>;
  /** Whether the sessions are ours, with settings for all of their life. */
  readonly #own: boolean;
  readonly #set = new WeakSet<object>();

  private constructor(
    { prefix, answerTimeout }: ConnectionOptions,
    where: string,
    most: number,
    own: boolean,
    connect: () => Promise<MysqlConnection>,
    end: () => Promise<void>,
  ) {
    this.prefix = prefix;
    this.where = where;
    this.most = most;
    this.#timeout = answerTimeout;
    this.#own = own;
    this.#connect = connect;
    this.#end = end;
  }

  static async open(source: string | MysqlPool, options: ConnectionOptions): Promise<Connections> {
    if (typeof source !== "string") {
      const pool = (typeof source.promise === "function" ? source.promise() : source) as {
        getConnection(): Promise<MysqlConnection>;
        readonly pool?: { readonly config?: { readonly connectionLimit?: number } };
      };
      return new Connections(
        options,
        "the pool",
        pool.pool?.config?.connectionLimit ?? USUAL_POOL,
        false,
        () => pool.getConnection(),
        async () => {},
      );
    }
    const where = describeUrl(source);
    const { createPool } = await loadDriver();
    const pool = createPool({
      uri: source,
      charset: "utf8mb4_bin",
      enableKeepAlive: true,
      connectTimeout: options.connectTimeout,
      connectionLimit: options.connections,
      maxIdle: options.connections,
      idleTimeout: 60_000,
    });
    return new Connections(
      options,
      where,
      options.connections,
      true,
      () => pool.getConnection() as unknown as Promise<MysqlConnection>,
      () => pool.end(),
    );
  }

  /** One statement, which is a transaction of its own. */
  run(text: string, values: readonly Parameter[] = []): Promise<QueryResult> {
    return this.session((session) => session.run(text, values));
  }

  /** A connection that is ours until it is released. */
  async lease(): Promise<Lease<Session>> {
    let connection: MysqlConnection;
    try {
      connection = await this.#connect();
    } catch (error) {
      throw explain(error, this.where);
    }
    const release = (broken: boolean) => {
      if (broken) connection.destroy();
      else connection.release();
    };
    const session = this.#sessionOf(connection);
    if (this.#own && !this.#set.has(connection)) {
      try {
        // Of what others have locked, only what fits a condition concerns us; and no server takes part of a value.
        await session.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
        await session.run(
          "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION'",
        );
      } catch (error) {
        release(true);
        throw error;
      }
      this.#set.add(connection);
    }
    return { session, client: connection, isPooled: true, release };
  }

  /** Uses one connection. */
  async session<T>(body: (session: Session) => Promise<T>): Promise<T> {
    const { session, release } = await this.lease();
    try {
      const result = await body(session);
      release(false);
      return result;
    } catch (error) {
      release(isBroken(error));
      throw error;
    }
  }

  explain(error: unknown): Error {
    return explain(error, this.where);
  }

  /** Statements on a connection of a user's, whose errors are its own; null: it is none. */
  over(client: unknown): Session | null {
    if (typeof client !== "object" || client === null || "getConnection" in client) return null;
    const { promise } = client as { readonly promise?: unknown };
    const connection = (typeof promise === "function" ? promise.call(client) : client) as MysqlConnection;
    if (typeof connection.query !== "function") return null;
    return this.#session(async (question) => {
      let answer: unknown;
      try {
        answer = await connection.query(question);
      } catch (error) {
        const explained = explain(error, this.where);
        // Another database has no such tables.
        throw (explained as { readonly code?: string }).code === "CF3014" ? notOurs(this.where) : error;
      }
      if (!Array.isArray(answer)) throw notOurs(this.where);
      return answer;
    }, false);
  }

  /** Commits what `body` did; nothing of it when it throws. */
  transaction<T>(body: (session: Session) => Promise<T>): Promise<T> {
    return this.session(async (session) => {
      if (!this.#own) await session.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await session.run("START TRANSACTION");
      let result: T;
      try {
        result = await body(session);
      } catch (error) {
        // A connection that broke rolls back by itself. A lock wait timeout rolls back one statement only.
        if (!isBroken(error)) await session.run("ROLLBACK");
        throw error;
      }
      await session.run("COMMIT");
      return result;
    });
  }

  end(): Promise<void> {
    return this.#end();
  }

  #sessionOf(connection: MysqlConnection): Session {
    return this.#session(async (question) => {
      try {
        return await connection.query(question);
      } catch (error) {
        throw explain(error, this.where);
      }
    }, true);
  }

  #session(ask: (question: Question) => Promise<unknown[]>, isChecked: boolean): Session {
    const { prefix, where, mark } = this;
    const session: Session = {
      server: this.server,
      isChecked,
      where,
      mark,
      run: async (text, values = []) => {
        const { server } = session;
        const sql = sqlOf(text, values, prefix, server);
        // The server would cut the connection.
        if (sql.length * 3 > server.packet) {
          const bytes = Buffer.byteLength(sql) + 1;
          if (bytes > server.packet) throw new TooLarge(bytes, server.packet);
        }
        const [result] = await ask({ sql, typeCast, timeout: this.#timeout });
        if (Array.isArray(result)) return { rows: result, rowCount: result.length, insertId: 0 };
        const { affectedRows, insertId } = result as {
          readonly affectedRows: number;
          readonly insertId: number | string;
        };
        return { rows: [], rowCount: affectedRows, insertId: Number(insertId) };
      },
    };
    return session;
  }
}

type Question = Parameters<MysqlConnection["query"]>[0];

function notOurs(where: string): ColdframeError {
  return new ColdframeError("CF3110", `the connection is to another database than ${where}`);
}

interface Field {
  readonly type: string;
  readonly length: number;
  readonly name: string;
  string(encoding?: string): string | null;
  buffer(): Buffer | null;
}

/** Values as the store wants them, whatever a pool is set to. Ids and keys are bytes to the server, which compares them so. */
function typeCast(field: Field): unknown {
  switch (field.type) {
    case "TINY":
    case "SHORT":
    case "INT24":
    case "LONG":
    case "LONGLONG":
    case "DECIMAL":
    case "NEWDECIMAL":
    case "FLOAT":
    case "DOUBLE": {
      const text = field.string("latin1");
      if (text === null) return null;
      return field.type === "TINY" && field.length === 1 ? text !== "0" : Number(text);
    }
    default: {
      const bytes = field.buffer();
      // A view of the packet, which the driver may use again.
      if (field.name === "bytes") return bytes === null ? null : Buffer.from(bytes);
      return bytes === null ? null : bytes.toString();
    }
  }
}

/** `mysql2` is asked for when it is needed: programs on other stores do not have it. */
async function loadDriver(): Promise<typeof import("mysql2/promise")> {
  try {
    const driver = await import("mysql2/promise");
    return (driver as unknown as { readonly default?: typeof driver }).default ?? driver;
  } catch (error) {
    throw new ColdframeError(
      "CF3015",
      'mysql() needs the package "mysql2". Install it ("npm install mysql2"), or hand over a pool of your own',
      { cause: error },
    );
  }
}

/** @throws ColdframeError CF3010 when it is no URL of a MySQL server */
function describeUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if ((protocol === "mysql:" || protocol === "mariadb:") && pathname.length > 1)
      return `${protocol}//${host}${pathname}`;
  } catch {
    // Said below.
  }
  throw new ColdframeError(
    "CF3010",
    'the URL of a server is "mysql://user:password@host:3306/database"; this is none',
  );
}
