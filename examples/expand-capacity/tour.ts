/**
 * The tour: the systems start, a worker starts the run, the run parks at the approval, the worker is killed, the
 * command line shows where the run is, a person answers, and a fresh worker finishes the run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { answersEndpoint } from "./answers.ts";
import { type Child, endAll, node } from "./processes.ts";
import { event, progress, quote, say, seconds, title, trace } from "./screen.ts";
import { chat, type Question } from "./services/chat.ts";
import { configuration } from "./services/configuration.ts";
import { jobExecution } from "./services/job-execution.ts";
import { nameService } from "./services/name-service.ts";
import { serverPool } from "./services/server-pool.ts";

/** Longer than any machine needs, in ms. */
const DEADLINE = 50_000;

const folder = mkdtempSync(join(tmpdir(), "coldframe-tour-"));
const database = join(folder, "runs.db");

title("coldframe · a function that outlives its process");
say("expandCapacity() orders a server, asks a person, then deploys: plain awaits, no queue, no replay.");
say("It parks in a SQLite file whenever it waits. We kill its process in the middle.");

// Looks and answers, but carries no runs on: that is what workers are for.
const desk = await createEngine({ store: sqlite(database), worker: false });
const endpoint = await answersEndpoint(desk);

let asked: (question: Question) => void;
const question = new Promise<Question>((resolve) => (asked = resolve));
const systems = {
  pool: await serverPool({ delay: [500, 900], seed: 1, onTrace: (line) => trace("res", line) }),
  chat: await chat({
    delay: [100, 200],
    seed: 2,
    callback: endpoint.url,
    onAsk: (question) => asked(question),
    onTrace: (line) => trace("chat", line),
  }),
  configuration: await configuration({
    delay: [200, 400],
    busy: 0.5,
    seed: 7,
    onTrace: (line) => trace("cc", line),
  }),
  jobs: await jobExecution({
    delay: [400, 800],
    busy: 0.3,
    seed: 4,
    onTrace: (line) => trace("ijobs", line),
  }),
  names: await nameService({ delay: [100, 200], seed: 5, onTrace: (line) => trace("gslb", line) }),
};

const environment = {
  COLDFRAME_STORE: database,
  RES_URL: systems.pool.url,
  CHAT_URL: systems.chat.url,
  CC_URL: systems.configuration.url,
  IJOBS_URL: systems.jobs.url,
  GSLB_URL: systems.names.url,
};

process.once("SIGINT", async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
  process.exit(130);
});

let late: ReturnType<typeof setTimeout> | undefined;
const deadline = new Promise<never>((_, reject) => {
  late = setTimeout(() => reject(new Error(`it has not ended after ${DEADLINE / 1000} s`)), DEADLINE);
});
try {
  await Promise.race([tour(), deadline]);
} catch (error) {
  console.error(`\nThe tour failed: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 1;
} finally {
  clearTimeout(late);
  await endAll();
  await endpoint.close();
  await Promise.all(Object.values(systems).map((system) => system.close()));
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
}

async function tour(): Promise<void> {
  title("1  A worker starts the run");
  const first = startWorker('starts expandCapacity("B6") as run expand-42');
  const done = progress("a machine is racked, then a person is asked");
  const asking = await Promise.race([question, failed(first)]);
  await parked();
  done();

  title("2  The worker dies");
  first.kill();
  await first.ended;
  event(`worker ${first.pid}`, "killed with SIGKILL: no goodbye, nothing flushed", false);

  title("3  The run is still there");
  say("$ coldframe show expand-42");
  const shown = await node(["dist/cli/main.js", "show", "expand-42"], { ...environment, NO_COLOR: "1" })
    .ended;
  if (shown.code !== 0) throw new Error(shown.output);
  quote(shown.output);

  title("4  The person answers, while no worker runs");
  await systems.chat.answer(asking, true);
  event("person", `"${asking.question}" yes`);
  say("               chat calls back over HTTP; the answer waits in the database");

  title("5  A fresh worker carries on from that await");
  const second = startWorker("knows nothing but the database");
  const end = progress("the server is put into service");
  const { output, code } = await second.ended;
  end();
  const result = /^result (.*)$/m.exec(output)?.[1];
  if (code !== 0 || result === undefined) throw new Error(`the worker ended with code ${code}:\n${output}`);
  event(`worker ${second.pid}`, `finished: expandCapacity("B6") returned ${result}`);
  checkEffects();

  title(`Done in ${seconds()}. What to try next`);
  say("examples/expand-capacity/workflows/   the function, and the systems that it calls");
  say("node --import coldframe/register examples/upgrade-game/main.ts");
  say("                                      two branches, and a rollback made of closures on an array");
  say("node dist/cli/main.js --help           look at runs, answer them, cancel them, work on them");
  say("README.md                             how to add coldframe to a project");
}

function startWorker(what: string): Child {
  const worker = node(["--import", "coldframe/register", "examples/expand-capacity/worker.ts"], environment);
  event(`worker ${worker.pid}`, what);
  return worker;
}

/** Resolves once the run is saved at the approval, as the database sees it. */
async function parked(): Promise<void> {
  for (;;) {
    const run = await desk.get("expand-42");
    if (run?.waits.some((wait) => wait.kind === "event") && run.waits.length === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function failed(worker: Child): Promise<never> {
  const { output, code } = await worker.ended;
  throw new Error(`the worker ended with code ${code}:\n${output}`);
}

/** Every system was asked once for one thing, whatever was repeated on the way. */
function checkEffects(): void {
  for (const [name, { effects }] of Object.entries(systems)) {
    if (effects.length !== 1) throw new Error(`${name} did ${effects.length} things instead of one`);
  }
  say("               five systems, one effect each: what is repeated carries the same idempotency key");
}
