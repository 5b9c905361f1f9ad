/**
 * A rolling deploy and its withdrawal, A → B → A, with runs under way all the time: real processes over one file. Each run ends with
 * the value of a code that it was in, or is blocked, and the reason is true.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compileModule } from "../../plugins/compile-module.ts";
import { createEngine, type Engine, type RunRow } from "../../runtime/index.ts";
import { encodeValue } from "../../runtime/snapshot/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { newRun } from "../stores/contract.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What a process runs: without the compiler, so that it begins soon. */
const WORKER = `
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import "./flow.js";
const engine = await createEngine({ store: sqlite("../runs.db"), poll: "1s" });
process.once("SIGTERM", () => engine.close().then(() => process.exit()));
process.send("working");
`;

/** In B, the await of `changed` is another one, and numbers of `stays` are thousands. */
const flows = (name: "A" | "B") => `
import { sleep, upgrade } from "coldframe";
export async function add(i) { "use step"; return i; }
export async function same() {
  "use workflow";
  let sum = 0;
  for (let i = 1; i <= 4; i++) { sum += await add(i); await sleep(30); }
  return sum;
}
export async function edited() {
  "use workflow";
  ${name === "A" ? "" : 'const unused = "b"; void unused;'}
  let sum = 0;
  for (let i = 1; i <= 4; i++) { sum += await add(i); await sleep(30); }
  return sum;
}
export async function changed() {
  "use workflow";
  let sum = 0;
  for (let i = 1; i <= 4; i++) { sum += await add(i); await sleep(${name === "A" ? 30 : 35}); }
  return sum;
}
export async function stays() {
  "use workflow";
  let sum = 0;
  for (let i = 1; i <= 4; i++) { sum += ${name === "A" ? 1 : 1000} * (await add(i)); await sleep(30); }
  return sum;
}
upgrade(stays, "pinned");
`;
const WORKFLOWS = ["same", "edited", "changed", "stays"] as const;
const EACH = 4;

let folder: string;
let client: Engine;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-rolling-"));
  for (const name of ["A", "B"] as const) {
    mkdirSync(join(folder, name, "node_modules"), { recursive: true });
    symlinkSync(root, join(folder, name, "node_modules/coldframe"), "dir");
    writeFileSync(join(folder, name, "package.json"), '{ "name": "shop", "type": "module" }');
    const { code } = compileModule(flows(name), join(folder, name, "flow.js"))!;
    writeFileSync(join(folder, name, "flow.js"), code);
    writeFileSync(join(folder, name, "worker.js"), WORKER);
  }
  client = await createEngine({ store: sqlite(join(folder, "runs.db")), worker: false, log: () => {} });
});
afterEach(async () => {
  for (const child of children) {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
  children.clear();
  await client.close();
  rmSync(folder, { recursive: true });
});

async function worker(name: "A" | "B"): Promise<ChildProcess> {
  const child = fork(join(folder, name, "worker.js"), { cwd: join(folder, name), silent: true });
  children.add(child);
  let output = "";
  child.stderr!.on("data", (chunk) => (output += chunk));
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error(output))),
  ]);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
  children.delete(child);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function start(phase: string): Promise<void> {
  const runs = WORKFLOWS.flatMap((name) =>
    Array.from({ length: EACH }, (_, i) =>
      newRun(`${phase} ${name} ${i}`, { entry: `shop/flow.js#${name}`, call: encodeValue([]) }),
    ),
  );
  await client.store.start(runs, null);
}

/** All that were started have been begun. */
const begun = () => until(async () => (await client.list()).every(({ turn }) => turn > 0));

async function atRest(): Promise<readonly RunRow[]> {
  let rows: readonly RunRow[] = [];
  await until(async () => {
    rows = await client.list({ limit: 1000 });
    return rows.every(({ status }) => status !== "active");
  });
  return rows;
}

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  same: [10],
  edited: [10],
  changed: [10],
  stays: [10, 10_000],
};

async function check(rows: readonly RunRow[], build: string): Promise<number> {
  let blocked = 0;
  for (const row of rows) {
    const name = row.entry.slice(row.entry.indexOf("#") + 1);
    if (row.status === "done") {
      expect(VALUES[name]).toContain(await client.run(row.id).result());
      continue;
    }
    blocked++;
    // What was last run by a code that nobody holds: one cannot be carried over, the other must not be.
    const code = { changed: "CF2103", stays: "CF2404" }[name];
    expect([row.id, row.status, row.blocked?.reason, row.build]).toEqual([
      ...[row.id, "blocked", expect.stringMatching(`^${code}\\b`), build],
    ]);
  }
  return blocked;
}

test("A → B → A under load: every run ends with a right value, or is blocked with a true reason", async () => {
  const [a1, a2] = await Promise.all([worker("A"), worker("A")]);
  await start("a");
  await begun();
  const buildA = (await client.list({ limit: 1 }))[0]!.build!;
  await stop(a1!);
  const b1 = await worker("B");
  await start("mixed");
  await begun();
  await start("last of a");
  await stop(a2!);
  const blockedInB = await check(await atRest(), buildA);
  await start("b");
  await begun();
  const buildB = (await client.list({ limit: 1 }))[0]!.build!;
  expect(buildB).not.toBe(buildA);
  await stop(b1);
  await worker("A");
  const rows = await atRest();
  // What was blocked for want of A has gone on by itself.
  expect(rows.filter(({ status, build }) => status === "blocked" && build === buildA)).toEqual([]);
  const blockedInA = await check(rows, buildB);
  await worker("B");
  await until(async () => (await client.counts()).blocked === 0);
  expect(await check(await atRest(), "none")).toBe(0);
  expect(rows).toHaveLength(WORKFLOWS.length * EACH * 4);
  expect(blockedInA + blockedInB).toBeGreaterThan(0);
});
