/** `coldframe edit`: other values for locals of a run that stands still. */
import { ColdframeError } from "../../runtime/errors.ts";
import { user } from "../at-option.ts";
import type { Page } from "../page.ts";
import { parsePayload } from "../parse-payload.ts";
import { LOCK, readLock } from "../read-lock.ts";
import { withEngine } from "../with-engine.ts";

export const edit: Page = {
  name: "edit",
  summary: "give locals of a run that stands still other values",
  args: {
    run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
    of: { type: "string", valueHint: "function", description: "whose local, when several have it" },
    lock: { type: "string", valueHint: "file", description: `types to check with (default: ${LOCK})` },
  },
  rest: "name=json",
  examples: ["coldframe edit order-7 amount=12", `coldframe edit order-7 'to="kim@example.org"' retry=true`],
  notes: [
    "The run has to be suspended, blocked, or have a step that is held. It stays so.",
    "Closures that share the variable see the new value.",
  ],
  async run(invocation, terminal) {
    const { run, of, lock } = invocation.values as Record<string, string | undefined>;
    const locals = Object.fromEntries(invocation.rest.map(assignment));
    if (invocation.rest.length === 0)
      throw new ColdframeError("CF3201", "<name=json…> is missing: coldframe edit order-7 amount=12");
    const types = readLock(terminal.cwd, lock);
    await withEngine(invocation, terminal, async (engine) => {
      const turn = await engine.edit(run!, locals, {
        by: user(),
        ...(of === undefined ? {} : { of }),
        ...(types === undefined ? {} : { lock: types }),
      });
      const names = Object.keys(locals).join(", ");
      terminal.print(
        invocation.json ? JSON.stringify({ id: run, turn }) : `${run}: ${names} edited, as turn ${turn}`,
      );
    });
  },
};

function assignment(word: string): readonly [string, unknown] {
  const end = word.indexOf("=");
  if (end > 0) return [word.slice(0, end), parsePayload(word.slice(end + 1))];
  throw new ColdframeError("CF3201", `${word}: the name of a local, "=" and its value as JSON: amount=12`);
}
