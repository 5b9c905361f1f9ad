/** `coldframe show`: where a run is parked, with which locals, and what it waits for since when. */
import { ColdframeError, viewAt } from "../../runtime/index.ts";
import { asJson } from "../as-json.ts";
import { AT, atOption } from "../at-option.ts";
import { findSource } from "../find-source.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { renderRun } from "../render/run.ts";

export const show: Page = {
  name: "show",
  summary: "where a run is parked: source, stack, locals, what it waits for",
  args: {
    run: { type: "positional", description: "id of the run, as coldframe runs shows it" },
    at: AT,
  },
  examples: [
    "coldframe show expand-42",
    "coldframe show expand-42 --at -3",
    "coldframe show expand-42 --json | jq '.waits[].name'",
  ],
  notes: [
    "Reads the database only: neither the workflow's code nor a worker is needed.",
    "Source lines are shown when the file is found in this folder or one above.",
  ],
  async run(invocation, { print, width, style, ...terminal }) {
    const id = invocation.values["run"] as string;
    const { at } = atOption(invocation.values["at"] as string | undefined);
    const store = await openStore(invocation, terminal);
    try {
      await store.migrate();
      const view = await viewAt(store, id, at);
      if (view === null) throw noSuchRun(id);
      if (invocation.json) {
        print(asJson(view));
        return;
      }
      const sourceOf = (code: string, file: string) => findSource(code, file, terminal.cwd);
      print(renderRun(view, { now: Date.now(), width, style, sourceOf }));
    } finally {
      await store.close();
    }
  },
};

export function noSuchRun(id: string): ColdframeError {
  return new ColdframeError("CF3101", `"${id}". coldframe runs lists those of this database`);
}
