import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONSTRAINT, type Driver, openDriver, SqliteFailure } from "../../stores/sqlite/driver.ts";
import { type SqliteStore, type SqliteTransaction, sqlite } from "../../stores/sqlite/index.ts";
import { APPLICATION_ID, migrations, statements } from "../../stores/sqlite/statements.ts";
import { ANY, newRun, turnOf } from "./contract.ts";
import { describeTransactions } from "./transaction-contract.ts";
import { describeContract } from "./whole-contract.ts";

const folder = () => mkdtempSync(join(tmpdir(), "coldframe-sqlite-"));

async function underTest() {
  const clock = { now: 1_000_000 };
  const path = folder();
  const opened: SqliteStore[] = [];
  return {
    clock,
    connect: async () => {
      const store = sqlite(join(path, "runs.db"));
      await store.migrate({ now: () => clock.now });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      rmSync(path, { recursive: true });
    },
  };
}

describeContract("sqlite", underTest);

describeTransactions("sqlite", underTest, {
  prepare: (store) =>
    (store as SqliteStore).transaction((tx) =>
      tx.exec("CREATE TABLE mine (name TEXT PRIMARY KEY, n INTEGER)"),
    ),
  add: async (tx, name) => {
    const sql = "INSERT INTO mine VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1";
    (tx as SqliteTransaction).run(sql, name);
  },
  read: async (store, name) => {
    const driver = openDriver((store as SqliteStore).file, 0);
    const row = driver.prepare("SELECT n FROM mine WHERE name = ?").get(name);
    driver.close();
    return row?.n ?? 0;
  },
  transaction: (store, body) => (store as SqliteStore).transaction(body),
});

