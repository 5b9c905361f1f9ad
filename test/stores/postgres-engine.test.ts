/** Engines of several processes on one server: hints travel, an idle worker asks seldom, poolers are no obstacle. */
import { Client, Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openStore } from "../../cli/open-store.ts";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { VirtualClock } from "../../runtime/testing/virtual-clock.ts";
import { type PostgresPool, postgres } from "../../stores/postgres/index.ts";
import { program } from "../engine/programs.ts";
import { dropSchema, findPostgres, freshSchema, inDatabase } from "../servers/postgres.ts";
import { ANY, newRun, passed, turnOf, worker } from "./contract.ts";

const url = (await findPostgres())!;

describe.skipIf(url === null)("engines on one server", () => {
  let schema: string;
  const engines: Engine[] = [];
  beforeEach(() => {
    schema = freshSchema();
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
    await dropSchema(url, schema);
  });

  // Nobody looks by himself within the time of a test.
  const seldom = { poll: "1h", lease: "1h", log: () => {} } as const;
  const engineOn = async (extra: object = {}, source: string | PostgresPool = url) => {
    const engine = await createEngine({ store: postgres(source, { schema }), ...seldom, ...extra });
    engines.push(engine);
    return engine;
  };

  it("hear of each other's runs, events and ends without looking", async () => {
    const main = program("const answer = await event({ key: 'ask' }); return await call('a', answer)");
    const client = await engineOn({ worker: false });
    await engineOn();
    const other = await engineOn({ worker: false });
    const run = await client.start(main, [], { id: "r" });
    for await (const state of run.watch()) if (state.waits.some(({ kind }) => kind === "event")) break;
    const result = client.run("r").result();
    await other.send("ask", 7);
    expect(await result).toBe("a");
    expect(main.calls).toEqual([["a", 7]]);
  });

  it("hear of what a user's transaction has started and sent when it is committed", async () => {
    const main = program("return await event({ key: 'ask' })");
    const client = await engineOn({ worker: false });
    await engineOn();
    const mine = new Client({ connectionString: url });
    await mine.connect();
    await mine.query("BEGIN");
    const run = await client.with(mine).start(main, [], { id: "r" });
    expect(await client.get("r")).toBeNull();
    await mine.query("COMMIT");
    for await (const state of run.watch()) if (state.waits.some(({ kind }) => kind === "event")) break;
    await mine.query("BEGIN");
    expect(await client.with(mine).send("ask", 7)).toMatchObject({ status: "kept" });
    await mine.query("COMMIT");
    expect(await run.result()).toBe(7);
    await mine.end();
  });

  it("carry a thousand steps of fifty runs to their ends, each once", async () => {
    const main = program(
      "let sum = 0; for (let i = 0; i < 20; i++) { await call('s', args[0], i); sum += i } return sum",
    );
    const workers = [await engineOn(), await engineOn()];
    const ids = Array.from({ length: 50 }, (_, i) => `r${i}`);
    const runs = await Promise.all(ids.map((id, i) => workers[i % 2]!.start(main, [id], { id })));
    expect(new Set(await Promise.all(runs.map((run) => run.result())))).toEqual(new Set([190]));
    const calls = main.calls.map((call) => JSON.stringify(call));
    expect(calls).toHaveLength(1000);
    expect(new Set(calls).size).toBe(1000);
  });

  it("ask at most once in ten seconds while nothing happens", async () => {
    const clock = new VirtualClock(1_000_000);
    const asked: string[] = [];
    let underWay = 0;
    const awaited = async <T>(answer: Promise<T>): Promise<T> => {
      underWay++;
      try {
        return await answer;
      } finally {
        underWay--;
      }
    };
    const pool = new Pool({ connectionString: url, max: 4 });
    const counted: PostgresPool = {
      get totalCount() {
        return pool.totalCount;
      },
      async connect() {
        const client = await awaited(pool.connect());
        return {
          release: (error) => client.release(error),
          query(query) {
            if (!/^(BEGIN|COMMIT)/.test(query.text)) asked.push(query.name ?? query.text);
            return awaited(client.query(query));
          },
        };
      },
      end: () => pool.end(),
    };
    const store = postgres(counted, { schema });
    const engine = await createEngine({ store, clock, random: () => 0.5, log: () => {} });
    const quiet = async () => {
      do await new Promise(setImmediate);
      while (underWay > 0);
      for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    };
    await quiet();
    asked.length = 0;
    const minutes = 20;
    const end = clock.now() + minutes * 60_000;
    while (clock.now() < end) {
      clock.step();
      await quiet();
    }
    expect(asked.length).toBeGreaterThan(minutes);
    expect(asked.length).toBeLessThanOrEqual(minutes * 6);
    await engine.close();
    await pool.end();
  });

  it("work where prepared statements are lost between transactions", async () => {
    const pool = new Pool({ connectionString: url, max: 4 });
    const pooler: PostgresPool = {
      totalCount: 0,
      async connect() {
        const client = await pool.connect();
        // What the driver prepared for whom had the session before is not there.
        await client.query("DEALLOCATE ALL");
        return client;
      },
      end: () => pool.end(),
    };
    const main = program("for (let i = 0; i < 5; i++) await call('a', i); return 'done'");
    const engine = await createEngine({ store: postgres(pooler, { schema }), ...seldom });
    const runs = await Promise.all([1, 2, 3].map(() => engine.start(main, [])));
    expect(await Promise.all(runs.map((run) => run.result()))).toEqual(["done", "done", "done"]);
    expect(main.calls).toHaveLength(15);
    await engine.close();
    await pool.end();
  });

  it("lose nothing when the server ends all connections, again and again", async () => {
    const main = program("for (let i = 0; i < 30; i++) await call('a', args[0], i); return args[0]");
    const named = `${url}?application_name=${schema}`;
    const options = { schema, listen: false as const };
    const engine = await createEngine({ store: postgres(named, options), log: () => {} });
    engines.push(engine);
    const start = (id: string): ReturnType<typeof engine.start> =>
      engine.start(main, [id], { id }).catch(() => start(id));
    const runs = await Promise.all(["a", "b", "c", "d"].map(start));
    const killer = new Client({ connectionString: url });
    await killer.connect();
    let over = false;
    const results = Promise.all(runs.map((run) => run.id)).then((ids) =>
      Promise.all(
        ids.map(async (id) => {
          for (;;) {
            const row = await engine
              .run(id)
              .status()
              .catch(() => null);
            if (row?.status === "done") return id;
            await new Promise(setImmediate);
          }
        }),
      ),
    );
    void results.then(() => {
      over = true;
    });
    for (let kills = 0; !over && kills < 20; kills++) {
      await killer.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
        [schema],
      );
      await killer.query("SELECT pg_sleep(0.05)");
    }
    expect((await results).sort()).toEqual(["a", "b", "c", "d"]);
    expect(main.calls).toHaveLength(120);
    await killer.end();
  });

  it("recognise a turn whose COMMIT was carried out while its answer was lost", async () => {
    const pool = new Pool({ connectionString: url, max: 3 });
    let cut = false;
    const cutting: PostgresPool = {
      totalCount: 0,
      async connect() {
        const client = await pool.connect();
        return {
          release: (error) => client.release(error),
          async query(query) {
            const result = await client.query(query);
            if (!cut || query.text !== "COMMIT") return result;
            cut = false;
            throw new Error("Connection terminated unexpectedly");
          },
        };
      },
      end: () => pool.end(),
    };
    const store = postgres(cutting, { schema, listen: false });
    await store.migrate();
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    cut = true;
    const turn = turnOf(claimed!, { end: { status: "done", value: "7" } });
    await expect(store.commit([turn])).rejects.toMatchObject({ code: "CF3010" });
    passed((await store.commit([turn]))[0]);
    expect(await store.read.run("a")).toMatchObject({ turn: 1, end: { value: "7" } });
    await store.close();
    await pool.end();
  });

  it("set timers by the clock of the server, whatever their machine believes", async () => {
    const main = program("await sleep('1h')");
    const [[{ now }]] = (await inDatabase(
      url,
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now",
    )) as [[{ now: number }]];
    vi.useFakeTimers({ toFake: ["Date"], now: now - 7_200_000 });
    try {
      const engine = await engineOn();
      const run = await engine.start(main, []);
      for await (const { waits } of run.watch()) {
        if (waits[0]?.due == null) continue;
        expect(Math.abs(waits[0].due - now - 3_600_000)).toBeLessThan(1_800_000);
        break;
      }
      await run.cancel();
    } finally {
      vi.useRealTimers();
    }
  });

  it("lose no event where sessions are set to stricter transactions", async () => {
    const strict = `${url}${url.includes("?") ? "&" : "?"}options=-c%20default_transaction_isolation%3Drepeatable%5C%20read`;
    const pool = new Pool({ connectionString: strict, max: 3 });
    let begun = () => {};
    let goOn: Promise<void> | null = null;
    // Stands still behind the first statement of a transaction, whose snapshot would be that of the whole.
    const halting: PostgresPool = {
      totalCount: 0,
      async connect() {
        const client = await pool.connect();
        return {
          release: (error) => client.release(error),
          async query(query) {
            const result = await client.query(query);
            const wait = goOn;
            if (wait === null || !query.name?.endsWith(" now")) return result;
            goOn = null;
            begun();
            await wait;
            return result;
          },
        };
      },
      end: () => pool.end(),
    };
    const store = postgres(pool, { schema, listen: false });
    const sender = postgres(halting, { schema, listen: false });
    for (const one of [store, sender]) await one.migrate();
    await store.renew(worker("w1"), true);
    await store.start([newRun("a")], null);
    const [claimed] = await store.claim("w1", 1, ANY);
    let release = () => {};
    goOn = new Promise((resolve) => {
      release = resolve;
    });
    const standing = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const sent = sender.send({ key: "k", payload: "1", id: "e", run: null });
    await standing;
    const subscribe = [{ wait: 1, key: "k" }];
    passed((await store.commit([turnOf(claimed!, { subscribe, keep: false, due: null })]))[0]);
    release();
    expect(await sent).toEqual({ status: "delivered", run: "a" });
    for (const one of [store, sender]) await one.close();
    await pool.end();
  });

  it("are what the command line looks at, which makes no schema", async () => {
    const named = `${url}?schema=${schema}`;
    const open = (create: boolean) =>
      openStore({ store: named, seal: null }, { cwd: "." }, { create, blind: true });
    const missing = await open(false);
    await expect(missing.migrate()).rejects.toMatchObject({
      code: "CF3014",
      message: expect.stringContaining(`there is no schema "${schema}"`),
    });
    const made = await open(true);
    await made.migrate();
    await made.start([newRun("a")], null);
    await made.close();
    const looking = await open(false);
    await looking.migrate();
    expect((await looking.read.run("a"))!.id).toBe("a");
    await looking.close();
  });
});
