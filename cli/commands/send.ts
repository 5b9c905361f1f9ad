/** `coldframe send`: answers an event. Works while no worker runs; the answer then waits for one. */
import { runOfKey } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import type { SendStatus } from "../../runtime/index.ts";
import type { Page } from "../page.ts";
import { parsePayload } from "../parse-payload.ts";
import { withEngine } from "../with-engine.ts";

export const send: Page = {
  name: "send",
  summary: "answer an event",
  args: {
    key: { type: "positional", description: "key of the event, as coldframe show tells it" },
    payload: { type: "positional", description: "what the await evaluates to, as JSON" },
    id: { type: "string", valueHint: "id", description: "the same key and id twice is one event" },
  },
  examples: [
    "coldframe send 3f9c….1.expand-42 true",
    `coldframe send approvals '{"by": "kim", "yes": true}' --id mail-7`,
  ],
  notes: ["An event that nobody waits for yet is kept until somebody does."],
  async run(invocation, terminal) {
    const { key, id } = invocation.values as Record<string, string>;
    const payload = parsePayload(invocation.values["payload"] as string);
    await withEngine(invocation, terminal, async (engine) => {
      const run = runOfKey(key!);
      // One letter wrong, and it would be kept for ever. That the run is not there is said below.
      if (run !== null && !(await engine.isGenuine(key!)) && (await engine.store.read.run(run)) !== null)
        throw new ColdframeError(
          "CF3102",
          `"${key}" was not made by its run. Compare it with what coldframe show tells of "${run}"`,
        );
      const { status } = await engine.send(key!, payload, id === undefined ? {} : { id });
      if (invocation.json) terminal.print(JSON.stringify({ key, status }));
      else if (status !== "unknown") terminal.print(said[status]);
    });
  },
};

const said: Readonly<Record<Exclude<SendStatus, "unknown">, string>> = {
  delivered: "delivered",
  kept: "kept: nothing waits for it yet",
  duplicate: "ignored: an event of this key and id was sent before",
  late: "too late: the run has ended",
};
