/** `coldframe work`: a worker. Loads workflows, carries their runs on until it is told to stop. */
import { ColdframeError } from "../../runtime/errors.ts";
import { createEngine, type LogEntry } from "../../runtime/index.ts";
import { loadModule } from "../load-module.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";

export const work: Page = {
  name: "work",
  summary: "carry runs on until told to stop",
  args: {
    concurrency: { type: "string", valueHint: "n", description: "runs at one time, at most" },
  },
  rest: "module",
  examples: [
    "coldframe work workflows/expand-capacity.ts",
    "coldframe work ./a.ts ./b.ts --store /var/lib/runs.db",
  ],
  notes: [
    "The modules are compiled while they are loaded, TypeScript included.",
    "SIGINT and SIGTERM end it once what it does is recorded; a second signal",
    "ends it at once, which loses nothing either.",
  ],
  async run(invocation, terminal) {
    const { rest, json, values } = invocation;
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module with workflows is missing. See coldframe work --help.");
    const concurrency = concurrencyOf(values["concurrency"] as string | undefined);
    for (const module of rest) await loadModule(module, terminal);
    const engine = await createEngine({
      store: await openStore(invocation, terminal, { create: true }),
      log: (entry) => terminal.warn(json ? JSON.stringify(entry) : lineOf(entry)),
      ...concurrency,
    });
    const stopped = signalled();
    terminal.warn(json ? '{"level":"info","message":"working"}' : "working; Ctrl-C stops");
    await stopped;
    await engine.close();
    if (!json) terminal.warn("stopped");
  },
};

function concurrencyOf(text: string | undefined): { concurrency?: number } {
  if (text === undefined) return {};
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new ColdframeError("CF3201", `--concurrency ${text}: a number from 1.`);
  return { concurrency: Number(text) };
}

/** Resolves at the first SIGINT or SIGTERM. The second one ends the process as if nobody listened. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

function lineOf({ level, run, message, at, error }: LogEntry): string {
  const where = [run, at].filter((part) => part !== undefined).join(" ");
  const cause = error === undefined ? "" : `\n  ${error instanceof Error ? error.message : String(error)}`;
  return `${level}${where === "" ? "" : ` ${where}`}: ${message}${cause}`;
}
