/** The built command line, as a person and as a machine use it, against a database with runs in every state. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { titleOf } from "../../cli/commands/runs.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { type Ended, here, main, node, root } from "./support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "coldframe-cli-"));
const seeded = join(folder, "seeded.db");

const env = { COLDFRAME_STORE: seeded };
const cli = (...words: string[]) => here(words, env);
/** In a process of its own: what belongs to the process, and what loads modules of the user. */
const child = (...words: string[]) => node([main, ...words], env);

/** A copy of the seeded database, for tests that change it. */
function copy(name: string): string {
  const file = join(folder, name);
  copyFileSync(seeded, file);
  return file;
}

beforeAll(async () => {
  const { code, err } = await node(["--import", "coldframe/register", "test/cli/support/seed.ts", seeded]);
  if (code !== 0) throw new Error(err);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("runs", () => {
  test("lists them newest first, in 80 columns, without colours in a pipe", async () => {
    const { code, out } = await child("runs");
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toMatch(/^RUN +WORKFLOW +STATUS +CHANGED +NEXT$/);
    expect(lines.slice(1).map((line) => line.split(/ +/, 3).join(" "))).toEqual([
      "order-0 order done",
      "fails-1 fails failed",
      "stuck-1 stuck blocked",
      "nap-1 nap active",
      "order-1 order active",
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(out).not.toContain("\u001b");
    expect(lines.at(-1)).toMatch(/in 3 days$/);
  });

  test("filters by status and workflow", async () => {
    expect(JSON.parse((await cli("runs", "--status", "blocked", "--json")).out)).toMatchObject([
      { id: "stuck-1" },
    ]);
    expect(JSON.parse((await cli("runs", "--workflow", "nap", "--json")).out)).toMatchObject([
      { id: "nap-1" },
    ]);
    expect((await cli("runs", "--status", "cancelled")).out).toBe("no runs");
  });

  test("finds those of a workflow and of a tag behind newer ones", async () => {
    const ids = async (...words: string[]) =>
      JSON.parse((await cli("runs", "--json", ...words)).out).map(({ id }: { id: string }) => id);
    expect(await ids("--workflow", "nap", "--limit", "1")).toEqual(["nap-1"]);
    const [{ entry }] = JSON.parse((await cli("runs", "--workflow", "nap", "--json")).out);
    expect(await ids("--workflow", entry, "--limit", "1")).toEqual(["nap-1"]);
    expect(await ids("--workflow", entry.replace("nap", "snap"))).toEqual([]);
    expect(await ids("--tag", "shop:north", "--limit", "1")).toEqual(["order-1"]);
    expect(await ids("--tag", "shop:south")).toEqual([]);
    expect(await cli("runs", "--tag", "shop")).toMatchObject({
      code: 2,
      err: expect.stringContaining("name:value"),
    });
  });
});

test("what a module exports by default is called by its file, too", () => {
  expect(["shop/flows.ts#order", "shop/refund.ts#default", "shop/a.ts#bank.pay"].map(titleOf)).toEqual([
    "order",
    "default of refund.ts",
    "bank.pay",
  ]);
});

describe("show", () => {
  test("a parked run: source with the parked line marked, stack, locals, what it waits for", async () => {
    const { code, out } = await cli("show", "order-1");
    expect(code).toBe(0);
    expect(out).toMatch(
      /^order-1 {2}order\nactive · started .* · turn 2 · \d+ bytes · build [0-9a-f]+\nshop=north\n/,
    );
    expect(out).toMatch(/waits for event confirm a lamp\n {2}for .*, times out in 3 days\n/);
    expect(out).toContain("coldframe send 'confirm a lamp' <json>");
    expect(out).toMatch(/ {2}in confirmed {2}test\/cli\/support\/flows\.ts:\d+\n/);
    expect(out).toMatch(/\n {2}> \d+ \| {3}const reply = await event<\{ yes: boolean \}>/);
    expect(out).toMatch(
      / {2}in order {2}test\/cli\/support\/flows\.ts:\d+\n {4}notes = \["a lamp costs 6"\]\n/,
    );
  });

  test("the same for machines", async () => {
    const view = JSON.parse((await cli("show", "order-1", "--json")).out);
    expect(view.waits).toHaveLength(1);
    expect(view.waits[0]).toMatchObject({
      kind: "event",
      name: "confirm a lamp",
      stack: [
        { point: "event", file: "test/cli/support/flows.ts" },
        { point: "confirmed", locals: [{ name: "notes", text: '["a lamp costs 6"]' }, { name: "item" }] },
      ],
    });
  });

  test("from a folder that has no source, the rest is still there", async () => {
    const { out } = await node([main, "show", "order-1", "--store", seeded], {}, folder);
    expect(out).not.toContain(" | ");
    expect(out).toContain('notes = ["a lamp costs 6"]');
  });

  test("a timer, a blocked run, a result and an error", async () => {
    expect((await cli("show", "nap-1")).out).toMatch(/waits for a timer\n {2}for .*, due in 2 h\n/);
    const stuck = (await cli("show", "stuck-1")).out;
    expect(stuck).toMatch(/blocked: CF2305 .*flows\.ts:\d+/);
    expect(stuck).toMatch(/waits for nothing outside\n {2}in stuck/);
    expect((await cli("show", "order-0")).out).toContain("result: 'ordered a book: a book costs 6'");
    expect((await cli("show", "fails-1")).out).toContain("RangeError: no pears");
    expect(JSON.parse((await cli("show", "fails-1", "--json")).out).end).toMatchObject({
      status: "failed",
      value: { name: "RangeError", message: "no pears" },
    });
  });

  test("an unknown run is not found", async () => {
    const { code, err, out } = await child("show", "nobody");
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/CF3101.*"nobody"/);
    const { error } = JSON.parse((await cli("show", "nobody", "--json")).err);
    expect(error).toMatchObject({ code: "CF3101", exit: 3 });
  });
});

describe("send and cancel", () => {
  test("an answer reaches the run, a repetition does not", async () => {
    const store = copy("send.db");
    const words = ["send", "confirm a lamp", '{"yes":false}', "--id", "mail-1", "--store", store];
    expect((await cli(...words)).out).toBe("delivered");
    expect((await cli(...words)).out).toMatch(/^ignored/);
    expect((await cli("send", "something else", "null", "--store", store, "--json")).out).toBe(
      '{"key":"something else","status":"kept"}',
    );
  });

  test("a key of a run that does not exist is an error", async () => {
    const { code, err } = await cli("send", `${"0".repeat(32)}.1.gone`, "true");
    expect(code).toBe(3);
    expect(err).toContain("CF3102");
  });

  test("a key that a run might have made, but has not, is an error", async () => {
    const { code, err } = await cli(
      "send",
      `${"0".repeat(32)}.1.order-1`,
      "true",
      "--store",
      copy("forged.db"),
    );
    expect([code, err]).toEqual([3, expect.stringMatching(/CF3102.*coldframe show tells of "order-1"/s)]);
  });

  test("a payload that is no JSON is quoted, and nothing is sent", async () => {
    const { code, err } = await cli("send", "confirm a lamp", "{yes: true}");
    expect(code).toBe(2);
    expect(err).toContain('CF3202 the payload is not JSON: character 2, "y".\n\n  {yes: true}\n   ^\n');
    expect(JSON.parse((await cli("show", "order-1", "--json")).out).waits).toHaveLength(1);
  });

  test("cancel asks a run to end, leaves ended ones, and knows unknown ones", async () => {
    const store = copy("cancel.db");
    expect((await cli("cancel", "order-1", "--store", store)).out).toBe("order-1 is asked to end");
    expect((await cli("runs", "--store", store)).out).toMatch(/order-1 .* is being cancelled/);
    expect((await cli("cancel", "order-0", "--store", store)).out).toBe("order-0 has ended already: done");
    expect((await cli("cancel", "nobody", "--store", store)).code).toBe(3);
  });
});

/** A worker process; `stop` ends it as an operator would. */
async function startWorker(
  store: string,
  module: string,
  ...options: string[]
): Promise<{ child: ChildProcess; stop(): Promise<Ended> }> {
  const child = spawn(process.execPath, [main, "work", module, "--store", store, ...options], { cwd: root });
  let err = "";
  const working = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      err += chunk;
      if (err.includes("working")) resolve();
    });
    child.on("close", (code) => reject(new Error(`the worker ended with ${code}: ${err}`)));
  });
  await working;
  const closed = once(child, "close");
  return {
    child,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await closed;
      return { code: code as number, out: "", err };
    },
  };
}

