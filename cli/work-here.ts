/** The worker of one thread: loads workflows, compiled, and begins to carry their runs on. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ColdframeError } from "../runtime/errors.ts";
import { createEngine, type Engine, type LogEntry } from "../runtime/index.ts";
import { openStore } from "./open-store.ts";

/** What `coldframe work` was told. Plain data: a thread gets it as a copy. */
export interface WorkOrder {
  readonly modules: readonly string[];
  readonly cwd: string;
  readonly store: string;
  readonly json: boolean;
  /** Options of the engine. */
  readonly options: { readonly concurrency?: number; readonly grace?: string; readonly lease?: string };
}

/** @param warn takes a line for the error output */
export async function workHere(order: WorkOrder, warn: (line: string) => void): Promise<Engine> {
  const { modules, cwd, json, options } = order;
  await import("../plugins/register/index.ts");
  for (const module of modules) await load(module, cwd);
  return createEngine({
    store: openStore(order, { cwd }, true),
    log: (entry) => warn(json ? JSON.stringify(entry) : lineOf(entry)),
    ...options,
  });
}

/** @param module a path, or what `import` takes */
async function load(module: string, cwd: string): Promise<void> {
  const isPath = /^\.{0,2}\//.test(module) || /\.[cm]?[jt]sx?$/.test(module);
  const path = resolve(cwd, module);
  if (isPath && !existsSync(path)) throw new ColdframeError("CF3203", `there is no module "${path}"`);
  await import(isPath ? pathToFileURL(path).href : module);
}

function lineOf({ level, run, message, at, error }: LogEntry): string {
  const where = [run, at].filter((part) => part !== undefined).join(" ");
  const cause = error === undefined ? "" : `\n  ${error instanceof Error ? error.message : String(error)}`;
  return `${level}${where === "" ? "" : ` ${where}`}: ${message}${cause}`;
}
