/** `coldframe cancel`: asks a run to end. `Cancelled` is thrown at its await, so `catch` and `finally` still run. */
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { noSuchRun } from "./show.ts";

export const cancel: Page = {
  name: "cancel",
  summary: "ask a run to end",
  args: {
    run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
  },
  examples: ["coldframe cancel expand-42"],
  notes: [
    "The run ends once its catch and finally blocks have, in a worker.",
    "A run that has ended already is left as it is; that is no error.",
  ],
  async run(invocation, { print, ...terminal }) {
    const id = invocation.values["run"] as string;
    const store = openStore(invocation, { print, ...terminal });
    try {
      await store.migrate();
      const asked = await store.cancel(id);
      const run = await store.read.run(id);
      if (run === null) throw noSuchRun(id);
      if (invocation.json) print(JSON.stringify({ id, cancelled: asked, status: run.status }));
      else print(asked ? `${id} is asked to end` : `${id} has ended already: ${run.status}`);
    } finally {
      await store.close();
    }
  },
};
