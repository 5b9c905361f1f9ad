/** What a server, a user or a pool may do to the store: errors say so, nothing is changed, and work goes on afterwards. */
import { createPool as callbackPool } from "mysql2";
import { createConnection, createPool, type Pool } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Hint } from "../../runtime/engine/store.ts";
import { type MysqlOptions, type MysqlPool, mysql } from "../../stores/mysql/index.ts";
import { SCHEMA_VERSION } from "../../stores/mysql/schema.ts";
import { answers, dropTables, findMysql, freshPrefix, inDatabase, tablesOf } from "../servers/mysql.ts";
import { ANY, newRun, passed, turnOf, worker } from "./contract.ts";

const url = (await findMysql())!;

describe("a server that is not there", () => {
  it.each([
    ["nobody listens", "mysql://app:secret@127.0.0.1:1/app", /ECONNREFUSED/],
    ["the URL is none", "127.0.0.1:3306/app", /mysql:\/\/user:password@host:3306\/database/],
    ["the URL names no database", "mysql://app:secret@127.0.0.1:1", /this is none/],
    ["it is another kind of server", "postgres://127.0.0.1/app", /this is none/],
  ])("%s: CF3010, without the password", async (_, wrong, says) => {
    const error = await mysql(wrong)
      .migrate()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CF3010", message: expect.stringMatching(says) });
    expect((error as Error).message).not.toContain("secret");
  });

  it("says that the driver is missing", async () => {
    vi.resetModules();
    vi.doMock("mysql2/promise", () => {
      throw new Error("Cannot find package 'mysql2'");
    });
    const again = await import("../../stores/mysql/index.ts");
    await expect(again.mysql("mysql://127.0.0.1/app").migrate()).rejects.toMatchObject({
      code: "CF3015",
      message: expect.stringContaining("npm install mysql2"),
    });
    vi.doUnmock("mysql2/promise");
    vi.resetModules();
  });

  it.each([
    [{ prefics: "x" }, /no option "prefics".*prefix/],
    [{ prefix: "x`; DROP" }, /"prefix" is/],
    [{ connections: 1 }, /"connections" is 1/],
    [{ poll: -1 }, /"poll" is -1/],
  ])("refuses the options %j", (options, says) => {
    expect(() => mysql("mysql://127.0.0.1/app", options as object)).toThrow(
      expect.objectContaining({ code: "CF2301", message: expect.stringMatching(says) }),
    );
  });
});

