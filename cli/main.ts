#!/usr/bin/env node
/** `coldframe`: what a person operates. One process for one command line; ends with its exit code. */
import { commandLine } from "./command-line.ts";
import { styleFor } from "./render/style.ts";

// `coldframe runs | head` closes the pipe early; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await commandLine(process.argv.slice(2), {
  print: (text) => void process.stdout.write(`${text}\n`),
  warn: (text) => void process.stderr.write(`${text}\n`),
  width: process.stdout.columns ?? 80,
  style: styleFor(process.stdout, process.env),
  cwd: process.cwd(),
  env: process.env,
});
