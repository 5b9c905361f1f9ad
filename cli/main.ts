#!/usr/bin/env node
/** `coldframe`: what a person operates. Reads the command line, runs one command, ends with its exit code. */
import { readFileSync } from "node:fs";
import { clone, restart } from "./commands/again.ts";
import { build } from "./commands/build.ts";
import { cancel } from "./commands/cancel.ts";
import { check } from "./commands/check.ts";
import { reject, resolve, retry } from "./commands/decide.ts";
import { migrate } from "./commands/migrate.ts";
import { release } from "./commands/release.ts";
import { runs } from "./commands/runs.ts";
import { pause, schedule, unpause, unschedule } from "./commands/schedule.ts";
import { schedules } from "./commands/schedules.ts";
import { send } from "./commands/send.ts";
import { serve } from "./commands/serve.ts";
import { show } from "./commands/show.ts";
import { resume, suspend, unblock } from "./commands/stand.ts";
import { work } from "./commands/work.ts";
import { describeFailure, exitCodeOf, exits } from "./failure.ts";
import { helpOf, overview } from "./help.ts";
import type { Terminal } from "./page.ts";
import { readArguments } from "./read-arguments.ts";
import { styleFor } from "./render/style.ts";

const pages = [
  runs,
  show,
  send,
  cancel,
  suspend,
  resume,
  unblock,
  retry,
  resolve,
  reject,
  restart,
  clone,
  schedules,
  schedule,
  pause,
  unpause,
  unschedule,
  migrate,
  work,
  build,
  check,
  release,
  serve,
];

const terminal: Terminal = {
  print: (text) => void process.stdout.write(`${text}\n`),
  warn: (text) => void process.stderr.write(`${text}\n`),
  width: process.stdout.columns ?? 80,
  style: styleFor(process.stdout, process.env),
  cwd: process.cwd(),
  env: process.env,
};

async function main(words: readonly string[]): Promise<number> {
  let json = words.includes("--json");
  try {
    const request = readArguments(words, pages, process.env);
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

// `coldframe runs | head` closes the pipe early; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await main(process.argv.slice(2));
