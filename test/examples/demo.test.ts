/** What a new user sees first: `npm start`, and the second example, as processes of their own. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { root } from "./support/bundle.ts";

/** Of this test alone, so that what is left in it was left by the tour. */
const temporary = mkdtempSync(join(tmpdir(), "coldframe-demo-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const node = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, TMPDIR: temporary } });

test("the tour: parked, killed, shown, answered, finished by another process", async () => {
  const { stdout, stderr } = await node("examples/expand-capacity/demo.mjs");
  expect(stderr).toBe("");
  const story = [
    /worker \d+ +starts expandCapacity\("B6"\)/,
    /res .*request_new_server = \{"ip":"10\.0\.0\.1"\}/,
    /chat .*ask question=put 10\.0\.0\.1 into service\?/,
    /killed with SIGKILL/,
    /> 10 \| {3}if \(!\(await approval\)\) return/,
    /ip = "10\.0\.0\.1"/,
    /person .* yes/,
    /cc .*update_module ! busy/,
    /gslb .*add_ip_to_domain domain=abc\.com ip=10\.0\.0\.1/,
    /finished: expandCapacity\("B6"\) returned "10\.0\.0\.1"/,
    /What to try next/,
  ];
  let rest = stdout;
  for (const line of story) {
    expect(rest).toMatch(line);
    rest = rest.slice(rest.search(line));
  }
  const workers = new Set([...stdout.matchAll(/^ {2}worker (\d+)/gm)].map(([, pid]) => pid));
  expect(workers.size).toBe(2);
  for (const line of stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(100);
  expect(readdirSync(temporary).filter((name) => name.startsWith("coldframe-tour-"))).toEqual([]);
});

test("the upgrade, with all that can go wrong", async () => {
  const { stdout } = await node("--import", "coldframe/register", "examples/upgrade-game/main.ts");
  expect([...stdout.matchAll(/result: (.*)/g)].map(([, result]) => result)).toEqual([
    "upgraded",
    "upgraded",
    "upgraded",
    "rolled back: bad sql",
    "rolled back: bad sql; bad zip",
    "ROLLBACK FAILED: dump corrupt",
  ]);
});
