/** What a server, a user or a pool may do to the store: errors say so, nothing is changed, and work goes on afterwards. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Client, Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type PostgresClient, type PostgresPool, postgres } from "../../stores/postgres/index.ts";
import { answers, dropSchema, findPostgres, freshSchema, inDatabase } from "../servers/postgres.ts";
import { ANY, newRun, passed, turnOf, worker } from "./contract.ts";

const url = (await findPostgres())!;

describe("a server that is not there", () => {
  it.each([
    ["nobody listens", "postgres://app:secret@127.0.0.1:1/app", /ECONNREFUSED/],
    ["the URL is none", "127.0.0.1:5432/app", /postgres:\/\/user:password@host:5432\/database/],
    ["it is another kind of server", "mysql://127.0.0.1/app", /this is none/],
  ])("%s: CF3010, without the password", async (_, wrong, says) => {
    const error = await postgres(wrong)
      .migrate()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CF3010", message: expect.stringMatching(says) });
    expect((error as Error).message).not.toContain("secret");
  });

  it.each(["a URL", "a pool"])("greets and says good-bye in one breath, to %s: CF3010", async (kind) => {
    const part = (type: string, body: string) => {
      const head = Buffer.alloc(5);
      head.write(type);
      head.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([head, Buffer.from(body, "latin1")]);
    };
    const message = "terminating connection due to unexpected postmaster exit";
    const answer = Buffer.concat([
      part("R", "\0\0\0\0"),
      part("Z", "I"),
      part("E", `SFATAL\0C57P01\0M${message}\0\0`),
    ]);
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(answer));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const address = `postgres://app@127.0.0.1:${port}/app`;
    const pool = new Pool({ connectionString: address });
    pool.on("error", () => {});
    const store = postgres(kind === "a URL" ? address : (pool as unknown as PostgresPool), { listen: false });
    await expect(store.migrate()).rejects.toMatchObject({ code: "CF3010" });
    await store.close();
    await pool.end();
    server.close();
  });

  it("says that the driver is missing", async () => {
    vi.resetModules();
    vi.doMock("pg", () => {
      throw new Error("Cannot find package 'pg'");
    });
    const again = await import("../../stores/postgres/index.ts");
    await expect(again.postgres("postgres://127.0.0.1/app").migrate()).rejects.toMatchObject({
      code: "CF3015",
      message: expect.stringContaining("npm install pg"),
    });
    vi.doUnmock("pg");
    vi.resetModules();
  });

  it.each([
    [{ shema: "x" }, /no option "shema".*schema/],
    [{ schema: 'x"; DROP' }, /"schema" is/],
    [{ connections: 1 }, /"connections" is 1/],
  ])("refuses the options %j", (options, says) => {
    expect(() => postgres("postgres://127.0.0.1/app", options as object)).toThrow(
      expect.objectContaining({ code: "CF2301", message: expect.stringMatching(says) }),
    );
  });
});

describe.skipIf(url === null)("a server", () => {
  let schema: string;
  beforeEach(() => {
    schema = freshSchema();
  });
  afterEach(() => dropSchema(url, schema));

  const open = async (source: string | PostgresPool | PostgresClient = url) => {
    const store = postgres(source, { schema, connections: 3, listen: false });
    await store.migrate();
    return store;
  };
  const schemas = async () =>
    (await inDatabase(url, `SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`))[0];

  it("has no such database: CF3010", async () => {
    const other = new URL(url);
    other.pathname = "/nobody_made_this";
    await expect(postgres(other.href).migrate()).rejects.toMatchObject({
      code: "CF3010",
      message: expect.stringContaining("3D000"),
    });
  });

  it("refuses a user who may create nothing: CF3011, and takes one who owns the schema", async () => {
    const role = `${schema}_user`;
    await inDatabase(url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    const theirs = new URL(url);
    theirs.username = role;
    theirs.password = "secret";
    try {
      if (!(await answers(theirs.href))) return;
      await expect(postgres(theirs.href, { schema }).migrate()).rejects.toMatchObject({
        code: "CF3011",
        message: expect.stringContaining("42501"),
      });
      expect(await schemas()).toEqual([]);
      await inDatabase(url, `CREATE SCHEMA ${schema} AUTHORIZATION ${role}`);
      const store = postgres(theirs.href, { schema, listen: false });
      await store.migrate();
      expect(await store.start([newRun("a")], null)).toMatchObject([{ created: true }]);
      await store.close();
    } finally {
      await inDatabase(url, `DROP OWNED BY ${role} CASCADE`, `DROP ROLE ${role}`);
    }
  });

  it("holds another program's schema: CF3014, and it is left as it is", async () => {
    await inDatabase(url, `CREATE SCHEMA ${schema}`, `CREATE TABLE ${schema}.theirs (a int)`);
    await expect(open()).rejects.toMatchObject({ code: "CF3014" });
    const [tables] = await inDatabase(
      url,
      `SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r'`,
    );
    expect(tables).toEqual([{ relname: "theirs" }]);
    await inDatabase(url, `CREATE TABLE ${schema}.coldframe (motto text)`);
    await expect(open()).rejects.toMatchObject({ code: "CF3014" });
  });

  it("holds a newer schema: CF3002", async () => {
    await (await open()).close();
    await inDatabase(url, `UPDATE ${schema}.coldframe SET version = 99`);
    await expect(open()).rejects.toMatchObject({ code: "CF3002", message: expect.stringContaining("99") });
  });

  it("lost a table: CF3014", async () => {
    const store = await open();
    await inDatabase(url, `DROP TABLE ${schema}.runs`);
    await expect(store.start([newRun("a")], null)).rejects.toMatchObject({ code: "CF3014" });
    await store.close();
  });

  it("is too old: CF3016", async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    const old: PostgresClient = {
      async query(query) {
        const result = await client.query(query);
        const [row] = result.rows;
        return row?.server === undefined ? result : { ...result, rows: [{ ...row, server: 120_022 }] };
      },
    };
    await expect(open(old)).rejects.toMatchObject({
      code: "CF3016",
      message: expect.stringContaining("is version 12"),
    });
    await client.end();
    expect(await schemas()).toEqual([]);
  });

  it("is only read from: CF3003", async () => {
    const store = await open();
    await store.start([newRun("a")], null);
    await store.close();
    const reading = await open(`${url}?options=-c%20default_transaction_read_only%3Don`);
    expect((await reading.read.run("a"))?.id).toBe("a");
    await expect(reading.start([newRun("b")], null)).rejects.toMatchObject({ code: "CF3003" });
    await reading.close();
  });

  it("has a pool without a free connection: CF3012, and goes on when there is one", async () => {
    const pool = new Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 1000 });
    const store = await open(pool);
    const taken = await pool.connect();
    await expect(store.start([newRun("a")], null)).rejects.toMatchObject({ code: "CF3012" });
    taken.release();
    expect(await store.start([newRun("a")], null)).toMatchObject([{ created: true }]);
    await store.close();
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it("runs into a timeout: CF3013, and nothing is written", async () => {
    const store = await open(`${url}?options=-c%20lock_timeout%3D50`);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query("BEGIN");
    await other.query(`LOCK TABLE ${schema}.states`);
    const turn = turnOf(claimed!, { keep: true });
    await expect(store.commit([turn])).rejects.toMatchObject({ code: "CF3013" });
    await other.query("ROLLBACK");
    await other.end();
    passed((await store.commit([turn]))[0]);
    await store.close();
  });

  it("ends our connections: the next call has another, and a turn counts once", async () => {
    const store = await open(`${url}?application_name=${schema}`);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    await inDatabase(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${schema}'`,
    );
    const turn = turnOf(claimed!, { keep: true });
    const first = await store.commit([turn]).catch((error: unknown) => error);
    if (first instanceof Error) expect(first).toMatchObject({ code: "CF3010" });
    passed((await store.commit([turn]))[0]);
    expect((await store.read.run("a"))!.turn).toBe(1);
    await store.close();
  });

  it("gives no connection, whatever its reason: no write is to blame, and all are asked for again", async () => {
    const pool = new Pool({ connectionString: url, max: 3 });
    const connect = pool.connect.bind(pool) as () => Promise<never>;
    let full = false;
    const refusal = Object.assign(new Error("could not write init file"), {
      severity: "FATAL",
      code: "XX000",
    });
    pool.connect = (() => (full ? Promise.reject(refusal) : connect())) as never;
    const store = await open(pool as unknown as PostgresPool);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    const turn = turnOf(claimed!, { keep: true });
    full = true;
    await expect(store.commit([turn])).rejects.toMatchObject({
      code: "CF3006",
      message: expect.stringContaining("init file"),
    });
    full = false;
    passed((await store.commit([turn]))[0]);
    await store.close();
    await pool.end();
  });

  it("is brought up to date once by many that start at one time", async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    const [versions] = await inDatabase(url, `SELECT version FROM ${schema}.coldframe`);
    expect(versions).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it.each([false, true])(
    "commits the other writes of a group when one cannot be written: kept %s",
    async (keep) => {
      const store = await open();
      await store.renew(worker("w1"), true);
      await store.start(
        Array.from({ length: 100 }, (_, i) => newRun(`r${i}`)),
        null,
      );
      const claimed = await store.claim("w1", 100, ANY);
      // No text of the server holds a NUL. Snapshots never do; this one was not written by the codec.
      const outcomes = await store.commit(
        claimed.map((run) => turnOf(run, { snapshot: run.id === "r42" ? "\0" : "{}", keep })),
      );
      expect(outcomes.filter((outcome) => outcome.passed)).toHaveLength(99);
      expect(outcomes.find((outcome) => !outcome.passed)).toMatchObject({
        fenced: false,
        error: { code: "CF3006" },
      });
      expect((await store.read.run("r42"))!.turn).toBe(0);
      await store.close();
    },
  );

  it("has locked what comes first: a claim takes what comes next, in the same queue or in another one", async () => {
    const store = await open();
    await store.renew(worker("w1"), true);
    for (const [group, priority] of [
      ["a", 0],
      ["b", 0],
      ["a", 1],
      ["b", 1],
    ] as const)
      await store.start(
        [1, 2, 3].map((i) => newRun(`${group}${priority}.${i}`, { group, priority })),
        null,
      );
    const claim = async (limit: number) => (await store.claim("w1", limit, ANY)).map(({ id }) => id).sort();
    const whileLocked = async (pattern: string, body: () => Promise<void>) => {
      const other = new Client({ connectionString: url });
      await other.connect();
      try {
        await other.query("BEGIN");
        const sql = `SELECT 1 FROM ${schema}.queue q JOIN ${schema}.runs r USING (n) WHERE r.id LIKE $1 FOR UPDATE OF q`;
        await other.query(sql, [pattern]);
        await body();
      } finally {
        await other.end();
      }
    };
    await whileLocked("%.1", async () => expect(await claim(2)).toEqual(["a1.2", "a1.3"]));
    await whileLocked("a%", async () => expect(await claim(1)).toEqual(["b1.1"]));
    await whileLocked("%", async () => expect(await claim(1)).toEqual([]));
    await whileLocked("none", async () =>
      expect(await claim(9)).toEqual([
        "a0.1",
        "a0.2",
        "a0.3",
        "a1.1",
        "b0.1",
        "b0.2",
        "b0.3",
        "b1.2",
        "b1.3",
      ]),
    );
    await store.close();
  });

  it("is used through a client that is the program's own", async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    const store = await open(client);
    await store.renew(worker("w1"), true);
    const ids = Array.from({ length: 20 }, (_, i) => `r${i}`);
    await Promise.all(ids.map((id) => store.start([newRun(id)], null)));
    const claimed = await store.claim("w1", 20, ANY);
    const outcomes = await Promise.all(
      claimed.map((run) => store.commit([turnOf(run, { end: { status: "done", value: "1" } })])),
    );
    expect(outcomes.flat().every((outcome) => outcome.passed)).toBe(true);
    await store.close();
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});
