/** What the workers of `coldframe work` and `coldframe serve` are told alike. */
import { ColdframeError } from "../runtime/errors.ts";
import type { UpgradePolicy } from "../runtime/index.ts";
import type { Invocation, Page } from "./page.ts";
import type { WorkOrder } from "./work-here.ts";

export const workerArgs = {
  group: {
    type: "string",
    valueHint: "name,…",
    description: 'groups of runs, or "*" for all (default: default)',
  },
  only: { type: "string", valueHint: "name,…", description: "only these workflows" },
  concurrency: { type: "string", valueHint: "n", description: "runs at one time, at most" },
  grace: { type: "string", valueHint: "time", description: "what steps get to end (default: 5s)" },
  lease: {
    type: "string",
    valueHint: "time",
    description: "taken for dead after (default: 10s, on servers more)",
  },
  builds: { type: "string", valueHint: "folder", description: "with kept builds, for runs of old code" },
  upgrade: {
    type: "string",
    valueHint: "policy",
    description: "newest (default), newest-or-pinned, pinned",
  },
} as const satisfies Page["args"];

/**
 * @param cwd where paths begin
 * @throws ColdframeError CF3201
 */
export function workOrder({ rest, json, values, store, seal }: Invocation, cwd: string): WorkOrder {
  const text = (name: keyof typeof workerArgs) => values[name] as string | undefined;
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
  return { modules: rest, cwd, store, seal, json, builds: text("builds") ?? null, options };
}

function groupOf(text: string): string | readonly string[] {
  return text === "*" ? text : namesIn("group", text);
}

function namesIn(option: string, text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new ColdframeError("CF3201", `--${option} ${JSON.stringify(text)}: names, separated by commas.`);
  return names;
}

/** A number from 1; undefined: it is not given. */
export function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new ColdframeError("CF3201", `--${option} ${text}: a number from 1.`);
  return Number(text);
}
