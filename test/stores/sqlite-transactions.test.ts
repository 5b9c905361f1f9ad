/** Transactions of users on SQLite: its one writer, connections of users, and processes that are killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Arrival } from "../../runtime/engine/store.ts";
import { type SqliteStore, type SqliteTransaction, sqlite } from "../../stores/sqlite/index.ts";
import { ANY, eventOf, newRun, passed, turnOf, worker } from "./contract.ts";

let folder: string;
let file: string;
let store: SqliteStore;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-transactions-"));
  file = join(folder, "runs.db");
  store = sqlite(file, { poll: 5, transaction: 100 });
  await store.migrate();
  await store.transaction((tx) =>
    tx.exec(`CREATE TABLE t (n INTEGER UNIQUE);
      CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)`),
  );
  await store.renew(worker("w1"), true);
  await store.start([newRun("a")], "w1");
  passed((await store.commit([turnOf({ id: "a", epoch: 1, turn: 0, news: 0 }, { keep: true })]))[0]);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await store.close();
  rmSync(folder, { recursive: true });
});

const step = { run: "a", worker: "w1", epoch: 1, wait: 1 };
const arrival: Arrival = { wait: 1, threw: false, value: "1" };
const transact = (body: (tx: SqliteTransaction) => unknown) =>
  store.transact(step, async (tx) => {
    await body(tx as SqliteTransaction);
    return arrival;
  });
const rows = () => store.transaction((tx) => tx.all("SELECT n FROM t ORDER BY n").map(({ n }) => n));

it("undoes one that keeps the write lock for too long, and goes on with what has waited", async () => {
  const other = sqlite(file);
  await other.migrate();
  const late = transact((tx) => {
    tx.run("INSERT INTO t VALUES (1)");
    return new Promise(() => {});
  });
  const sent = other.send(eventOf("k", "1"));
  const own = store.send(eventOf("k", "2"));
  expect(await late).toMatchObject({ kind: "threw", error: { code: "CF3109" } });
  expect((await sent).status).toBe("kept");
  expect((await own).status).toBe("kept");
  expect(await rows()).toEqual([]);
  await other.close();
});

it("hands on what SQLite says of the user's statements, at once and at the commit", async () => {
  const twice = await transact((tx) => {
    tx.run("INSERT INTO t VALUES (?)", 1);
    tx.run("INSERT INTO t VALUES (?)", 1);
  });
  expect(twice).toMatchObject({ kind: "threw", error: { name: "SqliteFailure", code: 19 } });
  await store.transaction((tx) => tx.get("PRAGMA defer_foreign_keys"));
  const broken = await transact((tx) => tx.run("INSERT INTO child VALUES (7)"));
  // Foreign keys are checked only where the driver has them on.
  if (broken.kind === "threw") expect(broken.error).toMatchObject({ code: 19 });
  expect(await rows()).toEqual([]);
});

it("is CF3108 for a function that ends the transaction by itself", async () => {
  for (const end of ["COMMIT", "ROLLBACK"]) {
    const outcome = await transact((tx) => tx.exec(end));
    expect([end, outcome]).toMatchObject([end, { kind: "threw", error: { code: "CF3108" } }]);
  }
  expect(await transact((tx) => tx.run("INSERT INTO t VALUES (1)"))).toMatchObject({ kind: "recorded" });
});

it("leaves nothing of one under way when the store is closed", async () => {
  const doomed = transact((tx) => {
    tx.run("INSERT INTO t VALUES (1)");
    return new Promise(() => {});
  });
  doomed.catch(() => {});
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await store.close();
  store = sqlite(file);
  await store.migrate();
  expect(await rows()).toEqual([]);
});

/** A connection of the user's own. */
function open(path: string): { exec(sql: string): void; close(): void } {
  const Database = createRequire(import.meta.url)("libsql");
  return new Database(path);
}

it("starts runs and sends events on a connection of the user's own", async () => {
  const mine = open(file);
  mine.exec("BEGIN IMMEDIATE");
  mine.exec("INSERT INTO t VALUES (1)");
  await store.within(mine).start([newRun("b")]);
  await store.within(mine).send(eventOf("k", "1"));
  expect(await store.read.run("b")).toBeNull();
  let told: (kind: string) => void = () => {};
  const hint = new Promise<string>((resolve) => (told = resolve));
  store.watch(({ kind }) => told(kind));
  mine.exec("COMMIT");
  expect(await hint).toBe("others");
  expect((await store.claim("w1", 9, ANY)).map(({ id }) => id)).toEqual(["b"]);
  mine.exec("BEGIN IMMEDIATE");
  await store.within(mine).start([newRun("c")]);
  mine.exec("ROLLBACK");
  expect(await store.read.run("c")).toBeNull();
  mine.close();
});

it("refuses connections to other files, and those without a transaction", async () => {
  const theirs = open(join(folder, "theirs.db"));
  theirs.exec("BEGIN");
  expect(() => store.within(theirs)).toThrow(expect.objectContaining({ code: "CF3110" }));
  theirs.close();
  const mine = open(file);
  expect(() => store.within(mine)).toThrow(/CF3110.*no transaction is open/);
  mine.close();
  const other = sqlite(join(folder, "other.db"));
  await other.migrate();
  await store.transaction((tx) => {
    expect(() => other.within(tx)).toThrow(expect.objectContaining({ code: "CF3110" }));
  });
  await other.close();
});

it("a process killed at any moment of its steps leaves effects and outcomes together", {
  timeout: 120_000,
}, async () => {
  const main = fileURLToPath(new URL("./support/transactional-worker.mjs", import.meta.url));
  await store.transaction((tx) => tx.exec("CREATE TABLE counts (run TEXT, step INTEGER)"));
  const runs = 6;
  // Not more often: runs that took their workers down twice are tried one at a time.
  const lives = [7, 11, 15];
  let killed = 0;
  for (const life of [...lives, Number.POSITIVE_INFINITY]) {
    const command = ["--import", "coldframe/register", main, file, String(runs)];
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const ended = once(child, "close");
    let steps = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      steps += String(chunk).split("step").length - 1;
      // While that step, or its commit, is under way.
      if (steps >= life) child.kill("SIGKILL");
    });
    const [, signal] = await ended;
    if (signal === "SIGKILL") killed++;
  }
  expect(killed).toBe(lives.length);
  const found = await store.transaction((tx) =>
    tx.all(
      "SELECT run, count(*) AS times, count(DISTINCT step) AS steps FROM counts GROUP BY run ORDER BY run",
    ),
  );
  expect(found.map(({ times, steps }) => [times, steps])).toEqual(Array(runs).fill([10, 10]));
});
