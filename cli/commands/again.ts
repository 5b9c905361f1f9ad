/** `coldframe restart` and `clone`: another run from the arguments, or from the state, of one that there is. */
import type { Engine, RunHandle } from "../../runtime/index.ts";
import type { Page } from "../page.ts";
import { withEngine } from "../with-engine.ts";

function pageOf(
  page: Pick<Page, "name" | "summary" | "examples" | "notes">,
  make: (engine: Engine, run: string, options: { readonly id?: string }) => Promise<RunHandle>,
): Page {
  return {
    ...page,
    args: {
      run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
      id: { type: "string", valueHint: "id", description: "of the new run (default: a random one)" },
    },
    async run(invocation, terminal) {
      const { run, id } = invocation.values as Record<string, string>;
      await withEngine(invocation, terminal, async (engine) => {
        const made = await make(engine, run!, id === undefined ? {} : { id });
        const { created } = made;
        if (invocation.json) terminal.print(JSON.stringify({ id: made.id, created }));
        else terminal.print(created ? made.id : `there is a run "${made.id}" already; it is left as it is`);
      });
    },
  };
}

export const restart: Page = pageOf(
  {
    name: "restart",
    summary: "start a run again from the beginning, as a new run",
    examples: ["coldframe restart order-7 --id order-7-again"],
    notes: [
      "It gets the arguments, tags, priority, group and limit of the old one,",
      "which stays as it is.",
    ],
  },
  (engine, run, options) => engine.restart(run, options),
);

export const clone: Page = pageOf(
  {
    name: "clone",
    summary: "start a run in the state in which another one is parked",
    examples: ["coldframe clone order-7 --id order-7-copy"],
    notes: ["Steps in flight are executed for both.", "An event goes to whichever of them comes first."],
  },
  (engine, run, options) => engine.clone(run, options),
);
