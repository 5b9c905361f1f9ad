/** The worker of one thread: loads workflows, compiled, and begins to carry their runs on. */
import { resolve } from "node:path";
import { keptBuilds } from "../plugins/builds/index.ts";
import { watchdog } from "../plugins/watchdog/index.ts";
import { createEngine, type Engine, type LogEntry, type UpgradePolicy } from "../runtime/index.ts";
import { asJsonLine } from "./as-json.ts";
import { loadModule } from "./load-module.ts";
import { openStore } from "./open-store.ts";

/** What `coldframe work` was told. Plain data: a thread gets it as a copy. */
export interface WorkOrder {
  readonly modules: readonly string[];
  readonly cwd: string;
  readonly store: string;
  /** The module that seals the store, or null. */
  readonly seal: string | null;
  readonly json: boolean;
  /** Folder with kept builds, or null. */
  readonly builds: string | null;
  /** Options of the engine. */
  readonly options: {
    readonly group?: string | readonly string[];
    readonly only?: readonly string[];
    readonly concurrency?: number;
    readonly grace?: string;
    readonly lease?: string;
    readonly upgrade?: UpgradePolicy;
  };
}

/** @param warn takes a line for the error output */
export async function workHere(order: WorkOrder, warn: (line: string) => void): Promise<Engine> {
  const { modules, cwd, json, builds, options } = order;
  for (const module of modules) await loadModule(module, { cwd });
  return createEngine({
    store: await openStore(order, { cwd }, { create: true }),
    log: (entry) => warn(logLine(entry, json)),
    watchdog: watchdog({ json }),
    ...(builds === null ? {} : { builds: keptBuilds(resolve(cwd, builds)) }),
    ...options,
  });
}

/** An entry of the log for people, or for machines. */
export function logLine(entry: LogEntry, json: boolean): string {
  if (json) return asJsonLine(entry);
  const { level, run, message, at, error } = entry;
  const where = [run, at].filter((part) => part !== undefined).join(" ");
  const cause = error === undefined ? "" : `\n  ${error instanceof Error ? error.message : String(error)}`;
  return `${level}${where === "" ? "" : ` ${where}`}: ${message}${cause}`;
}
