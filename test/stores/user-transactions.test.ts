/** Transactions of users on servers: what may go wrong with them, on both kinds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Arrival, Store } from "../../runtime/engine/store.ts";
import { mysql } from "../../stores/mysql/index.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { CuttingProxy } from "../servers/cutting-proxy.ts";
import * as mysqlServer from "../servers/mysql.ts";
import * as postgresServer from "../servers/postgres.ts";
import { ANY, eventOf, newRun, passed, turnOf, worker } from "./contract.ts";

interface Transaction {
  query(sql: string): Promise<unknown>;
}
type ServerStore = Store & {
  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T>;
};
interface OwnPool {
  transaction(body: (tx: Transaction) => Promise<void>): Promise<void>;
  connection(body: (tx: Transaction) => Promise<void>): Promise<void>;
  readonly pool: unknown;
  end(): Promise<void>;
}

/** What tests need of a kind of servers. */
interface Server {
  readonly url: string | null;
  /** Names for one test. */
  fresh(): string;
  drop(name: string): Promise<void>;
  open(source: unknown, name: string, options?: object): ServerStore;
  ownPool(url: string, size: number): OwnPool;
  inDatabase(...statements: string[]): Promise<unknown[][]>;
  table(name: string): string;
  /** Takes so many seconds. */
  sleep(seconds: number): string;
  /** Ends the session that asks. */
  suicide(tx: Transaction): Promise<void>;
  /** A statement that ends the transaction before it is carried out. */
  readonly endings: readonly string[];
  /** What comes first in a transaction that is to collide with others. */
  readonly strict: string;
  /** Options of a store that has no connection for hints. */
  readonly alone: object;
}

const servers: Record<string, Server> = {
  postgres: {
    url: await postgresServer.findPostgres(),
    fresh: postgresServer.freshSchema,
    drop: (name) => postgresServer.dropSchema(servers.postgres!.url!, name),
    open: (source, schema, options) => postgres(source as string, { schema, connections: 3, ...options }),
    ownPool(url, max) {
      const pool = new Pool({ connectionString: url, max });
      pool.on("error", () => {});
      const connection: OwnPool["connection"] = async (body) => {
        const client = await pool.connect();
        try {
          await body(client);
        } finally {
          client.release();
        }
      };
      return {
        pool,
        connection,
        transaction: (body) => connection(inTransaction(body)),
        end: () => pool.end(),
      };
    },
    inDatabase: (...statements) => postgresServer.inDatabase(servers.postgres!.url!, ...statements),
    table: (name) => `${name}.t`,
    sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
    async suicide(tx) {
      await tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
    },
    endings: ["COMMIT", " end;", "ROLLBACK", "begin", "SELECT ';'; /* */ COMMIT"],
    alone: { listen: false },
    strict: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
  },
  mysql: {
    url: await mysqlServer.findMysql(),
    fresh: mysqlServer.freshPrefix,
    drop: (name) => mysqlServer.dropTables(servers.mysql!.url!, name),
    open: (source, prefix, options) => mysql(source as string, { prefix, connections: 3, ...options }),
    ownPool(uri, connectionLimit) {
      const pool = createPool({ uri, connectionLimit, charset: "utf8mb4_bin" });
      const connection: OwnPool["connection"] = async (body) => {
        const one = await pool.getConnection();
        try {
          await body(one as unknown as Transaction);
        } finally {
          one.release();
        }
      };
      return {
        pool,
        connection,
        transaction: (body) => connection(inTransaction(body)),
        end: () => pool.end(),
      };
    },
    inDatabase: (...statements) => mysqlServer.inDatabase(servers.mysql!.url!, ...statements),
    table: (name) => `${name}t`,
    sleep: (seconds) => `SELECT SLEEP(${seconds})`,
    async suicide(tx) {
      await tx.query("KILL CONNECTION_ID()");
    },
    endings: ["COMMIT", "ROLLBACK", "begin", "CREATE TABLE other (a int)", "TRUNCATE t", "SET autocommit=1"],
    alone: { poll: 0 },
    strict: "SELECT 1",
  },
};

function inTransaction(body: (tx: Transaction) => Promise<void>) {
  return async (tx: Transaction): Promise<void> => {
    await tx.query("BEGIN");
    try {
      await body(tx);
      await tx.query("COMMIT");
    } catch (error) {
      await tx.query("ROLLBACK");
      throw error;
    }
  };
}

