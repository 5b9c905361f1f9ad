/** What blocks a worker for ever is told by another thread, while it does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeValue } from "../../runtime/snapshot/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { newRun } from "../stores/contract.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");
const module = "test/cli/support/blocking-flows.ts";

let folder: string;
let child: ChildProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-watchdog-"));
});
afterEach(async () => {
  const closed = once(child!, "close");
  child!.kill("SIGKILL");
  await closed;
  rmSync(folder, { recursive: true });
});

/** @returns the first line of a worker about its event loop */
async function told(flow: string, ...options: string[]): Promise<string> {
  const file = join(folder, "runs.db");
  const store = sqlite(file);
  await store.migrate({});
  const entry = `coldframe/${module}#${flow}`;
  await store.start([newRun("order-1", { entry, call: encodeValue([]) })], null);
  await store.close();
  child = spawn(process.execPath, [main, "work", module, "--store", file, ...options], { cwd: root });
  let output = "";
  for await (const chunk of child.stderr!) {
    output += chunk;
    const line = output.split("\n").find((text) => text.includes("event loop"));
    if (line !== undefined && output.endsWith("\n")) return line;
  }
  throw new Error(`it ended: ${output}`);
}

test("a step, with its run and the line that calls it", async () => {
  const line = await told("step");
  expect(line).toMatch(
    /^warn order-1 \S*blocking-flows\.ts:15: step "spin" has kept the event loop for 1\.\d s and still does; .*\. It is at spin \(\S*blocking-flows\.ts:6:\d+\)/,
  );
});

test("a step that computes after its first await", async () => {
  const line = await told("lateStep");
  expect(line).toMatch(
    /^warn order-1 \S*blocking-flows\.ts:25: the event loop has been blocked for 1\.\d s; .*The only step under way is "late"\. It is at late \(\S*blocking-flows\.ts:31:\d+\)/,
  );
});

test("which of several steps under way has gone on, and where it computes", async () => {
  const line = JSON.parse(await told("oneOfTwo", "--json"));
  const file = String.raw`\S*blocking-flows\.ts`;
  expect(line).toMatchObject({
    run: "order-1",
    at: expect.stringMatching(new RegExp(`^${file}:36$`)),
    stack: [
      expect.stringMatching(new RegExp(`^compute \\(${file}:51:\\d+\\)$`)),
      expect.stringMatching(new RegExp(`^busy \\(${file}:47:\\d+\\)$`)),
    ],
    message: expect.stringMatching(/ It is at compute .*: in step "\S*busy"$/),
  });
});

test("code of a workflow, with the await before it, in a thread and as JSON", async () => {
  const line = JSON.parse(await told("turn", "--threads", "2", "--json"));
  expect(line).toMatchObject({
    level: "warn",
    run: "order-1",
    at: expect.stringMatching(/blocking-flows\.ts:19$/),
    message: expect.stringContaining("the code after this await has kept the event loop"),
  });
});