/** Looks until the run is in this state. */
async function reaches(store: string, run: string, status: string): Promise<void> {
  for (;;) {
    const { out } = await cli("show", run, "--store", store, "--json");
    if (JSON.parse(out).run.status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("schedules", () => {
  const words = (store: string, ...rest: string[]) => cli(...rest, "--store", store);

  test("are set, listed, paused, let go on, and removed", async () => {
    const store = copy("schedules.db");
    expect((await words(store, "schedules")).out).toBe("no schedules");
    const daily = ["schedule", "nightly", "--cron", "30 2 * * *", "--zone", "Europe/Berlin"];
    const set = await words(
      store,
      ...daily,
      "--workflow",
      "shop/flows.ts#report",
      "--args",
      '["sales"]',
      "--history",
      "5",
    );
    expect(set).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^nightly fires next at \d{4}-\d\d-\d\d 02:30:00 Europe\/Berlin$/),
    });
    const listed = (await words(store, "schedules", "--next", "2")).out.split("\n");
    expect(listed[0]).toMatch(/^SCHEDULE +CRON +ZONE +WORKFLOW +NEXT +LAST RUN/);
    expect(listed[1]).toMatch(/^nightly +30 2 \* \* \* +Europe\/Berlin +report +in /);
    expect(listed.slice(3)).toEqual(["nightly", ...Array(2).fill(expect.stringContaining("02:30:00"))]);
    for (const line of listed) expect(line.length).toBeLessThanOrEqual(80);
    expect((await words(store, "pause", "nightly")).out).toBe("nightly is paused");
    expect((await words(store, "pause", "nightly")).out).toBe("nightly is paused already");
    expect(JSON.parse((await words(store, "schedules", "--json")).out)).toMatchObject([
      { id: "nightly", entry: "shop/flows.ts#report", paused: true, next: null },
    ]);
    expect((await words(store, "unpause", "nightly", "--json")).out).toBe('{"id":"nightly","changed":true}');
    expect((await words(store, "unschedule", "nightly")).out).toBe("nightly is removed");
    expect((await words(store, "schedules")).out).toBe("no schedules");
  });

  test("wrong words are refused, and nothing is set", async () => {
    const store = copy("no-schedules.db");
    const set = (...rest: string[]) => words(store, "schedule", "s", ...rest);
    expect(await set("--cron", "@daily")).toMatchObject({ code: 2 });
    expect(await set("--cron", "@daily", "--workflow", "m#f", "--args", "{}")).toMatchObject({ code: 2 });
    for (const [options, told] of [
      [["--cron", "61 * * * *", "--workflow", "m#f"], "cron"],
      [["--cron", "@daily", "--workflow", "report"], "module#name"],
      [["--cron", "@daily", "--workflow", "m#f", "--zone", "Mars"], "time zone"],
      [["--cron", "@daily", "--workflow", "m#f", "--overlap", "both"], "overlap"],
    ] as const) {
      const { code, err } = await set(...options);
      expect([code, err]).toEqual([2, expect.stringMatching(new RegExp(`CF2301.*${told}`, "s"))]);
    }
    expect(await words(store, "unpause", "s")).toMatchObject({
      code: 3,
      err: expect.stringContaining("CF3107"),
    });
    expect(await words(store, "schedules", "--next", "0")).toMatchObject({ code: 2 });
    expect((await words(store, "schedules")).out).toBe("no schedules");
  });
});

