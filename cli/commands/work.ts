/** `coldframe work`: a worker. Loads workflows, carries their runs on until it is told to stop. */
import { ColdframeError } from "../../runtime/errors.ts";
import type { UpgradePolicy } from "../../runtime/index.ts";
import type { Page } from "../page.ts";
import { signalled } from "../signalled.ts";
import { type WorkOrder, workHere } from "../work-here.ts";
import { workInThreads } from "../work-threads.ts";

export const work: Page = {
  name: "work",
  summary: "carry runs on until told to stop",
  args: {
    group: {
      type: "string",
      valueHint: "name,…",
      description: 'groups of runs, or "*" for all (default: default)',
    },
    only: { type: "string", valueHint: "name,…", description: "only these workflows" },
    concurrency: { type: "string", valueHint: "n", description: "runs at one time, at most" },
    threads: { type: "string", valueHint: "n", description: "threads, each a worker of its own" },
    grace: { type: "string", valueHint: "time", description: "what steps get to end (default: 5s)" },
    lease: { type: "string", valueHint: "time", description: "taken for dead after (default: 10s)" },
    builds: { type: "string", valueHint: "folder", description: "with kept builds, for runs of old code" },
    upgrade: {
      type: "string",
      valueHint: "policy",
      description: "newest (default), newest-or-pinned, pinned",
    },
  },
  rest: "module",
  examples: [
    "coldframe work workflows/expand-capacity.ts",
    "coldframe work ./a.ts ./b.ts --store /var/lib/runs.db --threads 4",
    "coldframe work ./render.ts --group gpu --only renderScene",
  ],
  notes: [
    "The modules are compiled while they are loaded, TypeScript included.",
    "SIGINT and SIGTERM end it once what it does is recorded; a second signal",
    "ends it at once, which loses nothing either. Any number of processes may",
    "work on one database: the runs of one that dies go to the others.",
  ],
  async run(invocation, terminal) {
    const { rest, json, values, store, seal } = invocation;
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module with workflows is missing. See coldframe work --help.");
    const text = (name: string) => values[name] as string | undefined;
    const threads = count("threads", text("threads")) ?? 1;
    const concurrency = count("concurrency", text("concurrency"));
    const options = {
      ...(text("group") === undefined ? {} : { group: groupOf(text("group")!) }),
      ...(text("only") === undefined ? {} : { only: namesIn("only", text("only")!) }),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(text("grace") === undefined ? {} : { grace: text("grace")! }),
      ...(text("lease") === undefined ? {} : { lease: text("lease")! }),
      // What it may be the engine says.
      ...(text("upgrade") === undefined ? {} : { upgrade: text("upgrade") as UpgradePolicy }),
    };
    const builds = text("builds") ?? null;
    const order: WorkOrder = { modules: rest, cwd: terminal.cwd, store, seal, json, builds, options };
    const stopped = signalled();
    const worker =
      threads === 1
        ? await workHere(order, terminal.warn)
        : await workInThreads(threads, order, terminal.warn);
    terminal.warn(json ? '{"level":"info","message":"working"}' : "working; Ctrl-C stops");
    try {
      await ("died" in worker ? Promise.race([stopped, worker.died]) : stopped);
    } finally {
      await worker.close();
    }
    if (!json) terminal.warn("stopped");
    // Steps that did not end in time are of no more use: their timers and sockets must not keep the process.
    setTimeout(() => process.exit(), 50).unref();
  },
};

function groupOf(text: string): string | readonly string[] {
  return text === "*" ? text : namesIn("group", text);
}

function namesIn(option: string, text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new ColdframeError("CF3201", `--${option} ${JSON.stringify(text)}: names, separated by commas.`);
  return names;
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new ColdframeError("CF3201", `--${option} ${text}: a number from 1.`);
  return Number(text);
}
