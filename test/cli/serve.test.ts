/** `coldframe serve` as a worker: groups and kept builds, as of `coldframe work`. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "coldframe-serve-"));
const token = "the-token-of-this-test";

const flow = (mark: string) => `
"use workflow";
import { event, upgrade } from "coldframe";
export async function order() { return [await event({ key: "go" }), "${mark}"]; }
export async function broken() {
  const why = await event({ key: "fail" });
  throw new Error(why as string);
}
upgrade(order, "pinned");
upgrade(broken, "pinned");
`;
const START = `
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { broken, order } from "./flow.ts";
await using engine = await createEngine({ store: sqlite("runs.db") });
const run = await engine.start(order, [], { id: "old" });
for await (const state of run.watch()) if (state.waits.length > 0) break;
await engine.start(order, [], { id: "far", group: "far" });
await engine.start(broken, [], { id: "broken" });
for await (const state of engine.run("broken").watch()) if (state.waits.length > 0) break;
`;

const node = (...words: string[]) => execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });

beforeAll(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"));
  writeFileSync(join(folder, "package.json"), '{ "name": "shop", "type": "module" }');
  writeFileSync(join(folder, "flow.ts"), flow("one"));
  writeFileSync(join(folder, "start.ts"), START);
  node(main, "build", "flow.ts", "--keep");
  node("--import", "coldframe/register", "start.ts");
  writeFileSync(join(folder, "flow.ts"), `\n\n${flow("two")}`);
});
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Ask = (path: string, body?: unknown) => Promise<Record<string, unknown>>;

async function serve(...options: string[]): Promise<Ask> {
  const args = [main, "serve", "flow.ts", "--store", "runs.db", "--port", "0", ...options];
  const env = { ...process.env, COLDFRAME_TOKEN: token };
  const child = spawn(process.execPath, args, { cwd: folder, env });
  children.push(child);
  let err = "";
  const base = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      err += chunk;
      const url = /listening at (http:\/\/[\d.:]+)/.exec(err)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.on("close", (code) => reject(new Error(`it ended with ${code}: ${err}`)));
  });
  return async (path, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    return (await (await fetch(`${base}${path}`, init)).json()) as Record<string, unknown>;
  };
}

test("tells the author's lines of a kept build, which are others now", async () => {
  const ask = await serve("--builds", "builds");
  await ask("/events/fail", "no");
  expect(await ask("/runs/broken/result?wait=30s")).toMatchObject({ status: "failed" });
  const { end } = JSON.parse(node(main, "show", "broken", "--json", "--store", "runs.db"));
  expect(end.value.stack).toMatch(/Error: no\n {4}at broken \(.*flow\.ts:7:\d+\)/);
});

test("finishes runs of a kept build beside new ones, of the groups that it is told to serve", async () => {
  const ask = await serve("--builds", "builds", "--group", "default,far");
  await ask("/events/go", 1);
  expect(await ask("/runs/old/result?wait=30s")).toMatchObject({ result: [1, "one"] });
  await ask("/events/go", 2);
  expect(await ask("/runs/far/result?wait=30s")).toMatchObject({ result: [2, "two"] });
});