describe("sqlite files", () => {
  let path: string;
  let file: string;
  beforeEach(() => {
    path = folder();
    file = join(path, "runs.db");
  });
  afterEach(() => rmSync(path, { recursive: true }));

  async function written(): Promise<void> {
    const store = sqlite(file);
    await store.migrate();
    await store.start([newRun("a")], null);
    await store.close();
  }

  it("keeps everything over close and open, with WAL and full synchronisation", async () => {
    await written();
    const store = sqlite(file);
    await store.migrate();
    expect((await store.read.run("a"))?.status).toBe("active");
    await store.close();
    const driver = openDriver(file, 0);
    expect(driver.prepare("PRAGMA journal_mode").get()!.journal_mode).toBe("wal");
    driver.close();
  });

  it("reads by indexes, however many runs there are", async () => {
    await written();
    const driver = openDriver(file, 0);
    // Those that are about all rows of a table: of small ones, or for people.
    const whole = new Set([
      ...["codes", "builds", "allSchedules", "runs", "counts", "reasons", "liveWorkers", "dropRates"],
    ]);
    const scans: string[] = [];
    for (const [name, sql] of Object.entries(statements)) {
      if (whole.has(name) || !/^(SELECT|UPDATE|DELETE|INSERT)/.test(sql)) continue;
      const plan = driver.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      for (const { detail } of plan) {
        // Nearly all runs of a large store may be active.
        if (/runs_status/.test(detail) && name !== "runsOfStatus") scans.push(`${name}: ${detail}`);
        // A table given in the statement itself, and the oldest entry of an index.
        if (!/^SCAN/.test(detail) || /VALUES|CONSTANT ROW|json_each|SCAN [tuv]\b/.test(detail)) continue;
        scans.push(`${name}: ${detail}`);
      }
    }
    driver.close();
    expect(scans).toEqual([]);
  });

  it("finds what is due by one index, and reads no other row of it", async () => {
    await written();
    const driver = openDriver(file, 0);
    const planOf = (sql: string) =>
      driver
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => detail as string)
        .filter((detail) => / (runs|schedules) /.test(detail));
    expect(planOf(statements.dueRuns)).toEqual([
      "SEARCH runs USING INDEX runs_due (grp=? AND priority=? AND due>? AND due<?)",
    ]);
    expect(planOf(statements.nextDue)).toEqual([
      expect.stringMatching(
        /^SEARCH runs USING (COVERING )?INDEX runs_due \(grp=\? AND priority=\? AND due>\?\)$/,
      ),
    ]);
    expect(planOf(statements.nextPriority)).toEqual([
      expect.stringMatching(/^SEARCH runs USING (COVERING )?INDEX runs_due \(grp=\? AND priority<\?\)$/),
    ]);
    expect(planOf(statements.nextGroup)).toEqual([
      expect.stringMatching(/^SEARCH runs USING (COVERING )?INDEX runs_due \(grp>\?\)$/),
    ]);
    expect(planOf(statements.dueSchedules)).toEqual([
      "SEARCH schedules USING INDEX schedules_next (next>? AND next<?)",
    ]);
    // A pending timer is one entry of one index: those of what has no owner, and is bound to no build, are this one alone.
    const indexes = driver
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'runs' AND sql LIKE '%due%' AND sql NOT LIKE '%deaths%' AND sql NOT LIKE '%bound%'",
      )
      .all();
    expect(indexes.map(({ name }) => name)).toEqual(["runs_due"]);
    driver.close();
  });

  it("executes no statement for the history of a run that keeps none", async () => {
    const executed: string[] = [];
    const store = sqlite(file, { open: (name, busy) => recording(openDriver(name, busy), executed) });
    await store.migrate();
    await store.renew({ id: "w1", lease: 1000, about: "", builds: [], groups: null, only: null }, true);
    const life = async (id: string, history: number) => {
      await store.start([newRun(id, { history })], null);
      const [run] = await store.claim("w1", 1, ANY);
      const chunk = { hash: id, body: "large" };
      const all: string[][] = [];
      for (const [turn, extra] of [
        {},
        {},
        { chunks: { added: [chunk], dropped: [] } },
        { chunks: { added: [], dropped: [id] } },
        { snapshot: null, keep: false, end: { status: "done", value: "1" } as const },
      ].entries()) {
        executed.length = 0;
        await store.commit([turnOf({ ...run!, turn }, { keep: true, history, ...extra })]);
        all.push([...executed]);
      }
      return all;
    };
    const without = await life("a", 0);
    expect(without[1]).toEqual(["BEGIN IMMEDIATE", statements.turn, "COMMIT"]);
    const past = /\b(parks|histories|journal|INTO past_chunks|FROM past_chunks p JOIN)\b/;
    expect(without.flat().filter((sql) => past.test(sql))).toEqual([]);
    expect(without.map((list) => list.length)).toEqual([4, 3, 5, 5, 5]);
    const kept = await life("b", 1);
    expect(kept.flat().filter((sql) => past.test(sql)).length).toBeGreaterThan(4);
    await store.close();
  });

  it("refuses another program's database and leaves it as it is", async () => {
    const driver = openDriver(file, 0);
    driver.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    driver.close();
    await expect(sqlite(file).migrate()).rejects.toMatchObject({ code: "CF3001" });
    const again = openDriver(file, 0);
    expect(again.prepare("SELECT name FROM sqlite_master").all()).toMatchObject([{ name: "theirs" }]);
    expect(again.prepare("PRAGMA journal_mode").get()!.journal_mode).toBe("delete");
    again.close();
  });

  it("refuses a file that is no database", async () => {
    writeFileSync(file, "once upon a time ".repeat(1000));
    await expect(sqlite(file).migrate()).rejects.toMatchObject({ code: "CF3001" });
  });

  it("upgrades a file of the first schema: its runs are of the default group, and are claimed", async () => {
    const driver = openDriver(file, 0);
    driver.exec(migrations[0]!);
    driver.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;
      INSERT INTO runs (n, id, entry, priority, due) VALUES (1, 'old', 'x#y', 2, 0), (2, 'later', 'x#y', 0, 4e12);
      INSERT INTO states (n, worker, epoch, turn, news, updated, body) SELECT n, NULL, 3, 4, 0, 0, '[]' || char(10) || '{}' FROM runs;
      INSERT INTO origins (n, call, secret, tags, parent, created) SELECT n, '[]', 's', '{}', NULL, 0 FROM runs;`);
    driver.close();
    const store = sqlite(file);
    await store.migrate();
    await store.renew({ id: "w1", lease: 1000, about: "", builds: [], groups: null, only: null }, true);
    const claimed = await store.claim("w1", 9, { ...ANY, groups: ["default"] });
    expect(claimed).toMatchObject([{ id: "old", group: "default", epoch: 4, turn: 4, snapshot: "{}" }]);
    expect(Math.abs(Date.now() - (await store.read.run("old"))!.due!)).toBeLessThan(60_000);
    expect(await store.read.run("later")).toMatchObject({ group: "default", due: 4e12 });
    await store.close();
  });

  it("refuses a newer schema", async () => {
    await written();
    const driver = openDriver(file, 0);
    driver.exec("PRAGMA user_version = 99");
    driver.close();
    await expect(sqlite(file).migrate()).rejects.toMatchObject({ code: "CF3002" });
  });

  it("says when the file cannot be written, and still reads", async () => {
    await written();
    const store = sqlite(file, {
      open(name, busy) {
        const driver = openDriver(name, busy);
        driver.exec("PRAGMA query_only = ON");
        return driver;
      },
    });
    await store.migrate();
    expect((await store.read.run("a"))?.id).toBe("a");
    await expect(store.start([newRun("b")], null)).rejects.toMatchObject({ code: "CF3003" });
    expect(await store.read.run("b")).toBeNull();
    await store.close();
  });

  it("says when the folder does not exist", async () => {
    await expect(sqlite(join(path, "none", "runs.db")).migrate()).rejects.toMatchObject({ code: "CF3005" });
  });

  it("waits for another process's lock, up to its patience, without losing the write", async () => {
    await written();
    const other = openDriver(file, 0);
    other.exec("BEGIN IMMEDIATE");
    const impatient = sqlite(file, { patience: 0 });
    await impatient.migrate();
    await expect(impatient.start([newRun("b")], null)).rejects.toMatchObject({ code: "CF3004" });
    const patient = sqlite(file);
    await patient.migrate();
    const starting = patient.start([newRun("c")], null);
    await new Promise((resolve) => setImmediate(resolve));
    other.exec("COMMIT");
    expect(await starting).toMatchObject([{ created: true }]);
    other.close();
    await impatient.close();
    await patient.close();
  });

  it.each([
    ["given back", false],
    ["kept by their worker", true],
  ])("commits the other writes of a group when one cannot be written: turns %s", async (_, keep) => {
    const store = sqlite(file, { open: withFailingStatement });
    await store.migrate();
    await store.renew({ id: "w1", lease: 60_000, about: "", builds: [], groups: null, only: null }, true);
    await store.start(
      Array.from({ length: 100 }, (_, i) => newRun(`r${i}`)),
      null,
    );
    const claimed = await store.claim("w1", 100, ANY);
    const outcomes = await store.commit(
      claimed.map((run) => turnOf(run, { snapshot: run.id === "r42" ? "poison" : "{}", keep })),
    );
    expect(outcomes.filter((outcome) => outcome.passed)).toHaveLength(99);
    const failed = outcomes.find((outcome) => !outcome.passed)!;
    expect(failed).toMatchObject({ fenced: false });
    expect((await store.read.run("r42"))!.turn).toBe(0);
    expect((await store.read.run("r41"))!.turn).toBe(1);
    await store.close();
  });

  it("starts all that many callers ask for but the one that cannot be, which can be started later", async () => {
    const store = sqlite(file, { open: withFailingStatement });
    await store.migrate();
    await store.renew({ id: "w1", lease: 1000, about: "", builds: [], groups: null, only: null }, true);
    const asked = Array.from({ length: 40 }, (_, i) => newRun(`r${i}`, { call: i === 20 ? "poison" : "[]" }));
    const outcomes = await Promise.allSettled(asked.map((run) => store.start([run], "w1")));
    expect(outcomes.map(({ status }) => status)).toEqual(
      asked.map(({ call }) => (call === "poison" ? "rejected" : "fulfilled")),
    );
    expect(await store.read.run("r20")).toBeNull();
    await store.start([newRun("later")], "w1");
    expect(await store.start([newRun("r20")], "w1")).toEqual([{ id: "r20", created: true, claimed: true }]);
    for (const id of ["r19", "r20", "later"]) {
      const [outcome] = await store.commit([
        turnOf({ id, epoch: 1, turn: 0, news: 0 }, { snapshot: id, keep: true }),
      ]);
      expect(outcome).toMatchObject({ passed: true });
      expect(await store.read.run(id)).toMatchObject({ id, turn: 1, snapshot: id });
    }
    await store.close();
  });

  it("rejects all writes of a group when the database fails, and nothing of it is kept", async () => {
    let failing = false;
    const store = sqlite(file, {
      open(name, busy) {
        const driver = openDriver(name, busy);
        return wrap(driver, "COMMIT", (run) => {
          if (failing) throw new SqliteFailure(10, "disk I/O error");
          return run();
        });
      },
    });
    await store.migrate();
    failing = true;
    await expect(store.start([newRun("a")], null)).rejects.toMatchObject({ code: "CF3006" });
    failing = false;
    expect(await store.read.run("a")).toBeNull();
    expect(await store.start([newRun("a")], null)).toMatchObject([{ created: true }]);
    await store.close();
  });
});

/** A driver that refuses the snapshot, and the call, "poison". */
function withFailingStatement(file: string, busy: number): Driver {
  const refuse = (run: () => number, values: readonly unknown[]) => {
    if (values.some((value) => String(value).endsWith("poison"))) throw new SqliteFailure(CONSTRAINT, "no");
    return run();
  };
  const { turn, turns, insertOrigin, insertOrigins } = statements;
  return [turn, turns, insertOrigin, insertOrigins].reduce(
    (driver, sql) => wrap(driver, sql, refuse),
    openDriver(file, busy),
  );
}

/** A driver that notes what it executes. */
function recording(driver: Driver, executed: string[]): Driver {
  const noted =
    <A extends unknown[], R>(sql: string, call: (...args: A) => R) =>
    (...args: A): R => {
      executed.push(sql);
      return call(...args);
    };
  return {
    ...driver,
    prepare(sql) {
      const { run, get, all } = driver.prepare(sql);
      return { run: noted(sql, run), get: noted(sql, get), all: noted(sql, all) };
    },
  };
}

function wrap(
  driver: Driver,
  sql: string,
  around: (run: () => number, values: readonly unknown[]) => number,
): Driver {
  return {
    ...driver,
    prepare(text) {
      const statement = driver.prepare(text);
      if (text !== sql) return statement;
      return { ...statement, run: (...values) => around(() => statement.run(...values), values) };
    },
  };
}

it("refuses options that it does not know, and wrong values", () => {
  for (const [options, says] of [
    [{ pacience: 5 }, /sqlite\(\) has no option "pacience"/],
    [{ patience: -1 }, /"patience" is -1/],
    [{ transaction: 0 }, /"transaction" is 0/],
    [{ poll: "50" }, /"poll" is "50"/],
  ] as const)
    expect(() => sqlite(":memory:", options as never)).toThrow(
      expect.objectContaining({ code: "CF2301", message: expect.stringMatching(says) }),
    );
});