describe.skipIf(url === null)("a server", () => {
  let prefix: string;
  const pools: { end(): unknown }[] = [];
  beforeEach(() => {
    prefix = freshPrefix();
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.end();
    await dropTables(url, prefix);
  });

  const open = async (source: string | MysqlPool = url, options: MysqlOptions = {}) => {
    const store = mysql(source, { prefix, connections: 3, poll: 0, ...options });
    await store.migrate();
    return store;
  };
  const pooled = (options: object = {}): Pool => {
    const pool = createPool({ uri: url, ...options });
    pools.push(pool);
    return pool;
  };
  /** A pool whose sessions answer otherwise than the server would. */
  const answering = (changed: object): MysqlPool => {
    const pool = pooled();
    return {
      async getConnection() {
        const connection = await pool.getConnection();
        return {
          release: () => connection.release(),
          destroy: () => connection.destroy(),
          async query(query: { sql: string }) {
            const [rows] = (await connection.query(query)) as unknown[];
            return Array.isArray(rows) && "packet" in (rows[0] ?? {})
              ? [[{ ...rows[0], ...changed }]]
              : [rows];
          },
        };
      },
    };
  };

  it("has no such database: CF3010", async () => {
    const other = new URL(url);
    other.pathname = "/nobody_made_this";
    await expect(mysql(other.href).migrate()).rejects.toMatchObject({
      code: "CF3010",
      message: expect.stringContaining("1049"),
    });
  });

  it("refuses a user who may create nothing: CF3011", async () => {
    const user = `cf_${process.pid}`;
    const database = new URL(url).pathname.slice(1);
    await inDatabase(
      url,
      `CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`,
      `CREATE USER ${user}@localhost IDENTIFIED BY 'secret'`,
      `GRANT SELECT ON \`${database}\`.* TO ${user}@'%', ${user}@localhost`,
    );
    const theirs = new URL(url);
    theirs.username = user;
    theirs.password = "secret";
    try {
      expect(await answers(theirs.href)).toBe(true);
      await expect(mysql(theirs.href, { prefix }).migrate()).rejects.toMatchObject({
        code: "CF3011",
        message: expect.stringContaining("1142"),
      });
      expect(await tablesOf(url, prefix)).toEqual([]);
      theirs.password = "wrong";
      await expect(mysql(theirs.href, { prefix }).migrate()).rejects.toMatchObject({ code: "CF3011" });
    } finally {
      await inDatabase(url, `DROP USER ${user}@'%', ${user}@localhost`);
    }
  });

  it("holds another program's tables: CF3014, and they are left as they are", async () => {
    await inDatabase(url, `CREATE TABLE ${prefix}theirs (a int)`);
    await expect(open()).rejects.toMatchObject({ code: "CF3014" });
    await inDatabase(url, `CREATE TABLE ${prefix}version (motto text)`);
    await expect(open()).rejects.toMatchObject({ code: "CF3014" });
    expect([...(await tablesOf(url, prefix))].sort()).toEqual([`${prefix}theirs`, `${prefix}version`]);
  });

  it("holds none, and none are wanted: CF3014", async () => {
    await expect(open(url, { create: false })).rejects.toMatchObject({ code: "CF3014" });
    expect(await tablesOf(url, prefix)).toEqual([]);
  });

  it("holds newer tables: CF3002", async () => {
    await (await open()).close();
    await inDatabase(url, `UPDATE ${prefix}version SET version = 99`);
    await expect(open()).rejects.toMatchObject({ code: "CF3002", message: expect.stringContaining("99") });
  });

  it("holds what a migration left that broke off: it is finished", async () => {
    await (await open()).close();
    await inDatabase(
      url,
      `UPDATE ${prefix}version SET version = 0`,
      `DROP TABLE ${prefix}signals, ${prefix}chunks, ${prefix}workers`,
    );
    const store = await open();
    expect(await store.renew(worker("w1"), true)).toBe(true);
    expect(await store.start([newRun("a")], "w1")).toMatchObject([{ created: true, claimed: true }]);
    await store.close();
  });

  it("lost a table: CF3014", async () => {
    const store = await open();
    await inDatabase(url, `DROP TABLE ${prefix}runs`);
    await expect(store.start([newRun("a")], null)).rejects.toMatchObject({ code: "CF3014" });
    await store.close();
  });

  it.each([
    [{ version: "8.0.18" }, /MySQL 8\.0\.18; coldframe needs MySQL 8\.0\.19/],
    [{ version: "5.7.44-log" }, /MySQL 5\.7\.44/],
    [{ version: "10.5.27-MariaDB" }, /MariaDB 10\.5\.27; coldframe needs MariaDB 10\.6\.0/],
    [{ mode: "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES" }, /NO_BACKSLASH_ESCAPES/],
    [{ mode: "" }, /STRICT_ALL_TABLES/],
    [{ client: "latin1" }, /latin1.*utf8mb4/],
  ])("is not fit: %j: CF3016", async (changed, says) => {
    await expect(open(answering(changed))).rejects.toMatchObject({
      code: "CF3016",
      message: expect.stringMatching(says),
    });
    expect(await tablesOf(url, prefix)).toEqual([]);
  });

  it.each(["8.0.19", "8.4.0", "9.1.0-commercial", "10.6.0-MariaDB", "11.4.2-MariaDB-ubu2404"])(
    "is new enough: %s",
    async (version) => {
      const error = await open(answering({ version }), { create: false }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "CF3014" });
    },
  );

  it("has a pool without a free connection: CF3012, and goes on when there is one", async () => {
    const pool = pooled({ connectionLimit: 1, waitForConnections: false });
    const [before] = await pool.query("SELECT @@session.sql_mode AS mode");
    const store = await open(pool);
    const taken = await pool.getConnection();
    await expect(store.start([newRun("a")], null)).rejects.toMatchObject({ code: "CF3012" });
    taken.release();
    expect(await store.start([newRun("a")], null)).toMatchObject([{ created: true }]);
    await store.close();
    const [after] = await pool.query("SELECT @@session.sql_mode AS mode");
    expect(after).toEqual(before);
  });

  it("takes a pool of the other interface, whatever that makes of values", async () => {
    const pool = callbackPool({
      uri: url,
      supportBigNumbers: true,
      bigNumberStrings: true,
      rowsAsArray: false,
      typeCast: () => "nothing",
    });
    const store = await open(pool as unknown as MysqlPool);
    await store.renew(worker("w1"), true);
    await store.start([newRun("ä'\\ ")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    expect(claimed).toMatchObject({ id: "ä'\\ ", epoch: 1 });
    passed((await store.commit([turnOf(claimed!, { keep: true })]))[0]);
    await store.close();
    await new Promise((done) => pool.end(done));
  });

  it("tells ids apart that differ in case, accents or spaces only", async () => {
    const store = await open();
    const ids = ["a", "A", "ä", "a ", " a", "a\u0301", "á"];
    expect(
      (
        await store.start(
          ids.map((id) => newRun(id)),
          null,
        )
      ).every(({ created }) => created),
    ).toBe(true);
    for (const id of ids) expect((await store.read.run(id))?.id).toBe(id);
    for (const id of ids)
      expect((await store.send({ key: id, id: "1", payload: "1", run: null })).status).toBe("kept");
    await store.close();
  });

  it("runs into a lock that lasts: CF3013, and nothing is written", async () => {
    const pool = pooled();
    const store = await open(pool);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    pool.pool.on("connection", (connection) => connection.query("SET innodb_lock_wait_timeout = 0"));
    const busy = await Promise.all([1, 2, 3].map(() => pool.getConnection()));
    for (const connection of busy) {
      await connection.query("SET innodb_lock_wait_timeout = 0");
      connection.release();
    }
    const other = await createConnection({ uri: url });
    await other.query("START TRANSACTION");
    await other.query(`SELECT * FROM ${prefix}states FOR UPDATE`);
    const turn = turnOf(claimed!, { keep: true });
    await expect(store.commit([turn])).rejects.toMatchObject({ code: "CF3013" });
    await other.query("ROLLBACK");
    await other.end();
    passed((await store.commit([turn]))[0]);
    await store.close();
  });

  it("ends our connections: the next call has another, and a turn counts once", async () => {
    const pool = pooled();
    const ids = new Set<number>();
    pool.pool.on("connection", ({ threadId }) => ids.add(threadId));
    const store = await open(pool);
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    await inDatabase(url, ...[...ids].map((id) => `KILL ${id}`));
    const turn = turnOf(claimed!, { keep: true });
    const first = await store.commit([turn]).catch((error: unknown) => error);
    if (first instanceof Error) expect(first).toMatchObject({ code: "CF3010" });
    passed((await store.commit([turn]))[0]);
    passed((await store.commit([turn]))[0]);
    expect((await store.read.run("a"))!.turn).toBe(1);
    await store.close();
  });

  it("is brought up to date once by many that start at one time", async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    const [versions] = await inDatabase(url, `SELECT version FROM ${prefix}version`);
    expect(versions).toEqual([{ version: SCHEMA_VERSION }]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it.each([false, true])(
    "commits the other writes of a group when one is larger than the server takes: kept %s",
    async (keep) => {
      const store = await open(answering({ packet: 300_000 }));
      await store.renew(worker("w1"), true);
      await store.start(
        Array.from({ length: 40 }, (_, i) => newRun(`r${i}`)),
        null,
      );
      const claimed = await store.claim("w1", 40, ANY);
      const outcomes = await store.commit(
        claimed.map((run) => turnOf(run, { snapshot: "x".repeat(run.id === "r7" ? 400_000 : 20_000), keep })),
      );
      expect(outcomes.filter((outcome) => outcome.passed)).toHaveLength(39);
      expect(outcomes.find((outcome) => !outcome.passed)).toMatchObject({
        fenced: false,
        error: { code: "CF3006", message: expect.stringContaining("max_allowed_packet") },
      });
      expect((await store.read.run("r7"))!.turn).toBe(0);
      await store.close();
    },
  );

  it("tells other processes that there is something, and not the one that did it", async () => {
    const [one, other] = await Promise.all([open(url, { poll: 60 }), open(url, { poll: 60 })]);
    const heard: Hint[] = [];
    const own: Hint[] = [];
    one.watch((hint) => own.push(hint));
    other.watch((hint) => heard.push(hint));
    // Until both have looked for the first time, what was before is not news.
    await vi.waitFor(
      async () => {
        await one.start([newRun(`r${Math.random()}`)], null);
        expect(heard).toContainEqual({ kind: "others" });
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(own.every(({ kind }) => kind === "ready")).toBe(true);
    await Promise.all([one.close(), other.close()]);
  });
});
