/** The functions that can be started from outside, by name. */
import { ColdframeError } from "../../runtime/index.ts";
import { nameOf } from "../../runtime/machine/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a request passes is known when it comes
export type WorkflowFunction = (...args: any[]) => Promise<unknown>;

export interface Workflow {
  readonly run: WorkflowFunction;
  /** `module#name`. */
  readonly entry: string;
}

/** @throws ColdframeError CF2301; CF2001 for a function that was not compiled */
export function workflowsOf(
  given: Readonly<Record<string, WorkflowFunction>>,
): ReadonlyMap<string, Workflow> {
  const found = new Map<string, Workflow>();
  for (const [name, run] of Object.entries(given)) {
    if (typeof run !== "function")
      throw new ColdframeError(
        "CF2301",
        `httpHandler(): workflows.${name} must be an async function of a marked module`,
      );
    const entry = nameOf(run);
    if (entry === undefined) {
      throw new ColdframeError(
        "CF2001",
        `"${run.name || name}" cannot be started. Put "use workflow" at the top of it or of its file, export it, and run with "node --import coldframe/register" or the plugin of your bundler`,
      );
    }
    found.set(name, { run, entry });
  }
  return found;
}

/** The name under which an entry can be started here, else the name of the function. */
export function nameOfEntry(workflows: ReadonlyMap<string, Workflow>, entry: string): string {
  for (const [name, workflow] of workflows) if (workflow.entry === entry) return name;
  return entry.slice(entry.lastIndexOf("#") + 1);
}
