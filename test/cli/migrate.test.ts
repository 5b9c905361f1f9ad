/** `coldframe migrate`: parked runs under code that was moved and changed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { here, main, node as start } from "./support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "coldframe-migrate-"));
const database = join(folder, "runs.db");

const node = (...args: string[]) => start(args, { COLDFRAME_STORE: database });
const cli = (...words: string[]) => here(words, { COLDFRAME_STORE: database });

const outcomes = (out: string) =>
  Object.fromEntries(
    (JSON.parse(out) as { run: string; outcome: string }[]).map(({ run, outcome }) => [run, outcome]),
  );

beforeAll(async () => {
  const { code, err } = await node("--import", "coldframe/register", "test/cli/support/seed.ts", database);
  if (code !== 0) throw new Error(err);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the same code: everything goes on", async () => {
  const { code, out } = await node(main, "migrate", "test/cli/support/flows.ts", "--dry-run", "--json");
  expect(outcomes(out)).toEqual({ "order-1": "same", "nap-1": "same", "stuck-1": "same" });
  expect(code).toBe(0);
});

test("changed code: told for each run, exit code 1 as some are blocked, and nothing written", async () => {
  const later = ["migrate", "test/cli/support/later-flows.ts", "--dry-run"];
  const { code, out } = await node(main, ...later, "--json");
  expect(outcomes(out)).toEqual({ "order-1": "migrated", "nap-1": "blocked", "stuck-1": "blocked" });
  expect(code).toBe(1);
  const told = await node(main, ...later);
  expect(told.out).toMatch(/^RUN +WORKFLOW +OUTCOME/);
  expect(told.out).toMatch(/nap-1 .*blocked .*CF2103/);
  expect(told.out).toMatch(/0 same, 0 goes on, 1 migrated, 2 blocked; nothing was written$/);
  expect(JSON.parse((await cli("show", "order-1", "--json")).out).run.turn).toBe(2);
});

test("carried out: the runs are woken for a worker with this code", async () => {
  const { out } = await node(main, "migrate", "test/cli/support/later-flows.ts");
  expect(out).toMatch(/; 1 woken$/);
  const due = (JSON.parse((await cli("runs", "--json")).out) as { id: string; due: number }[]).find(
    ({ id }) => id === "order-1",
  )!.due;
  // At once, by the clock of the store.
  expect(due).not.toBeNull();
  expect(due).toBeLessThanOrEqual(Date.now());
});

test("without a module it says what is missing", async () => {
  const { code, err } = await node(main, "migrate", "--dry-run");
  expect(code).toBe(2);
  expect(err).toContain("a module with workflows is missing");
});
