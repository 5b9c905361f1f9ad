/** What happens to files and disks: errors say so, what was acknowledged is there afterwards, and the file is sound. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEngine, type LogEntry } from "../../runtime/index.ts";
import { type Driver, openDriver, SqliteFailure } from "../../stores/sqlite/driver.ts";
import { type SqliteStore, sqlite } from "../../stores/sqlite/index.ts";
import { program } from "../engine/programs.ts";
import { Random } from "../simulation/random.ts";
import { newRun } from "./contract.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-faults-"));
  file = join(folder, "runs.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens the file and looks at all of it. @returns ids of its runs */
function sound(name = file): string[] {
  const driver = openDriver(name, 1000);
  try {
    expect(driver.prepare("PRAGMA integrity_check").get()!.integrity_check).toBe("ok");
    return driver
      .prepare("SELECT id FROM runs ORDER BY n")
      .all()
      .map(({ id }) => id);
  } finally {
    driver.close();
  }
}

/** A driver whose statements go through `around`. */
function disturbed(around: (sql: string, run: () => number) => number) {
  return (name: string, busy: number): Driver => {
    const driver = openDriver(name, busy);
    return {
      ...driver,
      prepare(sql) {
        const statement = driver.prepare(sql);
        return { ...statement, run: (...values) => around(sql, () => statement.run(...values)) };
      },
    };
  };
}

/** Starts runs until one is refused. @returns ids that were acknowledged, and the error */
async function startUntilRefused(store: SqliteStore): Promise<{ ids: string[]; error: unknown }> {
  const ids: string[] = [];
  for (;;) {
    const id = `r${ids.length}`;
    try {
      await store.start([newRun(id, { call: `["${"x".repeat(3000)}"]` })], null);
    } catch (error) {
      return { ids, error };
    }
    ids.push(id);
  }
}

describe("a full disk", () => {
  it("is an error with a code; what was acknowledged stays, and work goes on when there is room", async () => {
    let driver!: Driver;
    const store = sqlite(file, {
      open(name, busy) {
        driver = openDriver(name, busy);
        return driver;
      },
    });
    await store.migrate();
    const limit = (pages: number) => driver.prepare(`PRAGMA max_page_count = ${pages}`).get();
    limit(120);
    const { ids, error } = await startUntilRefused(store);
    expect(error).toMatchObject({ code: "CF3006", message: expect.stringContaining("result code 13") });
    expect(ids.length).toBeGreaterThan(10);
    limit(1_000_000);
    await store.start([newRun("after")], null);
    await store.close();
    expect(sound()).toEqual([...ids, "after"]);
  });

  it("holds an engine up, and loses none of its runs", async () => {
    let driver!: Driver;
    const logs: LogEntry[] = [];
    const open = (name: string, busy: number) => {
      driver = openDriver(name, busy);
      return driver;
    };
    const engine = await createEngine({ store: sqlite(file, { open }), log: (entry) => logs.push(entry) });
    const main = program(
      "let all = ''; for (let i = 0; i < 8; i++) all += await call('big', args[0]); return all.length",
      {
        big: () => "y".repeat(4000),
      },
    );
    const runs = await Promise.all([1, 2, 3].map((n) => engine.start(main, [n])));
    const pages = driver.prepare("PRAGMA page_count").get()!.page_count as number;
    driver.prepare(`PRAGMA max_page_count = ${pages + 2}`).get();
    while (!logs.some(({ message }) => message.includes("the store failed")))
      await new Promise((resolve) => setTimeout(resolve, 5));
    driver.prepare("PRAGMA max_page_count = 1000000").get();
    expect(await Promise.all(runs.map((run) => run.result()))).toEqual([32_000, 32_000, 32_000]);
    expect(main.calls).toHaveLength(24);
    await engine.close();
    sound();
  });
});

/** A file system of its own, of two megabytes. Null: this process may not mount one. */
function smallDisk(): string | null {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const made = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], { encoding: "utf8" });
  if (made.status === 0) return disk;
  console.warn(
    `SKIPPED: no real full disk, since a tmpfs cannot be mounted here: ${made.stderr ?? made.error}`,
  );
  return null;
}

describe("a real disk that is full", () => {
  it("refuses with a code, keeps what it acknowledged, and goes on when there is room", async ({ skip }) => {
    const disk = smallDisk();
    if (disk === null) return skip();
    try {
      const name = join(disk, "runs.db");
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(1_000_000));
      const store = sqlite(name);
      await store.migrate();
      const { ids, error } = await startUntilRefused(store);
      expect(error).toMatchObject({
        code: "CF3006",
        message: expect.stringMatching(/result code (13|10|778)/),
      });
      expect(ids.length).toBeGreaterThan(10);
      for (let i = 0; i < 3; i++)
        await expect(
          store.start([newRun(`no${i}`, { call: `["${"x".repeat(90_000)}"]` })], null),
        ).rejects.toMatchObject({ code: "CF3006" });
      rmSync(ballast);
      await store.start([newRun("after")], null);
      await store.close();
      expect(sound(name)).toEqual([...ids, "after"]);
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  });

  it("holds an engine up until there is room, and no run fails of it", async ({ skip }) => {
    const disk = smallDisk();
    if (disk === null) return skip();
    try {
      const name = join(disk, "runs.db");
      const ballast = join(disk, "ballast");
      const logs: LogEntry[] = [];
      const engine = await createEngine({ store: sqlite(name), log: (entry) => logs.push(entry) });
      const main = program(
        "let all = ''; for (let i = 0; i < 6; i++) all += await call('big'); return all.length",
        { big: () => "y".repeat(20_000) },
      );
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - 200_000));
      const runs = await Promise.all([1, 2, 3].map((n) => engine.start(main, [n])));
      while (!logs.some(({ message }) => message.includes("the store failed")))
        await new Promise((resolve) => setTimeout(resolve, 5));
      rmSync(ballast);
      expect(await Promise.all(runs.map((run) => run.result()))).toEqual([120_000, 120_000, 120_000]);
      await engine.close();
      expect(sound(name)).toHaveLength(3);
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  });
});

