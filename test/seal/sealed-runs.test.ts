/** Runs over a sealed SQLite file: they behave as ever, nothing of theirs can be read in the file, and what was changed in it blocks one run. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEngine, type Engine, type EngineOptions, type LogEntry } from "../../runtime/index.ts";
import { aesGcm, deflate, gzip, hmac, type Seal, sealed } from "../../stores/sealed/index.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { load, type Program, program } from "../engine/programs.ts";

const key = (n: number) => new Uint8Array(32).fill(n);
const aes = (...ids: string[]) =>
  aesGcm({ keys: Object.fromEntries(ids.map((id) => [id, key(id.charCodeAt(0))])), current: ids[0]! });

let release: () => void;
let folder: string;
let file: string;
let logs: LogEntry[];
const engines: Engine[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-seal-"));
  file = join(folder, "runs.db");
  logs = [];
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close(0);
  rmSync(folder, { recursive: true });
});

async function engineWith(
  seals: readonly Seal[] | null,
  options: Partial<EngineOptions> & { before?: readonly (readonly Seal[])[] } = {},
): Promise<Engine> {
  const { before = [], ...rest } = options;
  const store = seals === null ? sqlite(file) : sealed(sqlite(file), seals, { before });
  const engine = await createEngine({ store, poll: 50, cache: 0, log: (entry) => logs.push(entry), ...rest });
  engines.push(engine);
  return engine;
}

/** All that is on the disk, the write-ahead log included, and what its base64 stands for. */
function onDisk(): string {
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("");
  const decoded = text.match(/[\w+/]{40,}/g)?.map((data) => Buffer.from(data, "base64").toString("latin1"));
  return text + (decoded ?? []).join("\n");
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("it never holds");
}

const parked = (engine: Engine, id: string, kind: string) =>
  until(async () => (await engine.get(id))?.waits.some((wait) => wait.kind === kind) === true);
const blocked = (engine: Engine, id: string) =>
  until(async () => (await engine.list()).find((run) => run.id === id)?.status === "blocked");
const reasonOf = async (engine: Engine, id: string) =>
  (await engine.list()).find((run) => run.id === id)!.blocked!.reason;

/** Waits for an event; a local is needed afterwards. */
const waits = program(
  "const local = args[0] + '!'; const got = await event('answer ' + args[1]); return local + got;",
);

/** Holds what is cut into chunks. */
const large = program(
  `const text = "0123456789abcdef".repeat(25000), rows = Array.from({ length: 5000 }, (_, i) => ({ name: "row " + i, i }));
   const got = await event("answer"); return [text.length, rows.at(-1).name, got];`,
);

function change(sql: string, ...values: (string | number)[]): void {
  const driver = openDriver(file, 1000);
  driver.prepare(sql).run(...values);
  driver.close();
}
function stored(sql: string): string {
  const driver = openDriver(file, 1000);
  const [value] = Object.values(driver.prepare(sql).get()!);
  driver.close();
  return String(value);
}

/** Leaves a text in each place where the store keeps some. */
const { everywhere } = load(
  `import { event, mutex, send, sleep, start, step } from "coldframe";
  export async function work(text) { "use step"; return "OUTCOME-" + text; }
  export const held = step(async function held(text) { throw new Error("FAILURE-" + text); }, { onFailure: "hold" });
  export async function child(text) { "use workflow"; await sleep(1); return "CHILD-" + text; }
  export async function everywhere(word) {
    "use workflow";
    const local = "LOCAL-" + word;
    const big = ("LARGE-" + word + " ").repeat(20000);
    const list = Array.from({ length: 5000 }, (_, i) => ({ name: "LISTED-" + word + i }));
    const outcome = await work("ARGUMENT-" + word);
    send("mail", "SENT-" + word);
    const mail = await event("mail");
    const end = await start(child, ["CALL-" + word]);
    const place = await mutex("door");
    const mended = await held("ARGUMENT-" + word);
    const answer = await event("answer");
    return ["RESULT-" + word, local, big.length, list[7].name, outcome, mail, end, mended, answer];
  }`,
) as { everywhere: Program };

