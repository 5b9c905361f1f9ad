/** `coldframe cancel`: asks a run to end. `Cancelled` is thrown at its await, so `catch` and `finally` still run. */
import { createEngine } from "../../runtime/index.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { noSuchRun } from "./show.ts";

export const cancel: Page = {
  name: "cancel",
  summary: "ask a run to end",
  args: {
    run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
    force: { type: "boolean", description: "end it at once, without its catch and finally" },
  },
  examples: ["coldframe cancel expand-42", "coldframe cancel expand-42 --force"],
  notes: [
    "The run ends once its catch and finally blocks have, in a worker.",
    "A run that has ended already is left as it is; that is no error.",
  ],
  async run(invocation, { print, ...terminal }) {
    const id = invocation.values["run"] as string;
    const store = openStore(invocation, { print, ...terminal });
    const engine = await createEngine({ store, worker: false });
    try {
      const force = invocation.values["force"] === true;
      const asked = await engine.cancel(id, { force });
      const run = await store.read.run(id);
      if (run === null) throw noSuchRun(id);
      if (invocation.json) print(JSON.stringify({ id, cancelled: asked, status: run.status }));
      else
        print(
          asked
            ? force
              ? `${id} has ended`
              : `${id} is asked to end`
            : `${id} has ended already: ${run.status}`,
        );
    } finally {
      await engine.close();
    }
  },
};