describe("a disk that fails", () => {
  it.each(["BEGIN IMMEDIATE", "COMMIT"])(
    "at %s: nothing is acknowledged, and the engine tries again",
    async (at) => {
      let failures = 0;
      const open = disturbed((sql, run) => {
        if (sql !== at || ++failures % 3 !== 0) return run();
        throw new SqliteFailure(10, "disk I/O error");
      });
      const engine = await createEngine({ store: sqlite(file, { open }), log: () => {} }).catch(() =>
        createEngine({ store: sqlite(file, { open }), log: () => {} }),
      );
      const main = program("for (let i = 0; i < 5; i++) await call('a', i); return 'done'");
      const start = (): ReturnType<typeof engine.start> => engine.start(main, [], { id: "r" }).catch(start);
      expect(await (await start()).result()).toBe("done");
      expect(main.calls.map(([, i]) => i)).toEqual([0, 1, 2, 3, 4]);
      await engine.close().catch(() => {});
      expect(failures).toBeGreaterThan(6);
      expect(sound()).toEqual(["r"]);
    },
  );
});

describe("a file that is deleted or replaced while it is open", () => {
  it("takes no write any more, and says so", async () => {
    const store = sqlite(file);
    await store.migrate();
    await store.start([newRun("a")], null);
    renameSync(file, `${file}.old`);
    await expect(store.start([newRun("b")], null)).rejects.toMatchObject({ code: "CF3005" });
    writeFileSync(file, "");
    await expect(store.start([newRun("c")], null)).rejects.toMatchObject({ code: "CF3005" });
    unlinkSync(file);
    renameSync(`${file}.old`, file);
    await store.start([newRun("d")], null);
    await store.close();
    expect(sound()).toEqual(expect.arrayContaining(["a", "d"]));
  });
});

describe("a torn write-ahead log", () => {
  it("keeps what was committed up to the tear, in order, whatever is behind it", async () => {
    const store = sqlite(file);
    await store.migrate();
    const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
    const sizes: number[] = [];
    for (const id of ids) {
      await store.start([newRun(id, { call: `["${"x".repeat(500)}"]` })], null);
      sizes.push(readFileSync(`${file}-wal`).length);
    }
    const random = new Random(7);
    for (let i = 0; i < 60; i++) {
      const torn = join(folder, `torn-${i}.db`);
      copyFileSync(file, torn);
      copyFileSync(`${file}-wal`, `${torn}-wal`);
      const at = random.between(0, sizes.at(-1)!);
      if (i % 2 === 0) truncateSync(`${torn}-wal`, at);
      else {
        const handle = openSync(`${torn}-wal`, "r+");
        writeSync(handle, Buffer.from(Array.from({ length: 64 }, () => random.between(0, 255))), 0, 64, at);
      }
      // What was synchronised before the tear is there, all of it.
      const whole = sizes.filter((size) => size <= at).length;
      if (at < 32) continue; // Nothing of the log can be read: not even that there is a schema.
      const driver = openDriver(torn, 0);
      const tables = driver.prepare("SELECT count(*) AS n FROM sqlite_master").get()!.n;
      driver.close();
      if (tables === 0) {
        expect(whole).toBe(0);
        continue;
      }
      const found = sound(torn);
      expect(found).toEqual(ids.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(whole);
    }
    await store.close();
    expect(sound()).toEqual(ids);
  });
});

describe("a program in one file", () => {
  const hasOwn = process.getBuiltinModule?.("node:sqlite" as "node:fs") !== undefined;

  it.skipIf(hasOwn)("says that the driver is missing beside it", async () => {
    const { build } = await import("esbuild");
    const outfile = join(folder, "program.mjs");
    await build({
      stdin: {
        contents: `import { sqlite } from "./stores/sqlite/index.ts";
          await sqlite(${JSON.stringify(file)}).migrate().catch(({ code, message }) => console.log(code, message));`,
        resolveDir: fileURLToPath(new URL("../../", import.meta.url)),
      },
      ...{ outfile, bundle: true, format: "esm", platform: "node", logLevel: "error" },
    });
    const { stdout } = spawnSync(process.execPath, [outfile], { encoding: "utf8" });
    expect(stdout).toMatch(/^CF3015 .*"libsql".*npm install libsql/);
    expect(existsSync(file)).toBe(false);
  });
});
