/** Real worker processes that are stopped, killed and told to end, over one file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { encodeValue } from "../../runtime/snapshot/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { newRun } from "../stores/contract.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");
const module = "test/cli/support/ledger-flows.ts";

let folder: string;
let store: string;
let ledger: string;
let client: Engine;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-takeover-"));
  store = join(folder, "runs.db");
  ledger = join(folder, "ledger");
  client = await createEngine({ store: sqlite(store), worker: false, poll: 100, log: () => {} });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
  await client.close();
  rmSync(folder, { recursive: true });
});

async function worker(...options: string[]): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(process.execPath, [main, "work", module, "--store", store, ...options], { cwd: root });
  children.push(child);
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  await until(() => output.includes("working"));
  return { child, output: () => output };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const lines = () => (existsSync(ledger) ? readFileSync(ledger, "utf8").trim().split("\n") : []);

/** Starts `flow`, whose code this process has not loaded. */
async function startFlow(id: string, ms: number): Promise<void> {
  const entry = "coldframe/test/cli/support/ledger-flows.ts#flow";
  await client.store.start([newRun(id, { entry, call: encodeValue([ledger, ms]) })], null);
}

const result = (id: string) => client.run<string>(id).result();

test("a process that was stopped past its lease records nothing, and its step had key and fence", async () => {
  const zombie = await worker("--lease", "1s");
  await startFlow("r", 400);
  await until(() => lines()[0]?.startsWith("begin") === true);
  zombie.child.kill("SIGSTOP");
  const heir = await worker("--lease", "1s");
  expect(await result("r")).toBe(`${heir.child.pid}`);
  zombie.child.kill("SIGCONT");
  await until(() => zombie.output().includes("lease of this worker ended"));
  expect(await result("r")).toBe(`${heir.child.pid}`);
  const begun = lines().filter((line) => line.startsWith("begin first"));
  expect(begun.map((line) => line.split(" ").slice(2, 4))).toEqual([
    ["r/1", "1"],
    ["r/1", "2"],
  ]);
  expect((await client.get("r"))!.epoch).toBe(2);
});

test("the runs of a killed process go on elsewhere within its lease", async () => {
  const both = [await worker("--lease", "2s"), await worker("--lease", "2s")];
  await startFlow("r", 2000);
  await until(() => lines()[0]?.startsWith("begin") === true);
  const victim = both.find(({ child }) => lines()[0]!.includes(` ${child.pid}.`))!;
  victim.child.kill("SIGKILL");
  await until(() => lines().filter((line) => line.startsWith("begin first")).length === 2);
  await result("r");
});

test("SIGTERM parks what there is within the grace time; a second one ends it at once", async () => {
  const { child, output } = await worker("--grace", "200ms");
  await startFlow("r", 60_000);
  await until(() => lines().length > 0);
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(output()).toContain("stopped");
  expect(await client.get("r")).toMatchObject({ status: "active", worker: null, due: expect.any(Number) });
  const stubborn = await worker("--grace", "10m");
  await until(() => lines().length > 1);
  stubborn.child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 100));
  stubborn.child.kill("SIGINT");
  expect(await once(stubborn.child, "close")).toEqual([null, "SIGINT"]);
});

test("threads share the runs, and all of them park at SIGTERM", async () => {
  const { child } = await worker("--threads", "2");
  for (let i = 0; i < 60; i++) await startFlow(`r${i}`, 100);
  for (let i = 0; i < 60; i++) await result(`r${i}`);
  const executed = lines().filter((line) => line.startsWith("begin"));
  expect(executed).toHaveLength(120);
  expect(new Set(executed.map((line) => line.split(" ").at(-1))).size).toBe(2);
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(await client.store.read.workers()).toEqual([]);
});
