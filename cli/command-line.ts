/** One command line: reads it, runs the command, says what went wrong. Knows no process, so that tests need none for each. */
import { readFileSync } from "node:fs";
import { describeFailure, exitCodeOf, exits } from "./failure.ts";
import { helpOf, overview } from "./help.ts";
import type { Page, Terminal } from "./page.ts";
import { readArguments, takeCommand } from "./read-arguments.ts";

/** Where each command is, in the order of the help. Loaded when it is asked for: a person is waiting, and few need all. */
const commands: Readonly<Record<string, () => Promise<Page>>> = {
  runs: async () => (await import("./commands/runs.ts")).runs,
  show: async () => (await import("./commands/show.ts")).show,
  history: async () => (await import("./commands/history.ts")).history,
  send: async () => (await import("./commands/send.ts")).send,
  cancel: async () => (await import("./commands/cancel.ts")).cancel,
  suspend: async () => (await import("./commands/stand.ts")).suspend,
  resume: async () => (await import("./commands/stand.ts")).resume,
  unblock: async () => (await import("./commands/stand.ts")).unblock,
  retry: async () => (await import("./commands/decide.ts")).retry,
  resolve: async () => (await import("./commands/decide.ts")).resolve,
  reject: async () => (await import("./commands/decide.ts")).reject,
  restart: async () => (await import("./commands/again.ts")).restart,
  clone: async () => (await import("./commands/again.ts")).clone,
  fork: async () => (await import("./commands/go-back.ts")).fork,
  rewind: async () => (await import("./commands/go-back.ts")).rewind,
  edit: async () => (await import("./commands/edit.ts")).edit,
  schedules: async () => (await import("./commands/schedules.ts")).schedules,
  schedule: async () => (await import("./commands/schedule.ts")).schedule,
  pause: async () => (await import("./commands/schedule.ts")).pause,
  unpause: async () => (await import("./commands/schedule.ts")).unpause,
  unschedule: async () => (await import("./commands/schedule.ts")).unschedule,
  migrate: async () => (await import("./commands/migrate.ts")).migrate,
  work: async () => (await import("./commands/work.ts")).work,
  build: async () => (await import("./commands/build.ts")).build,
  check: async () => (await import("./commands/check.ts")).check,
  release: async () => (await import("./commands/release.ts")).release,
  serve: async () => (await import("./commands/serve.ts")).serve,
};

/** The page of the command that is meant, or all of them, for help and for errors. */
function pagesFor(words: readonly string[]): Promise<readonly Page[]> {
  const { name = "" } = takeCommand(words);
  const load = Object.hasOwn(commands, name) ? [commands[name]!] : Object.values(commands);
  return Promise.all(load.map((page) => page()));
}

/** @returns the exit code */
export async function commandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  let json = words.includes("--json");
  try {
    const pages = await pagesFor(words);
    const request = readArguments(words, pages, terminal.env);
    if (request.kind === "help") {
      terminal.print(request.page === null ? overview(pages) : helpOf(request.page));
    } else if (request.kind === "version") {
      terminal.print(version());
    } else {
      json = request.invocation.json;
      return (await request.page.run(request.invocation, terminal)) ?? exits.ok;
    }
    return exits.ok;
  } catch (error) {
    terminal.warn(describeFailure(error, json));
    return exitCodeOf(error);
  }
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