const step = { run: "a", worker: "w1", epoch: 1, wait: 1 };
const arrival: Arrival = { wait: 1, threw: false, value: "1" };

describe.each(Object.keys(servers))("transactions of users on %s", (kind) => {
  const server = servers[kind]!;
  if (server.url === null) {
    it.skip("no server answers", () => {});
    return;
  }
  const { url } = server;
  let name: string;
  let table: string;
  let store: ServerStore;
  const ends: (() => unknown)[] = [];
  const prepare = async (source: unknown = url, options: object = {}) => {
    store = server.open(source, name, { ...options });
    await store.migrate();
    ends.push(() => store.close());
    await server.inDatabase(`CREATE TABLE ${table} (n INT PRIMARY KEY, times INT NOT NULL)`);
    await server.inDatabase(`INSERT INTO ${table} VALUES (1, 0), (2, 0)`);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], "w1");
    passed((await store.commit([turnOf({ id: "a", epoch: 1, turn: 0, news: 0 }, { keep: true })]))[0]);
  };
  beforeEach(() => {
    name = server.fresh();
    table = server.table(name);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await server.drop(name);
  });

  const add = (tx: Transaction, n = 1) => tx.query(`UPDATE ${table} SET times = times + 1 WHERE n = ${n}`);
  const times = async () =>
    (await server.inDatabase(`SELECT times FROM ${table} ORDER BY n`))[0]!.map(
      (row) => (row as { times: number }).times,
    );
  const transact = (body: (tx: Transaction) => unknown, wait = 1) =>
    store.transact!({ ...step, wait }, async (tx) => {
      await body(tx as Transaction);
      return { ...arrival, wait };
    });

  it("calls the function again when the server undoes it because of another one", async () => {
    await prepare();
    let met = 0;
    let meet: () => void = () => {};
    const both = new Promise<void>((resolve) => (meet = resolve));
    let calls = 0;
    // Each has what the other one wants, or has seen what it changes.
    const crossing = (first: number, second: number) => async (tx: Transaction) => {
      calls++;
      await tx.query(server.strict);
      await tx.query(`SELECT * FROM ${table}`);
      if (kind === "mysql") await add(tx, first);
      if (++met === 2) meet();
      await both;
      if (kind === "postgres") await add(tx, 1);
      await add(tx, kind === "mysql" ? second : 2);
    };
    const outcomes = await Promise.all([transact(crossing(1, 2), 1), transact(crossing(2, 1), 2)]);
    expect(outcomes).toMatchObject([
      { kind: "recorded", before: false },
      { kind: "recorded", before: false },
    ]);
    expect(await times()).toEqual([2, 2]);
    expect(calls).toBe(3);
  });

  it("undoes one whose transaction was ended by the function", async () => {
    await prepare();
    for (const ending of server.endings) {
      const outcome = await transact(async (tx) => {
        await tx.query(ending);
        await add(tx);
      });
      expect([ending, outcome]).toMatchObject([ending, { kind: "threw", error: { code: "CF3108" } }]);
    }
    expect(await times()).toEqual([0, 0]);
    expect(await transact((tx) => add(tx))).toMatchObject({ kind: "recorded" });
    expect(await times()).toEqual([1, 0]);
  });

  it("hands on what the server says of the user's statements, also when the function does not mind", async () => {
    await prepare();
    const twice = (tx: Transaction) => tx.query(`INSERT INTO ${table} VALUES (1, 1)`);
    const code = kind === "postgres" ? "23505" : "ER_DUP_ENTRY";
    expect(await transact(twice)).toMatchObject({ kind: "threw", error: { code } });
    const careless = await transact(async (tx) => {
      await add(tx);
      await twice(tx).catch(() => {});
    });
    // After an error Postgres carries out nothing more.
    if (kind === "postgres") expect(careless).toMatchObject({ kind: "threw", error: { code } });
    else expect(careless).toMatchObject({ kind: "recorded" });
    expect(await times()).toEqual([kind === "postgres" ? 0 : 1, 0]);
  });

  it("undoes one that takes too long, also while a statement is under way", async () => {
    await prepare(url, { transaction: 100 });
    for (const hang of [() => new Promise(() => {}), (tx: Transaction) => tx.query(server.sleep(60))]) {
      const outcome = await transact(async (tx) => {
        await add(tx, 2);
        await hang(tx);
      });
      expect(outcome).toMatchObject({ kind: "threw", error: { code: "CF3109" } });
    }
    expect(await transact((tx) => add(tx))).toMatchObject({ kind: "recorded" });
    expect(await times()).toEqual([1, 0]);
  });

  it("leaves nothing of one under way when the store is closed", async () => {
    await prepare();
    const doomed = transact(async (tx) => {
      await add(tx);
      void store.close();
      return new Promise(() => {});
    });
    expect(await doomed).toMatchObject({ kind: "threw", error: { code: "CF3005" } });
    expect(await times()).toEqual([0, 0]);
  });

  it("has all of the work done with one connection", async () => {
    const own = server.ownPool(url, 1);
    ends.push(() => own.end());
    await prepare(own.pool, server.alone);
    const ids = Array.from({ length: 5 }, (_, i) => `r${i}`);
    await store.start(
      ids.map((id) => newRun(id)),
      "w1",
    );
    const outcomes = await Promise.all([
      ...ids.map((run) =>
        store.transact!({ ...step, run }, async (tx) => {
          await add(tx as Transaction);
          await store.within!(tx).start([newRun(`child of ${run}`)]);
          return arrival;
        }),
      ),
      store.commit([turnOf({ id: "a", epoch: 1, turn: 1, news: 0 }, { keep: true })]),
      store.renew(worker("w1"), false),
    ]);
    expect(outcomes.slice(0, 5)).toMatchObject(ids.map(() => ({ kind: "recorded" })));
    expect(await times()).toEqual([5, 0]);
    const claimed = await store.claim("w1", 9, ANY);
    expect(claimed.map(({ id }) => id).sort()).toEqual(ids.map((id) => `child of ${id}`));
    // The session is as it was.
    await own.connection((tx) => add(tx).then(() => {}));
    expect(await times()).toEqual([6, 0]);
  });

  it("asks again when the connection is lost before the commit", async () => {
    await prepare();
    const lost = transact(async (tx) => {
      await add(tx);
      await server.suicide(tx).catch(() => {});
      await add(tx, 2).catch(() => {});
      throw new Error("something else");
    });
    await expect(lost).rejects.toMatchObject({ code: "CF3010" });
    expect(await times()).toEqual([0, 0]);
    expect(await transact((tx) => add(tx))).toMatchObject({ kind: "recorded", before: false });
    expect(await times()).toEqual([1, 0]);
  });

  it.each(["after", "before"] as const)("commits once when the line is cut %s the COMMIT", async (cut) => {
    const proxy = await CuttingProxy.open(url);
    ends.push(() => proxy.close());
    await prepare(proxy.url, server.alone);
    let calls = 0;
    const body = async (tx: Transaction) => {
      calls++;
      await add(tx);
      proxy.cut = calls === 1 ? cut : "never";
    };
    await expect(transact(body)).rejects.toMatchObject({ code: "CF3010" });
    expect(proxy.cuts).toBe(1);
    const again = await transact(body);
    expect(again).toEqual({ kind: "recorded", arrival, before: cut === "after" });
    expect(calls).toBe(cut === "after" ? 1 : 2);
    expect(await times()).toEqual([1, 0]);
  });

  it("is there once when its process is killed between what it wrote and the commit", {
    timeout: 120_000,
  }, async () => {
    await prepare();
    await server.inDatabase(`CREATE TABLE ${table}2 (run VARCHAR(10), step INT)`);
    const main = fileURLToPath(new URL("./support/sql-worker.mjs", import.meta.url));
    for (const stopAt of ["2", "never"]) {
      const child = spawn(
        process.execPath,
        ["--import", "coldframe/register", main, kind, url, name, `${table}2`],
        { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, STOP_AT: stopAt } },
      );
      ends.push(() => child.kill("SIGKILL"));
      child.stdout.once("data", () => child.kill("SIGKILL"));
      const [code, signal] = await once(child, "close");
      expect([code, signal]).toEqual(stopAt === "2" ? [null, "SIGKILL"] : [0, null]);
    }
    const [rows] = await server.inDatabase(`SELECT run, step FROM ${table}2 ORDER BY run, step`);
    expect(rows!.map((row) => Object.values(row as object).join(" "))).toEqual(
      ["r0", "r1"].flatMap((run) => [0, 1, 2, 3].map((step) => `${run} ${step}`)),
    );
  });

  it("takes connections with an open transaction of its own database only", async () => {
    await prepare();
    const own = server.ownPool(url, 1);
    ends.push(() => own.end());
    await own.connection(async (tx) => {
      const started = store.within!(tx).start([newRun("x")]);
      await expect(started).rejects.toThrow(/CF3110.*no transaction is open/);
    });
    expect(() => store.within!(own.pool)).toThrow(/CF3110.*a pool is none/);
    const other = server.open(url, server.fresh());
    await store.transaction(async (tx) => {
      const within = async () => other.within!(tx);
      await other.migrate();
      await expect(within()).rejects.toThrow(/CF3110.*another store/);
    });
    await own.transaction(async (tx) => {
      const never = server.open(url, name);
      await never.migrate();
      await server.inDatabase(
        kind === "postgres"
          ? `UPDATE ${name}.coldframe SET mark = 'other'`
          : `UPDATE ${name}signals SET version = 7 WHERE n = 2`,
      );
      await expect(store.within!(tx).start([newRun("x")])).rejects.toThrow(/CF3110.*another database/);
      await never.close();
    });
    expect(await store.read.run("x")).toBeNull();
    await other.close();
  });

  it("lets runs with a limit that a transaction has started begin one after the other", async () => {
    await prepare();
    const own = server.ownPool(url, 1);
    ends.push(() => own.end());
    const limited = (id: string) => newRun(id, { limit: { key: "k", max: 1 } });
    await own.transaction(async (tx) => {
      const outcomes = await store.within!(tx).start([limited("b"), limited("c"), limited("b")]);
      expect(outcomes.map(({ created }) => created)).toEqual([true, true, false]);
    });
    const [first, ...others] = await store.claim("w1", 9, ANY);
    expect([first?.id, others]).toEqual(["b", []]);
    await store.commit([turnOf(first!, { end: { status: "done", value: "1" } })]);
    expect((await store.claim("w1", 9, ANY)).map(({ id }) => id)).toEqual(["c"]);
  });

  it("sends no event before those that another process is about to carry out", async () => {
    await prepare();
    const own = server.ownPool(url, 2);
    ends.push(() => own.end());
    await own.transaction(async (tx) => void (await store.within!(tx).send(eventOf("k", "1"))));
    const outbox = kind === "postgres" ? `${name}.outbox` : `${name}outbox`;
    let sent = false;
    let sending!: Promise<unknown>;
    await own.transaction(async (tx) => {
      await tx.query(`SELECT seq FROM ${outbox} FOR UPDATE`);
      sending = store.send(eventOf("k", "2")).then(() => {
        sent = true;
      });
      await tx.query(server.sleep(0.2));
      expect(sent).toBe(false);
    });
    await sending;
    const subscribe = [1, 2].map((wait) => ({ wait, key: "k" }));
    const at = { id: "a", epoch: 1, turn: 1, news: 0 };
    const { arrivals } = passed((await store.commit([turnOf(at, { subscribe, keep: true })]))[0]);
    expect(arrivals.map(({ value }) => value)).toEqual(['"1"', '"2"']);
  });

  it("is held up by no event that cannot be written", async () => {
    await prepare();
    const outbox = kind === "postgres" ? `${name}.outbox` : `${name}outbox`;
    const values = "VALUES ('event', 'k', NULL, '1')";
    await server.inDatabase(`INSERT INTO ${outbox} (kind, name, id, body) ${values}`);
    const own = server.ownPool(url, 1);
    ends.push(() => own.end());
    await own.transaction(async (tx) => void (await store.within!(tx).send(eventOf("k", "1"))));
    expect(await store.send(eventOf("k", "2"))).toEqual({ status: "kept", run: null });
    const subscribe = [1, 2].map((wait) => ({ wait, key: "k" }));
    const at = { id: "a", epoch: 1, turn: 1, news: 0 };
    const { arrivals } = passed((await store.commit([turnOf(at, { subscribe, keep: true })]))[0]);
    expect(arrivals.map(({ value }) => value)).toEqual(['"1"', '"2"']);
  });
});
