/** `coldframe fork` and `rewind`: goes on from a park of a run, as another run or as the run itself. */
import { ColdframeError } from "../../runtime/errors.ts";
import { AT, atOption, user } from "../at-option.ts";
import type { Page } from "../page.ts";
import { withEngine } from "../with-engine.ts";

const RUN = {
  type: "positional",
  description: "id of the run, as coldframe runs shows it",
  required: true,
} as const;

export const fork: Page = {
  name: "fork",
  summary: "start another run from a park of a run",
  args: {
    run: RUN,
    at: AT,
    id: { type: "string", valueHint: "id", description: "of the new run (default: a random one)" },
  },
  examples: ["coldframe fork order-7 --at -1", "coldframe fork order-7 --at 12 --id order-7-again"],
  notes: [
    "Without --at it begins at the last park. The run stays as it is, and may have",
    "ended. Steps and keys of events are the fork's own. Refused inside of a lock.",
  ],
  async run(invocation, terminal) {
    const { run, at, id } = invocation.values as Record<string, string>;
    const options = { ...atOption(at), ...(id === undefined ? {} : { id }), by: user() };
    const made = await withEngine(invocation, terminal, (engine) => engine.fork(run!, options));
    terminal.print(invocation.json ? JSON.stringify({ id: made.id, created: made.created }) : made.id);
  },
};

export const rewind: Page = {
  name: "rewind",
  summary: "set a run back to one of its parks",
  args: { run: RUN, at: { ...AT, required: true } },
  examples: ["coldframe rewind order-7 --at -1", "coldframe rewind order-7 --at 12"],
  notes: [
    "It goes on from there; whoever carried it on is fenced out. What it did since is",
    "not undone. Steps pending there are called again with the same keys, later ones",
    "with new keys. A suspended run stays suspended.",
  ],
  async run(invocation, terminal) {
    const { run } = invocation.values as Record<string, string>;
    const { at } = atOption(invocation.values["at"] as string | undefined);
    if (at === undefined)
      throw new ColdframeError("CF3201", "--at is missing: a turn, as coldframe history lists them, or -1");
    const turn = await withEngine(invocation, terminal, (engine) => engine.rewind(run!, { at, by: user() }));
    terminal.print(
      invocation.json ? JSON.stringify({ id: run, turn }) : `${run} is set back, as turn ${turn}`,
    );
  },
};
