/** `coldframe check --watch`: what it says while somebody edits, with the runs of a store. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");

const flow = `"use workflow";
import { event } from "coldframe";

export async function flow(n: number) {
  const k = n * 2;
  const first = await event<number>({ key: "first" });
  return [first, k];
}
`;
const START = `import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { flow } from "./flow.ts";
const engine = await createEngine({ store: sqlite("runs.db"), log: () => {} });
await engine.start(flow, [1], { id: "a" });
for await (const state of engine.run("a").watch()) if (state.waits.length > 0) break;
await engine.close();
`;

let folder: string;
let child: ChildProcess | null = null;
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const node = (...words: string[]) => execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-watch-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
  write("package.json", JSON.stringify({ name: "shop", version: "1.2.0", type: "module" }));
  const compilerOptions = {
    ...{ target: "ES2022", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: true },
    ...{ types: [], allowImportingTsExtensions: true },
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["flow.ts", "more.ts"] }));
  write("flow.ts", flow);
});
afterEach(async () => {
  if (child !== null) {
    const closed = once(child, "close");
    child.kill();
    await closed;
    child = null;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** What it says next. */
type Next = (pattern: RegExp) => Promise<string>;

function watching(...options: string[]): Next {
  const { NO_COLOR: _, COLDFRAME_STORE: __, ...env } = process.env;
  child = spawn(process.execPath, [main, "check", "--watch", ...options], { cwd: folder, env });
  let said = "";
  let wake = () => {};
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk) => {
      said += chunk;
      wake();
    });
  child.on("close", (code) => {
    said += `ended with ${code}`;
    wake();
  });
  return async (pattern) => {
    for (;;) {
      const found = pattern.exec(said);
      if (found !== null) {
        const before = said.slice(0, found.index + found[0].length);
        said = said.slice(before.length);
        return before;
      }
      if (said.includes("ended with")) throw new Error(said);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

test("checks again when a file changes or comes, and outlives what is half written", {
  timeout: 120_000,
}, async () => {
  const next = watching();
  await next(/0 errors, 0 warnings\. Nothing was released yet/);
  write("flow.ts", flow.replace("export async function flow(n", "export async function flow(((n"));
  expect(await next(/[1-9]\d* errors?, /)).toContain("CF1001");
  write("flow.ts", flow);
  await next(/0 errors, 0 warnings/);
  write("coldframe.lock.json", "<<<<<<< ours\n");
  expect(await next(/CF3301[^\n]*/)).toContain("merge conflict");
  rmSync(join(folder, "coldframe.lock.json"));
  await next(/0 errors, 0 warnings/);
  const more = flow.replace("function flow", "function more");
  write("more.ts", more);
  await next(/0 errors, 0 warnings/);
  write("more.ts", more.replace("n * 2", "n * ("));
  expect(await next(/[1-9]\d* errors?, /)).toContain("more.ts");
});

test("tries parked runs under the code as it is now", { timeout: 120_000 }, async () => {
  write("start.ts", START);
  node("--import", "coldframe/register", "start.ts");
  node(main, "release");
  const next = watching("--store", "runs.db");
  await next(/1 parked run: 1 go on, 0 do not/);
  write("flow.ts", flow.replaceAll(/\bk\b/g, "twice"));
  expect(await next(/1 parked run: 0 go on, 1 do not/)).toMatch(/blocked {2}run a\n {2}CF2103 .*"twice"/);
  write("flow.ts", flow.replace("return [first, k]", "return [k]"));
  await next(/1 parked run: 1 go on, 0 do not/);
});
