/**
 * `npm run test262 -- SUITE [path…]`: programs of the official ECMAScript conformance suite, from a checkout of it, natively, compiled
 * whole, and compiled and saved and restored between any two jobs. What the engine itself does not pass is not asked of us.
 *
 *   SUITE               the folder with the suite's `harness` and `test`
 *   path…               below `test`; without one, the parts that a compiler of functions can break
 *   --jobs N            processes (default: cores)
 *   --write FILE        what was refused or failed, one line each: path, mode and regime, why
 *   --part K/N          every Nth file, from the Kth on
 *   --native            also what the engine itself does not pass
 */
import { fork } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { exit, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "vite";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: "string", default: String(availableParallelism()) },
    write: { type: "string" },
    part: { type: "string", default: "1/1" },
    native: { type: "boolean", default: false },
  },
});
const [suite, ...wanted] = positionals;
if (suite === undefined || !existsSync(join(suite, "harness/sta.js"))) {
  console.error(
    "usage: npm run test262 -- SUITE [path…] [--jobs N] [--write FILE] [--part K/N] [--native]\nSUITE has the folders harness and test.",
  );
  exit(2);
}

const parts = [
  "language",
  ...["Promise", "AsyncFunction", "AsyncGeneratorFunction", "AsyncGeneratorPrototype"],
  ...["AsyncFromSyncIteratorPrototype", "AsyncIteratorPrototype", "GeneratorFunction", "GeneratorPrototype"],
  ...["Iterator", "ArrayIteratorPrototype", "MapIteratorPrototype", "SetIteratorPrototype"],
  ...["StringIteratorPrototype", "DisposableStack", "AsyncDisposableStack", "Function", "Array/fromAsync"],
].map((one) => (one === "language" ? one : `built-ins/${one}`));
/** A worker is replaced after as many programs, for realms are many and memory is not. */
const PROGRAMS_A_WORKER = 300;
/** A program that has not ended after as many milliseconds never will. */
const PATIENCE = 60_000;

function* files(folder) {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) return yield folder;
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (name.endsWith(".js") && !name.includes("_FIXTURE")) yield path;
  }
}

async function bundled() {
  const folder = fileURLToPath(new URL("../../../node_modules/.cache/coldframe-test262/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const entry = fileURLToPath(new URL("../../../dist/runtime/testing/index.js", import.meta.url));
  const lib = { entry, formats: ["iife"], name: "coldframeTesting", fileName: "machine" };
  await build({
    configFile: false,
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: false, target: "es2022", minify: false, lib },
  });
  return join(folder, "machine.iife.js");
}

const [part, of] = values.part.split("/").map(Number);
const test = join(suite, "test");
const all = new Set((wanted.length > 0 ? wanted : parts).flatMap((part) => [...files(join(test, part))]));
const queue = [...all].filter((_, index) => index % of === part - 1);
const total = queue.length;
const counts = { programs: 0, "not of this engine": 0, refused: 0, passed: 0, failed: 0 };
const out = values.write === undefined ? stdout : createWriteStream(values.write);

/** @param {string} how mode and regime */
function report(path, how, end) {
  out.write(`${path}\t${how}\t${end.replaceAll("\n", " ")}\n`);
}

function note(path, { mode, ...ends }) {
  counts.programs++;
  const failed = Object.entries(ends).filter(([, end]) => end !== "passed");
  if (failed.length === 0) counts.passed++;
  else if (failed.some(([regime]) => regime === "native")) counts["not of this engine"]++;
  else if (failed.every(([, end]) => end.startsWith("refused"))) counts.refused++;
  else counts.failed++;
  if (values.native || ends.native === "passed")
    for (const [regime, end] of failed) report(path, `${mode}, ${regime}`, end);
}

async function work(bundle) {
  while (queue.length > 0) {
    const child = fork(fileURLToPath(new URL("worker.mjs", import.meta.url)), [suite, bundle], {
      execArgv: ["--experimental-vm-modules", "--no-warnings", "--max-old-space-size=3000"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let left = PROGRAMS_A_WORKER;
    let path = null;
    let under = "";
    await new Promise((ended) => {
      let patience;
      const next = () => {
        clearTimeout(patience);
        path = left-- > 0 ? (queue.shift() ?? null) : null;
        if (path === null) return void child.kill("SIGKILL");
        patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
        child.send(relative(test, path));
      };
      child.on("message", (message) => {
        if (message.now) under = message.now;
        else {
          for (const result of message.results ?? []) note(message.path, result);
          next();
        }
      });
      child.on("exit", () => {
        clearTimeout(patience);
        if (path !== null) {
          counts.programs++;
          counts.failed++;
          report(relative(test, path), under, "ended its process");
        }
        ended();
      });
    });
  }
}

const bundle = await bundled();
const progress = setInterval(
  () => stderr.write(`${total - queue.length} of ${total} files, ${counts.failed} failed\n`),
  10_000,
);
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(bundle)));
clearInterval(progress);
console.log(
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", "),
);
exit(counts.failed > 0 ? 1 : 0);
