/** `npm run test262` on a suite of a few programs: what is wrong is found, and what is refused is told from it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const suite = mkdtempSync(join(tmpdir(), "coldframe-suite-"));
afterAll(() => rmSync(suite, { recursive: true }));

const files = {
  "harness/sta.js": "function Test262Error(message) { this.message = message; }",
  "harness/assert.js":
    "function assert(is, message) { if (is !== true) throw new Test262Error(message); }\nassert.same = function (a, b) { assert(a === b, a + ' is not ' + b); };",
  "test/language/statements/passes.js":
    "var sum = 0; for (var i = 0; i < 3; i++) sum += [i, i][1];\nassert.same(sum, 3); assert.same((function () { return sum; })(), 3);",
  "test/language/statements/asynchronous.js":
    "/*---\nflags: [async]\n---*/\nvar n = 1; Promise.resolve(2).then(function (m) { assert.same(n + m, 3); }).then($DONE, $DONE);",
  // What coldframe does not keep: the text of a function.
  "test/language/expressions/differs.js":
    "var f = function () { return 1 +     1; };\nassert.same(f(), 2); assert(/1 \\+ {5}1/.test(String(f)), 'its text');",
  "test/language/expressions/unsavable.js":
    "var f = Function('return 1'); assert.same(f(), 1); assert.same(f(), 1); assert.same(f(), 1);",
  "test/language/expressions/evaluated.js": "var a = 1; assert.same(eval('a'), 1);",
  "test/built-ins/Array/replaced.js":
    "var n = 0; Array.prototype.count = function () { return ++n; };\nassert.same([].count(), 1); assert.same([].count(), 2); assert.same(n, 2);",
  "test/built-ins/Array/foreign.js": "assert.same([].nothing, 1);",
  "test/built-ins/Array/negative.js":
    "/*---\nnegative:\n  phase: runtime\n  type: RangeError\n---*/\nvar length = -1; new Array(length);",
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(suite, path)), { recursive: true });
  writeFileSync(join(suite, path), `${text}\n`);
}

function run(...options: string[]): { status: number | null; lines: string[] } {
  const main = fileURLToPath(new URL("test262/main.mjs", import.meta.url));
  const { status, stdout } = spawnSync("node", [main, "--suite", suite, "--jobs", "1", ...options], {
    encoding: "utf8",
  });
  return { status, lines: stdout.split("\n").map((line) => line.trim().replace(/ +/g, " ")) };
}

test("as they are", () => {
  const { status, lines } = run("--mode", "plain", "language", "built-ins");
  expect(status).toBe(1);
  expect(lines).toEqual(
    expect.arrayContaining([
      "passed failed differs not here refused",
      "built-ins/Array 4 0 0 2 0",
      "language/expressions 2 2 0 0 2 (2 CF1011)",
      "language/statements 4 0 0 0 0",
      "failed: language/expressions/differs.js",
    ]),
  );
});

test("with awaits: what differs is found, and is found again", () => {
  const options = ["--mode", "awaits", "--seed", "7", "--rate", "0.6"];
  const { status, lines } = run(...options, "language", "built-ins");
  expect(status).toBe(1);
  expect(lines).toEqual(
    expect.arrayContaining([
      "built-ins/Array 1 0 0 1 1 (1 shared)",
      "language/expressions 0 1 0 0 2 (1 CF1011, 1 CF2101)",
      "language/statements 2 0 0 0 0",
      expect.stringMatching(/^saved and restored \d\d+ times$/),
      "failed: language/expressions/differs.js",
    ]),
  );
  const again = lines.find((line) => line.startsWith("npm run test262 -- --suite"))!.split(" ");
  const alone = run(...again.slice(6));
  expect(alone.lines).toContain("language/expressions 0 1 0 0 0");
  expect(alone.lines.join("\n")).toMatch(/\(await [[(]/);
});

test("options that are none", () => {
  expect(run("--mode", "other").status).toBe(2);
});
