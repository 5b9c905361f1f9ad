/**
 * Before each file of tests that shares its process with others (vitest.config.ts): what the file before left behind is taken away.
 * Modules are evaluated anew, ours as well as those of tests; what packages keep loaded is not. What stays is what cannot be seen:
 * code that V8 knows, and Babel, TypeScript and the drivers of databases.
 */
import { vi } from "vitest";

/** What hides a failure from the next file, or makes one. */
const EVENTS = ["unhandledRejection", "uncaughtException", "rejectionHandled"] as const;

interface Process {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly cwd: string;
  readonly names: ReadonlySet<PropertyKey>;
  readonly stackTraceLimit: number;
  readonly listeners: readonly (readonly [
    event: string,
    listeners: readonly NodeJS.UncaughtExceptionListener[],
  ])[];
}

/** As the first file found it. This module, too, is evaluated anew, so it is kept where the next evaluation finds it. */
const key = Symbol.for("coldframe.test.process");
const home = globalThis as { [key]?: Process };
const first = home[key];

if (first === undefined) {
  Object.defineProperty(home, key, {
    value: {
      env: { ...process.env },
      cwd: process.cwd(),
      names: new Set([key, ...Reflect.ownKeys(globalThis)]),
      stackTraceLimit: Error.stackTraceLimit,
      listeners: EVENTS.map((event) => [event, process.listeners(event as "uncaughtException")]),
    } satisfies Process,
  });
} else {
  vi.useRealTimers();
  vi.resetModules();
  for (const name of Reflect.ownKeys(globalThis))
    if (!first.names.has(name)) Reflect.deleteProperty(globalThis, name);
  for (const name of Object.keys(process.env))
    if (!isOfVitest(name) && !(name in first.env)) delete process.env[name];
  for (const [name, value] of Object.entries(first.env)) if (!isOfVitest(name)) process.env[name] = value;
  process.chdir(first.cwd);
  Error.stackTraceLimit = first.stackTraceLimit;
  for (const [event, listeners] of first.listeners) {
    process.removeAllListeners(event);
    for (const listener of listeners) process.on(event, listener);
  }
}

function isOfVitest(name: string): boolean {
  return name.startsWith("VITEST");
}