describe("a sealed database", () => {
  it.each([
    ["encrypted", () => [aes("a")]],
    ["compressed and encrypted", () => [gzip(), aes("a")]],
    [
      "compressed, signed and encrypted",
      () => [deflate({ from: 0 }), hmac({ keys: { s: key(9) }, current: "s" }), aes("a")],
    ],
  ])("holds no text of a user, and runs do what they do: %s", async (_, make) => {
    const word = "Xyzzy";
    const plain = `plain-${word}`;
    const engine = await engineWith(make());
    const run = await engine.start(everywhere, [word], { id: "all" });
    await until(async () => (await engine.list()).some(({ held }) => held === 1));
    expect((await engine.get("all"))!.attempts[0]!.error).toBe(`FAILURE-ARGUMENT-${word}`);
    expect((await engine.get("all"))!.args).toEqual([word]);
    expect(onDisk()).not.toContain(word);
    await engine.resolve("all", `MENDED-${word}`);
    await parked(engine, "all", "event");
    const { waits: waiting } = (await engine.get("all"))!;
    expect(waiting[0]!.stack[0]!.locals.find(({ name }) => name === "local")!.text).toBe(`"LOCAL-${word}"`);
    await engine.send("nobody waits", `PAYLOAD-${word}`);
    expect(onDisk()).not.toContain(word);
    await engine.send("answer", `PAYLOAD-${word}`);
    expect(await run.result()).toEqual([
      ...[`RESULT-${word}`, `LOCAL-${word}`, 240_000, `LISTED-${word}7`, `OUTCOME-ARGUMENT-${word}`],
      ...[`SENT-${word}`, `CHILD-CALL-${word}`, `MENDED-${word}`, `PAYLOAD-${word}`],
    ]);
    // What the test looks for is found where it is.
    await engine.start(waits, [1, 2], { id: "visible", tags: { plain } });
    expect(onDisk()).toContain(plain);
    await engine.close();
    expect(onDisk().replaceAll(plain, "")).not.toContain(word);
  });

  it("carries runs on in another process, from where they are, and clones and starts them again", async () => {
    const first = await engineWith([gzip({ from: 0 }), aes("a")]);
    await first.start(waits, ["x", 1], { id: "r" });
    await parked(first, "r", "event");
    await first.close();
    const second = await engineWith([gzip({ from: 0 }), aes("a")], { worker: false });
    const clone = await second.clone("r", { id: "copy" });
    const twice = await second.clone("copy", { id: "copy of the copy" });
    const again = await second.restart("r", { id: "again" });
    const third = await engineWith([gzip({ from: 0 }), aes("a")]);
    for (let i = 0; i < 4; i++) await third.send("answer 1", i);
    const results = await Promise.all([third.run("r"), clone, twice, again].map((run) => run.result()));
    expect(results.sort()).toEqual(["x!0", "x!1", "x!2", "x!3"]);
  });

  it("opens with old keys, seals with the current one, and blocks a run whose key is not here until it is", async () => {
    const first = await engineWith([aes("a")]);
    await first.start(waits, ["x", 1], { id: "r" });
    await parked(first, "r", "event");
    await first.close();
    const lacking = await engineWith([aes("b")]);
    await lacking.start(waits, ["y", 2], { id: "other" });
    await lacking.send("answer 1", "?");
    await blocked(lacking, "r");
    expect(await reasonOf(lacking, "r")).toMatch(/^CF2202 .* of run "r": aesGcm\(\) has no key "a"/);
    await expect(lacking.get("r")).rejects.toMatchObject({ code: "CF2202" });
    await lacking.send("answer 2", "?");
    expect(await lacking.run("other").result()).toBe("y!?");
    await lacking.close();
    const rotated = await engineWith([aes("b", "a")]);
    await until(() =>
      rotated.unblock("r").then(async () => (await rotated.list({ status: "done" })).length === 2),
    );
    expect(await rotated.run("r").result()).toBe("x!?");
    await rotated.close();
    const later = await engineWith([aes("b")]);
    expect(await later.run("r").result()).toBe("x!?");
  });

  it("blocks the one run whose snapshot was changed; once that is restored, it goes on", async () => {
    const first = await engineWith([aes("a")]);
    for (const id of ["r", "s", "t"]) {
      await first.start(waits, [id, id], { id });
      await parked(first, id, "event");
    }
    await first.close();
    const row = "SELECT body FROM states WHERE n = (SELECT n FROM runs WHERE id = 'r')";
    const before = stored(row);
    const set = "UPDATE states SET body = ? WHERE n = (SELECT n FROM runs WHERE id = 'r')";
    const at = before.length - 40;
    change(set, `${before.slice(0, at)}${before[at] === "A" ? "B" : "A"}${before.slice(at + 1)}`);
    const second = await engineWith([aes("a")]);
    for (const id of ["r", "s", "t"]) await second.send(`answer ${id}`, "?");
    expect(await Promise.all(["s", "t"].map((id) => second.run(id).result()))).toEqual(["s!?", "t!?"]);
    await blocked(second, "r");
    expect(await reasonOf(second, "r")).toMatch(/^CF2203 .*the snapshot of run "r"/);
    expect(logs.some(({ message }) => message.includes("CF2203"))).toBe(true);
    change(set, before);
    await second.unblock("r");
    expect(await second.run("r").result()).toBe("r!?");
  });

  it.each([
    [
      "is not as it was written",
      "UPDATE chunks SET body = substr(body, 1, length(body) - 41) || 'AAAA' || substr(body, -37)",
    ],
    ["is another one", "UPDATE chunks SET body = (SELECT body FROM chunks WHERE c = 1)"],
    ["is not sealed", "UPDATE chunks SET body = 'xxxx'"],
    ["is gone", "DELETE FROM chunks WHERE c > 1"],
  ])(
    "blocks a run of which a part of a large value %s; once that is restored, it goes on",
    async (_, sql) => {
      const first = await engineWith([aes("a")]);
      await first.start(large, [], { id: "r" });
      await first.start(waits, ["s", "s"], { id: "s" });
      for (const id of ["r", "s"]) await parked(first, id, "event");
      await first.close();
      change("CREATE TABLE kept AS SELECT * FROM chunks");
      expect(Number(stored("SELECT count(*) FROM chunks"))).toBeGreaterThan(2);
      change(sql);
      const second = await engineWith([aes("a")]);
      await second.send("answer", 2);
      await second.send("answer s", "?");
      expect(await second.run("s").result()).toBe("s!?");
      await blocked(second, "r");
      expect(await reasonOf(second, "r")).toMatch(/^CF(2102|2201|2203) /);
      change("INSERT OR REPLACE INTO chunks SELECT * FROM kept");
      await second.unblock("r");
      expect(await second.run("r").result()).toEqual([400_000, "row 4999", 2]);
    },
  );

  it.each([
    [
      "the snapshot of another run",
      "UPDATE states SET body = (SELECT body FROM states WHERE n = 2) WHERE n = 1",
    ],
    [
      "the call of another run",
      "UPDATE origins SET call = (SELECT call FROM origins WHERE n = 2) WHERE n = 1",
    ],
    ["a text that is not sealed", "UPDATE states SET body = '[]' || char(10) || '{}' WHERE n = 1"],
  ])("does not carry on with %s", async (_, sql) => {
    const first = await engineWith([aes("a")]);
    for (const id of ["r", "s"]) {
      await first.start(waits, [id, id], { id });
      await parked(first, id, "event");
    }
    await first.close();
    change(sql);
    const second = await engineWith([aes("a")]);
    await second.send("answer r", "?");
    await blocked(second, "r");
    expect(await reasonOf(second, "r")).toMatch(/^CF220[13] /);
  });

  it("blocks a run for which a text came that nobody sealed, and nothing of it is lost", async () => {
    const first = await engineWith([aes("a")]);
    await first.start(waits, ["x", 1], { id: "r" });
    await parked(first, "r", "event");
    const stranger = await engineWith(null, { worker: false });
    await stranger.send("answer 1", "forged");
    await blocked(first, "r");
    expect(await reasonOf(first, "r")).toMatch(/^CF2201 .*is not sealed/);
    await first.close();
    const lenient = await engineWith([aes("a")], { before: [[]] });
    await until(() =>
      lenient.unblock("r").then(async () => (await lenient.list({ status: "done" })).length === 1),
    );
    expect(await lenient.run("r").result()).toBe("x!forged");
  });

  it("tells a process without seals what it lacks", async () => {
    const first = await engineWith([gzip(), aes("a")]);
    await first.start(waits, ["x", 1], { id: "r" });
    await parked(first, "r", "event");
    await first.close();
    const bare = await engineWith(null);
    await bare.send("other", 1);
    await bare.cancel("r");
    await blocked(bare, "r");
    expect(await reasonOf(bare, "r")).toMatch(/^CF2201 .*sealed with gzip\+aes-gcm/);
  });

  it("is entered and left with runs parked in it", async () => {
    const bare = await engineWith(null);
    await bare.start(waits, ["x", 1], { id: "r" });
    await parked(bare, "r", "event");
    await bare.close();
    const sealing = await engineWith([aes("a")], { before: [[]] });
    await sealing.start(waits, ["y", 2], { id: "s" });
    await parked(sealing, "s", "event");
    await sealing.send("answer 1", "?");
    expect(await sealing.run("r").result()).toBe("x!?");
    await sealing.close();
    const leaving = await engineWith([], { before: [[aes("a")]] });
    await leaving.send("answer 2", "?");
    expect(await leaving.run("s").result()).toBe("y!?");
    await leaving.close();
    const again = await engineWith(null);
    expect(await again.run("s").result()).toBe("y!?");
  });

  it("tries a write again while a seal fails", async () => {
    let failing = 3;
    const shaky: Seal = {
      name: "shaky",
      seal: async (bytes) => {
        if (failing-- > 0) throw new Error("the key service does not answer");
        return bytes;
      },
      open: async (bytes) => bytes,
    };
    const engine = await engineWith([shaky]);
    await expect(engine.start(waits, ["x", 1], { id: "r" })).rejects.toThrow("does not answer");
    failing = 0;
    await engine.start(waits, ["x", 1], { id: "r" });
    failing = 2;
    await parked(engine, "r", "event");
    failing = 0;
    await engine.send("answer 1", "?");
    expect(await engine.run("r").result()).toBe("x!?");
  });

  it("hides what a schedule calls with and what a step tells of its progress", async () => {
    const { main } = load(
      `import { stepContext } from "coldframe"; import { hold } from "world";
      export async function work(text) { "use step"; stepContext().heartbeat("PROGRESS-" + text); await hold; return text; }
      export async function main(text) { "use workflow"; return await work(text); }`,
      { hold: new Promise((resolve) => (release = resolve as () => void)) },
    ) as { main: Program };
    const engine = await engineWith([aes("a")]);
    await engine.schedule("nightly", { cron: "0 3 * * *", workflow: main, args: ["Xyzzy"], paused: true });
    await engine.start(main, ["Xyzzy"], { id: "r" });
    await until(async () => (await engine.get("r"))?.waits[0]?.progress === "PROGRESS-Xyzzy");
    expect(onDisk()).not.toContain("Xyzzy");
    release();
    expect(await engine.run("r").result()).toBe("Xyzzy");
    await engine.close();
    const lacking = await engineWith([aes("b")]);
    expect(await lacking.schedules.list()).toMatchObject([{ id: "nightly", cron: "0 3 * * *" }]);
  });
});
