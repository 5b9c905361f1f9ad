/** `coldframe work`: a worker. Loads workflows, carries their runs on until it is told to stop. */
import { ColdframeError } from "../../runtime/errors.ts";
import type { Page } from "../page.ts";
import { signalled } from "../signalled.ts";
import { workHere } from "../work-here.ts";
import { workInThreads } from "../work-threads.ts";
import { count, workerArgs, workOrder } from "../worker-options.ts";

export const work: Page = {
  name: "work",
  summary: "carry runs on until told to stop",
  args: {
    ...workerArgs,
    threads: { type: "string", valueHint: "n", description: "threads, each a worker of its own" },
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
    const { rest, json, values } = invocation;
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module with workflows is missing. See coldframe work --help.");
    const threads = count("threads", values["threads"] as string | undefined) ?? 1;
    const order = workOrder(invocation, terminal.cwd);
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