describe("work", () => {
  test("carries runs on with TypeScript modules until told to stop", async () => {
    const store = copy("work.db");
    const worker = await startWorker(store, "test/cli/support/flows.ts");
    await cli("send", "confirm a lamp", '{"yes":true}', "--store", store);
    await reaches(store, "order-1", "done");
    expect((await cli("show", "order-1", "--store", store)).out).toContain("ordered a lamp: a lamp costs 6");
    expect(await worker.stop()).toMatchObject({ code: 0, err: expect.stringContaining("stopped") });
  });

  test("a run whose code is not loaded is blocked, says so, and goes on with a worker that has it", async () => {
    const store = copy("lacking.db");
    const shop = await startWorker(store, "test/cli/support/shop.ts");
    await cli("send", "confirm a lamp", '{"yes":true}', "--store", store);
    await reaches(store, "order-1", "blocked");
    expect((await cli("show", "order-1", "--store", store)).out).toMatch(/blocked: .*flows\.ts#order/);
    await shop.stop();
    const worker = await startWorker(store, "test/cli/support/flows.ts");
    await reaches(store, "order-1", "done");
    await worker.stop();
  });

  test("serves the groups and workflows that it is told to", async () => {
    const store = copy("groups.db");
    const flows = "test/cli/support/flows.ts";
    const worker = await startWorker(store, flows, "--group", "gpu,default", "--only", "order");
    await cli("send", "confirm a lamp", '{"yes":true}', "--store", store);
    await reaches(store, "order-1", "done");
    await worker.stop();
    expect((await cli("runs", "--store", store, "--group", "gpu")).out).toBe("no runs");
    const refused = async (...options: string[]) => {
      const { code, err } = await child("work", flows, "--store", store, ...options);
      return [code !== 0, err] as const;
    };
    expect(await refused("--only", "absent")).toEqual([true, expect.stringMatching(/CF2301.*"absent"/s)]);
    expect(await refused("--group", "a,,b")).toEqual([true, expect.stringContaining("CF3201")]);
  });

  test("a missing module is not found, and no database is made", async () => {
    const store = join(folder, "unmade.db");
    const { code, err } = await child("work", "nowhere.ts", "--store", store);
    expect(code).toBe(3);
    expect(err).toContain("nowhere.ts");
    expect(existsSync(store)).toBe(false);
  });
});

describe("serve", () => {
  const token = "the-token-of-this-test";

  test("works and answers HTTP on the loopback address, to those who have the token", async () => {
    const store = copy("serve.db");
    const env = { ...process.env, COLDFRAME_TOKEN: token };
    const args = [
      main,
      "serve",
      "test/cli/support/flows.ts",
      "--store",
      store,
      "--port",
      "0",
      "--base",
      "/api",
    ];
    const child = spawn(process.execPath, args, { cwd: root, env });
    let err = "";
    const base = await new Promise<string>((resolve, reject) => {
      child.stderr.on("data", (chunk) => {
        err += chunk;
        const url = /listening at (http:\/\/127\.0\.0\.1:\d+\/api);/.exec(err)?.[1];
        if (url !== undefined) resolve(url);
      });
      child.on("close", (code) => reject(new Error(`it ended with ${code}: ${err}`)));
    });
    const closed = once(child, "close");
    expect((await fetch(`${base}/runs`)).status).toBe(401);
    const ask = async (path: string, body?: unknown) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
      return (await fetch(`${base}${path}`, init)).json();
    };
    expect(await ask("/workflows/order/runs", { id: "by-http", args: ["a desk"] })).toMatchObject({
      created: true,
    });
    expect(await ask("/workflows/confirmed/runs", {})).toMatchObject({ error: { code: "CF3404" } });
    expect(await ask("/workflows/wrapped/runs", { id: "made", args: [2] })).toMatchObject({ id: "made" });
    await ask("/events/confirm%20a%20desk", { yes: true });
    expect(await ask("/runs/by-http/result?wait=30s")).toMatchObject({
      result: "ordered a desk: a desk costs 6",
    });
    const stream = await fetch(`${base}/runs/nap-1/changes`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const waiting = fetch(`${base}/runs/nap-1/result?wait=50s`, {
      headers: { authorization: `Bearer ${token}` },
    });
    // It waits when another request that came later was answered.
    await ask("/runs");
    child.kill("SIGTERM");
    expect((await closed)[0]).toBe(0);
    expect(await stream.text()).toContain("event: state");
    const { status, headers } = await waiting;
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    expect(err).not.toContain(token);
    expect(err).not.toContain("error");
  });

  test("does not begin without a token, a module, a port, or where somebody else listens", async () => {
    const serve = (...words: string[]) => child("serve", "test/cli/support/shop.ts", ...words);
    expect((await serve()).err).toContain("CF3401");
    expect((await serve("--token", "short", "--port", "0")).err).toContain("CF3401");
    expect((await serve("--token", token, "--port", "70000")).code).toBe(2);
    expect((await child("serve", "--token", token)).code).toBe(2);
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    expect((await serve("--token", token, "--port", `${port}`)).err).toContain(
      "something else listens there",
    );
    other.close();
  });
});

describe("a database that cannot be used", () => {
  test.each(["runs", "show x", "cancel x", "send k 1"])(
    "%s: a file that is not there is not made",
    async (line) => {
      const store = join(folder, "absent.db");
      const { code, err } = await cli(...line.split(" "), "--store", store);
      expect(code).toBe(3);
      expect(err).toMatch(/CF3203.*absent\.db/);
      expect(existsSync(store)).toBe(false);
    },
  );

  test("the error names those that are there", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "coldframe-named-"));
    writeFileSync(join(elsewhere, "letter.db"), "no database, but longer than the header of one".repeat(4));
    copyFileSync(seeded, join(elsewhere, "runs.db"));
    const { err } = await cli("runs", "--store", join(elsewhere, "rusn.db"));
    expect(err).toMatch(/CF3203.*rusn\.db.*There is: --store \S*runs\.db$/m);
    expect(err).not.toMatch(/letter/);
    rmSync(elsewhere, { recursive: true });
  });

  test("a file that is no database is left alone", async () => {
    const store = join(folder, "letter.txt");
    writeFileSync(
      store,
      "Dear reader, this is not a database, although it is long enough to be one.\n".repeat(20),
    );
    const before = statSync(store);
    const { code, err } = await cli("runs", "--store", store);
    expect(code).toBe(4);
    expect(err).toContain("CF3001");
    expect(statSync(store).mtimeMs).toBe(before.mtimeMs);
  });

  test("one of another program, and one of a later version", async () => {
    const other = join(folder, "other.db");
    const driver = openDriver(other, 20);
    driver.exec("CREATE TABLE songs (title TEXT)");
    driver.close();
    expect((await cli("runs", "--store", other)).err).toContain("CF3001");
    const later = copy("later.db");
    const newer = openDriver(later, 20);
    newer.exec("PRAGMA user_version = 9999");
    newer.close();
    const { code, err } = await cli("runs", "--store", later);
    expect(code).toBe(4);
    expect(err).toMatch(/CF3002.*upgrade coldframe/);
  });

  test("a locked one says so, and can still be read", async () => {
    const store = copy("locked.db");
    const driver = openDriver(store, 20);
    driver.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
    const { code, err } = await cli("send", "k", "1", "--store", store);
    expect(code).toBe(4);
    expect(err).toContain("CF3004");
    expect((await cli("runs", "--store", store)).code).toBe(0);
    driver.exec("ROLLBACK");
    driver.close();
  });

  test("a URL of a database that there is no store for", async () => {
    const { code, err } = await cli("runs", "--store", "mongodb://host/db");
    expect(code).toBe(2);
    expect(err).toContain('no store for "mongodb"');
  });
});

describe("help", () => {
  test("of the program and of each command fits 80 columns, and has examples", async () => {
    const pages = await Promise.all([
      child("--help"),
      ...[
        "runs",
        "show",
        "send",
        "cancel",
        "suspend",
        "resume",
        "unblock",
        "retry",
        "resolve",
        "reject",
        "restart",
        "clone",
        "schedules",
        "schedule",
        "pause",
        "unpause",
        "unschedule",
        "migrate",
        "check",
        "release",
        "work",
        "serve",
      ].map((name) => cli(name, "--help")),
    ]);
    for (const { code, out } of pages) {
      expect(code).toBe(0);
      expect(out).toContain("Examples\n  coldframe ");
      expect(out).toContain("--store <database>");
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  test("wrong usage is exit code 2, on the error output", async () => {
    expect(await cli("rusn")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("did you mean runs?"),
    });
    expect(await cli()).toMatchObject({ code: 2, out: "" });
    expect(await child()).toMatchObject({ code: 2, out: "" });
  });
});
