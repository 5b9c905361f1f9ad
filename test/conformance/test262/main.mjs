/**
 * `npm run test262 -- --suite DIR [path…]`: programs of the official ECMAScript conformance suite, from a checkout of it. What the engine
 * itself does not pass is not asked of us. In the mode `plain` each runs as it is, compiled whole, and compiled and parked between any
 * two jobs; in the mode `awaits` as the body of a marked async function, with awaits planted into its expressions, and saved and
 * restored at them (awaits.mjs).
 *
 *   --suite DIR         the folder with the suite's `harness` and `test`
 *   path…               below `test`; without one, the parts that a compiler of functions can break
 *   --only TEXT         those whose path contains it; `*` stands for anything
 *   --mode MODE         plain (default) or awaits
 *   --seed N            which expressions are awaited, and with `--time` which programs come first
 *   --rate R            the share of expressions that are awaited (default: 0.4)
 *   --every N           saved before every Nth job (default: 1)
 *   --time SECONDS      no further program is begun after that
 *   --jobs N            processes (default: cores)
 *   --write FILE        what was refused or failed, one line each: path, mode and regime, why
 *   --part K/N          every Nth file, from the Kth on
 *   --native            also what the engine itself does not pass
 */
import { fork } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { exit, stderr } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { randomOf } from "./random.mjs";
import { Report } from "./report.mjs";

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    suite: { type: "string", default: "" },
    only: { type: "string", default: "" },
    mode: { type: "string", default: "plain" },
    seed: { type: "string", default: "1" },
    rate: { type: "string", default: "0.4" },
    every: { type: "string", default: "1" },
    time: { type: "string", default: "" },
    jobs: { type: "string", default: String(availableParallelism()) },
    write: { type: "string" },
    part: { type: "string", default: "1/1" },
    native: { type: "boolean", default: false },
  },
});
const { suite, mode, seed } = values;
const isFit =
  existsSync(join(suite, "harness/sta.js")) &&
  /^(plain|awaits)$/.test(mode) &&
  [seed, values.every, values.jobs].every((text) => /^\d+$/.test(text)) &&
  /^(0?\.\d+|[01])$/.test(values.rate) &&
  /^\d*$/.test(values.time) &&
  /^\d+\/\d+$/.test(values.part);
if (!isFit) {
  console.error(
    "usage: npm run test262 -- --suite DIR [path…] [--only TEXT] [--mode plain|awaits] [--seed NUMBER] [--rate SHARE] [--every NUMBER]\n" +
      "  [--time SECONDS] [--jobs NUMBER] [--part K/N] [--write FILE] [--native]\nDIR has the folders harness and test.",
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

/** The machine as one script, in a file. */
async function bundled() {
  const entry = fileURLToPath(new URL("machine-entry.mjs", import.meta.url));
  const outfile = join(mkdtempSync(join(tmpdir(), "coldframe-test262-")), "machine.js");
  const common = { bundle: true, format: "iife", globalName: "coldframeTesting", target: "es2022" };
  await build({ ...common, entryPoints: [entry], outfile, external: ["croner"], logLevel: "error" });
  return outfile;
}

/** The programs in the order of their turn. */
function chosen() {
  const [part, of] = values.part.split("/").map(Number);
  const pattern = new RegExp(values.only.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*"));
  const all = (wanted.length > 0 ? wanted : values.only ? [""] : parts).flatMap((one) => [
    ...files(join(test, one)),
  ]);
  const found = [...new Set(all)].map((path) => relative(test, path)).filter((path) => pattern.test(path));
  const queue = found.filter((_, index) => index % of === part - 1);
  if (values.time === "") return queue;
  // Time is short: some of everything.
  const random = randomOf(seed);
  const turns = new Map(queue.map((path) => [path, random()]));
  return queue.sort((a, b) => turns.get(a) - turns.get(b));
}

const test = join(suite, "test");
const queue = chosen();
const total = queue.length;
const out = values.write === undefined ? null : createWriteStream(values.write);
const report = new Report(out, values.native);
const end = values.time === "" ? Number.POSITIVE_INFINITY : Date.now() + Number(values.time) * 1000;

async function work(bundle) {
  const options = { suite, bundle, mode, seed, rate: Number(values.rate), every: Number(values.every) };
  while (queue.length > 0 && Date.now() < end) {
    const child = fork(fileURLToPath(new URL("worker.mjs", import.meta.url)), [JSON.stringify(options)], {
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
        path = left-- > 0 && Date.now() < end ? (queue.shift() ?? null) : null;
        if (path === null) return void child.kill("SIGKILL");
        patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
        child.send(path);
      };
      child.on("message", (message) => {
        if (message.now) under = message.now;
        else {
          if (message.results) report.note(message.path, message.results);
          next();
        }
      });
      child.on("exit", () => {
        clearTimeout(patience);
        if (path !== null) report.noteLost(path, under);
        ended();
      });
    });
  }
}

const bundle = await bundled();
const progress = setInterval(
  () => stderr.write(`${total - queue.length} of ${total} files, ${report.failed} failed\n`),
  10_000,
);
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(bundle)));
clearInterval(progress);
rmSync(dirname(bundle), { recursive: true });
const planting =
  mode === "awaits" ? ` --mode awaits --seed ${seed} --rate ${values.rate} --every ${values.every}` : "";
report.print(`--suite ${suite}${planting}`);
exit(report.failed > 0 ? 1 : 0);
