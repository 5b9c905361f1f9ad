/** `coldframe suspend`, `resume` and `unblock`: makes a run stand still, and lets it go on. */
import type { Store } from "../../runtime/index.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { noSuchRun } from "./show.ts";

function pageOf(
  page: Pick<Page, "name" | "summary" | "examples" | "notes">,
  change: (store: Store, run: string) => Promise<boolean>,
  said: (changed: boolean, status: string) => string,
): Page {
  return {
    ...page,
    args: {
      run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
    },
    async run(invocation, terminal) {
      const id = invocation.values["run"] as string;
      const store = await openStore(invocation, terminal, { blind: true });
      try {
        await store.migrate();
        const changed = await change(store, id);
        const run = await store.read.run(id);
        if (run === null) throw noSuchRun(id);
        if (invocation.json) terminal.print(JSON.stringify({ id, changed, status: run.status }));
        else terminal.print(`${id} ${said(changed, run.status)}`);
      } finally {
        await store.close();
      }
    },
  };
}

export const suspend: Page = pageOf(
  {
    name: "suspend",
    summary: "make a run stand still",
    examples: ["coldframe suspend expand-42"],
    notes: ["Steps in flight end. Events, timers and results wait until coldframe resume."],
  },
  (store, run) => store.suspend(run),
  (changed, status) => (changed ? "stands still" : `is left as it is: ${status}`),
);

export const resume: Page = pageOf(
  {
    name: "resume",
    summary: "let a suspended run go on",
    examples: ["coldframe resume expand-42"],
    notes: ["Timers that it missed fire at once."],
  },
  (store, run) => store.resume(run),
  (changed, status) => (changed ? "goes on" : `is not suspended: ${status}`),
);

export const unblock: Page = pageOf(
  {
    name: "unblock",
    summary: "let a blocked run try again",
    examples: ["coldframe unblock expand-42"],
    notes: ["After what blocked it was mended: coldframe show says what that is."],
  },
  (store, run) => store.unblock(run, null),
  (changed, status) => (changed ? "tries again" : `is not blocked: ${status}`),
);
