/**
 * Promise libraries of npm, unmodified, compiled by `include`: as plain code, as a run, and restored at every await. They are links to a
 * place where coldframe is not found, as strict package managers install them.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The libraries, and what they use themselves. */
const include = ["one-by-one", "p-limit", "yocto-queue", "p-map", "p-queue", "p-timeout", "eventemitter3"];
let folder: string;

const flows = `"use workflow";
import { step } from "coldframe";
import pLimit from "p-limit";
import pMap, { pMapIterable, pMapSkip } from "p-map";
import PQueue from "p-queue";
import oneByOne from "one-by-one";

export const times = step(async (n) => {
  if (n === 13) throw new Error("thirteen");
  return n * 10;
}, { retry: 1 });

export async function limiter() {
  const limit = pLimit(2);
  let active = 0, most = 0;
  const one = async (n) => {
    most = Math.max(most, ++active);
    try { return await times(n); } finally { active--; }
  };
  const results = await Promise.allSettled([1, 2, 13, 4, 5].map((n) => limit(one, n)));
  return [results.map((r) => r.value ?? r.reason.message), most, await limit.map([6, 7], one), limit.activeCount, limit.pendingCount];
}

export async function mapper() {
  const some = await pMap([1, 2, 3, 4], async (n, i) => (n === 3 ? pMapSkip : (await times(n)) + i), { concurrency: 2 });
  const failure = await pMap([1, 13, 2], times, { concurrency: 1 }).catch((error) => error.message);
  const failures = await pMap([13, 1, 13], times, { concurrency: 2, stopOnError: false }).catch(({ errors }) => errors.length);
  async function* source() { yield 1; yield await times(2); }
  const drawn = [];
  for await (const n of pMapIterable(source(), times, { concurrency: 2, backpressure: 2 })) drawn.push(n);
  return [some, failure, failures, drawn];
}

export async function inTurn() {
  const order = [];
  const all = await oneByOne([1, 2, 3], async (n) => { order.push(n); const r = await times(n); order.push(r); return r; });
  return [all, order];
}

export async function queue() {
  const queue = new PQueue({ concurrency: 2 });
  const order = [];
  queue.on("completed", (result) => order.push(result));
  const job = (n) => async () => times(n);
  const done = await Promise.all([queue.add(job(1)), queue.add(job(2), { priority: 1 }), queue.addAll([job(4), job(5)])]);
  await queue.onIdle();
  queue.pause();
  const late = queue.add(job(6));
  const waiting = queue.size;
  queue.start();
  const failure = await queue.add(job(13)).catch((error) => error.message);
  await queue.onIdle();
  return [done, [...order].sort(), waiting, await late, failure, queue.size, queue.pending];
}
`;

/** In CommonJS, of no package manager. */
const oneByOne = `module.exports = function (list, f) {
  return list.reduce((before, one) => before.then(async (all) => all.concat(await f(one))), Promise.resolve([]));
};
`;

const main = `import { runScenario, World } from "coldframe/testing";
import * as flows from "./flows.mjs";
for (const name of ["limiter", "mapper", "inTurn", "queue"])
  for (const regime of ["plain", "memory", "park"]) {
    const { status, value, error } = await runScenario(flows[name], [], { regime, world: new World() });
    console.log([name, regime, status, JSON.stringify(value), ...(error ? [error] : [])].join(" "));
  }
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "coldframe-packages-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/coldframe"));
  const own = join(folder, "elsewhere/node_modules/one-by-one");
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "package.json"), JSON.stringify({ name: "one-by-one", main: "index.js" }));
  writeFileSync(join(own, "index.js"), oneByOne);
  symlinkSync(own, join(folder, "node_modules/one-by-one"));
  for (const name of include.slice(1))
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", coldframe: { include } }));
  writeFileSync(join(folder, "flows.mjs"), flows);
  writeFileSync(join(folder, "main.mjs"), main);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a limiter, a mapper and a queue of npm", () => {
  const output = execFileSync("node", ["--import", "coldframe/register", "--no-warnings", "main.mjs"], {
    cwd: folder,
    encoding: "utf8",
  });
  const expected = {
    limiter: [[10, 20, "thirteen", 40, 50], 2, [60, 70], 0, 0],
    mapper: [[10, 21, 43], "thirteen", 2, [10, 200]],
    inTurn: [
      [10, 20, 30],
      [1, 10, 2, 20, 3, 30],
    ],
    queue: [[10, 20, [40, 50]], [10, 20, 40, 50, 60], 1, 60, "thirteen", 0, 0],
  };
  expect(output.trim().split("\n")).toEqual(
    Object.entries(expected).flatMap(([name, value]) =>
      ["plain", "memory", "park"].map((regime) => `${name} ${regime} done ${JSON.stringify(value)}`),
    ),
  );
});
