/**
 * What goes wrong in use, on the road a user takes: compiled modules, the engine, a database file. Each case has a
 * code, says what to do, and loses nothing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readArguments } from "../../cli/read-arguments.ts";
import type { Clock, Engine, EngineOptions } from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { load, program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("payloads over a limit", () => {
  const long = "x".repeat(3000);
  const world = { large: () => long, small: () => 1, fail: () => Promise.reject(new RangeError(long)) };
  const limited = (more: Partial<EngineOptions> = {}) => stage.engine({ maxPayload: 2000, ...more });
  const failure = (promise: Promise<unknown>) => stage.until(promise.catch((reason: unknown) => reason));

  test("arguments of start and payloads of send are refused to the caller, and nothing is stored", async () => {
    const main = program("return await event('order')");
    const engine = await limited();
    expect(await failure(engine.start(main, [long], { id: "too-large" }))).toMatchObject({
      code: "CF2104",
      message: expect.stringMatching(
        /^CF2104 a value is too large: arguments of start\(\): args takes 3,0\d\d bytes, and .* allows 2,000\nKeep/,
      ),
    });
    expect(await engine.get("too-large")).toBeNull();
    const run = await engine.start(main, [], { id: "waits" });
    const error = await failure(engine.send("order", { long }));
    expect(error).toMatchObject({
      code: "CF2104",
      message: expect.stringContaining('payload of event "order"'),
    });
    await engine.send("order", "x".repeat(1500));
    expect(await stage.until(run.result())).toHaveLength(1500);
  });

  test("arguments of a step: the await rejects, and the step is not executed", async () => {
    const main = program(
      "try { return await call('small', 'x'.repeat(3000)) } catch (error) { return error.code }",
      world,
    );
    const engine = await limited();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("CF2104");
    expect(main.calls).toEqual([]);
  });

  test("result or error of a step: the await rejects, and the step is executed once", async () => {
    const body = `const told = [];
      for (const name of ["large", "fail"]) try { await call(name) } catch (error) { told.push(error.code ?? error.original, error.message.length < 500) }
      return told`;
    const main = program(body, world);
    const engine = await limited();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([
      "CF2104",
      true,
      "RangeError",
      true,
    ]);
    expect(main.calls.map(([name]) => name)).toEqual(["large", "fail"]);
  });

  test("result of a run: it has failed", async () => {
    const engine = await limited();
    const run = await engine.start(program("return 'x'.repeat(3000)"), []);
    expect(await failure(run.result())).toMatchObject({ code: "CF2104" });
  });

  test("a snapshot: the await rejects with what is largest, or the run is held as it was", async () => {
    const body = `const small = await call("small"), rows = Array.from({ length: 400 }, (_, i) => "row " + i);
      let told; try { await call("next") } catch (error) { told = error.message; rows.length = 3 }
      return [told, rows.length, await call("after"), small]`;
    const main = program(body, world);
    const [told, ...rest] = (await stage.until(
      (await (await limited()).start(main, [], { id: "rows" })).result(),
    )) as [string, ...unknown[]];
    expect(told).toMatch(/^CF2104 a value is too large: the snapshot of run "rows" takes \d,\d{3} bytes/);
    expect(told).toMatch(/\n {2}main › rows takes \d,\d{3} \(program-\d+\.ts:\d+\)\n/);
    expect(rest).toEqual([3, "after", 1]);
    expect(main.calls.map(([name]) => name)).toEqual(["small", "after"]);

    const holding = await limited({ onUnsavable: "hold" });
    await holding.start(main, [], { id: "held" });
    await stage.when(async () => (await holding.get("held"))?.status === "blocked");
    const view = await holding.get("held");
    expect(view).toMatchObject({ status: "blocked" });
    expect(JSON.stringify(view)).toContain("CF2104");
  });

  test("the limit itself has to make sense", async () => {
    await expect(stage.engine({ maxPayload: 100 })).rejects.toMatchObject({ code: "CF2301" });
  });
});

describe("a socket in a local", () => {
  const world = { connect: () => new Socket() };

  test("that is needed after the await: named with its place, before the step is executed", async () => {
    const main = program(
      "const socket = world.connect(); await call('charge'); return socket.destroyed;",
      world,
    );
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    const error = await stage.until(run.result().catch((reason: unknown) => reason));
    expect(error).toMatchObject({ code: "CF2101" });
    const { message } = error as Error;
    expect(message).toMatch(/main › socket is a Socket \(program-\d+\.ts:3\)/);
    expect(message).toContain("await call    the run parks here");
    expect(message).toMatch(/Open it inside a step.*resource\("name", object\)/);
    expect(main.calls).toEqual([]);
    expect((await run.status())!.status).toBe("failed");
  });

  test("the author's handlers run, and may carry on without it", async () => {
    const body = `let socket = world.connect();
      try { await call('charge'); return socket.destroyed } catch (error) { socket = null; return [error.code, await call('refund')] }`;
    const main = program(body, world);
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["CF2101", "refund"]);
    expect(main.calls).toEqual([["refund"]]);
  });

  test("that is not needed any more is nobody's business", async () => {
    const main = program(
      "const socket = world.connect(); socket.destroy(); return await call('charge');",
      world,
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toBe("charge");
  });

  test("as the argument of a step, or its result", async () => {
    const main = program(
      "try { await call('charge', world.connect()) } catch (e) { return e.message }",
      world,
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toMatch(/^CF2101 .*copied.*Socket/s);
    const open = program("try { await call('connect') } catch (e) { return e.message }", world);
    expect(await stage.until((await engine.start(open, [])).result())).toMatch(/CF2101 .*Socket/s);
  });
});

describe("an uncompiled async helper that awaits an external call", () => {
  async function withRetry(call: (name: string) => Promise<unknown>, name: string) {
    return await call(name);
  }

  test("is named, and the call is not made", async () => {
    const main = program("return await world.withRetry(call, 'charge')", { withRetry });
    const engine = await stage.engine();
    const run = await engine.start(main, []);
    const error = await stage.until(run.result().catch((reason: unknown) => reason));
    expect(error).toMatchObject({ code: "CF2003" });
    expect((error as Error).message).toMatch(/"withRetry".*not compiled.*Put "use workflow" at the top/);
    expect(main.calls).toEqual([]);
  });

  test("through a closure of the run, too", async () => {
    const main = program("return await world.withRetry((name) => call(name), 'charge')", { withRetry });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toMatchObject({
      code: "CF2003",
      message: expect.stringMatching(/external call: "withRetry".*not compiled, awaits call/),
    });
    expect(main.calls).toEqual([]);
  });

  test("with its package, where it stands in one", async () => {
    const text = "return async function limiter(f) { return await f(); };";
    const limiter: unknown = new Function(
      `${text}\n//# sourceURL=file:///app/node_modules/@queues/limit/index.js`,
    )();
    const main = program("return await world.limiter((name) => call(name))", { limiter });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toThrow(
      '"limiter" (index.js:3), which is not compiled, awaits call. Have @queues/limit compiled, with include: ["@queues/limit"]',
    );
  });
});

test("an unknown event key: the sender is told, and nobody receives it", async () => {
  const main = program("return await event('confirm').then((x) => x);");
  const engine = await stage.engine();
  const run = await engine.start(main, [], { id: "order" });
  let key = "";
  const ask = program("const answer = event(); world.tell(answer.key); return await answer;", {
    tell: (one: string) => {
      key = one;
    },
  });
  const asking = await engine.start(ask, [], { id: "asking" });
  await stage.when(() => key !== "");
  const wrong = key.replace("asking", "nobody");
  expect(wrong).not.toBe(key);
  await expect(engine.send(wrong, 1)).rejects.toMatchObject({
    code: "CF3102",
    message: expect.stringMatching(/"nobody".*Check the key and the database/),
  });
  await engine.send(key, 2);
  expect(await stage.until(asking.result())).toBe(2);
  expect((await run.status())!.status).toBe("active");
});

describe("a database that cannot be used", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "coldframe-"));
    file = join(folder, "runs.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** An engine over the file. SQLite keeps whole milliseconds. */
  function engineOn(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const { clock: virtual } = stage;
    const clock: Clock = {
      now: () => Math.ceil(virtual.now()),
      setTimeout: (callback, ms) => virtual.setTimeout(callback, ms),
      clearTimeout: (timer) => virtual.clearTimeout(timer),
    };
    return stage.engine({ store: sqlite(file), clock, ...options });
  }

  /** A database with one parked run, closed. */
  async function parked(): Promise<{ readonly main: ReturnType<typeof program> }> {
    const main = program("return await event('go')");
    const engine = await engineOn();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.waits.length === 1);
    await Promise.all([engine.close(), stage.clock.advance(60_000)]);
    return { main };
  }

  function sql(text: string): void {
    const driver = openDriver(file, 0);
    driver.exec(text);
    driver.close();
  }

  test("no database at all: CF3001, and the file is as it was", async () => {
    const letter = "Dear reader, this is a letter, and a long one.\n".repeat(50);
    writeFileSync(file, letter);
    await expect(engineOn()).rejects.toMatchObject({
      code: "CF3001",
      message: expect.stringMatching(/runs\.db" is no SQLite database.*choose another file name/),
    });
    expect(readFileSync(file, "utf8")).toBe(letter);
  });

  test("of another program: CF3001, and the file is as it was", async () => {
    sql("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Solveig')");
    const before = readFileSync(file);
    await expect(engineOn()).rejects.toMatchObject({ code: "CF3001" });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("of a newer version: CF3002, and the newer one still carries its runs on", async () => {
    await parked();
    const driver = openDriver(file, 0);
    const version = driver.prepare("PRAGMA user_version").get()!.user_version as number;
    driver.close();
    sql("PRAGMA user_version = 1000");
    await expect(engineOn()).rejects.toMatchObject({
      code: "CF3002",
      message: expect.stringMatching(/schema 1000.*upgrade coldframe/),
    });
    sql(`PRAGMA user_version = ${version}`);
    const engine = await engineOn();
    await engine.send("go", 7);
    expect(await stage.until(engine.run("r").result())).toBe(7);
  });

  test("read-only: CF3003 for the run that was to start, and the others can be looked at", async () => {
    const { main } = await parked();
    const store = sqlite(file, {
      open(name, busy) {
        const driver = openDriver(name, busy);
        driver.exec("PRAGMA query_only = ON");
        return driver;
      },
    });
    await store.migrate();
    const run = {
      id: "s",
      entry: "x#y",
      call: "",
      secret: "",
      tags: {},
      priority: 0,
      group: "default",
      parent: null,
      limit: null,
    };
    await expect(store.start([run], null)).rejects.toMatchObject({
      code: "CF3003",
      message: expect.stringContaining("write permission"),
    });
    expect(await store.read.run("r")).toMatchObject({ status: "active" });
    await store.close();
    const engine = await engineOn();
    expect((await engine.start(main, [], { id: "s" })).created).toBe(true);
  });

  test("locked: CF3004 after its patience, and nothing was written", async () => {
    await parked();
    const other = openDriver(file, 0);
    other.exec("BEGIN IMMEDIATE");
    const store = sqlite(file, { patience: 0 });
    await store.migrate();
    const run = {
      id: "s",
      entry: "x#y",
      call: "",
      secret: "",
      tags: {},
      priority: 0,
      group: "default",
      parent: null,
      limit: null,
    };
    await expect(store.start([run], null)).rejects.toMatchObject({
      code: "CF3004",
      message: expect.stringContaining("another process holds a lock"),
    });
    other.exec("ROLLBACK");
    other.close();
    expect(await store.read.run("s")).toBeNull();
    await store.close();
  });

  test("in a folder that does not exist: CF3005", async () => {
    await expect(engineOn({ store: sqlite(join(folder, "none", "runs.db")) })).rejects.toMatchObject({
      code: "CF3005",
      message: expect.stringContaining("does its folder exist"),
    });
  });

  test("a parked run whose code is not loaded: blocked with its name, and goes on once it is", async () => {
    const source = `import { event } from "coldframe";
      export async function main() { "use workflow"; return [await event('go'), 'from the code']; }`;
    const { main } = load(source, {}, "test/unloaded.ts");
    const first = await engineOn();
    const started = await first.start(main!, [], { id: "r" });
    await stage.when(async () => (await started.status())!.waits.length === 1);
    await Promise.all([first.close(), stage.clock.advance(60_000)]);

    // A process that did not import the module.
    for (const name of [...registry.codes.keys()])
      if (name.startsWith("test/unloaded.ts#")) registry.codes.delete(name);
    registry.modules.delete("test/unloaded.ts");
    const engine = await engineOn({ poll: "1s" });
    const run = engine.run("r");
    await engine.send("go", 1);
    await stage.when(async () => (await run.status())!.status === "blocked");
    const { blocked, snapshot } = (await run.status())!;
    expect(blocked!.reason).toMatch(/CF2103 .*test\/unloaded\.ts#main.*Load the module/);
    expect(snapshot).not.toBeNull();

    load(source, {}, "test/unloaded.ts");
    expect(await stage.until(run.result())).toEqual([1, "from the code"]);
  });
});

test.each(["", "runns", "runs --limmit 3", "runs more"])(
  "the command line %j: CF3201, and --help",
  (line) => {
    const runs = {
      name: "runs",
      summary: "",
      args: { limit: { type: "string", valueHint: "n", description: "" } },
      examples: [],
      run: async () => {},
    } as const;
    const words = line.split(" ").filter((word) => word !== "");
    expect(() => readArguments(words, [runs], {})).toThrow(expect.objectContaining({ code: "CF3201" }));
  },
);
