/** `coldframe edit`: other values for locals of a run that stands still. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Lock } from "../../abi/index.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { createEngine } from "../../runtime/index.ts";
import { user } from "../at-option.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { parsePayload } from "../parse-payload.ts";

const LOCK = "coldframe.lock.json";

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
    const engine = await createEngine({ store: await openStore(invocation, terminal), worker: false });
    try {
      const turn = await engine.edit(run!, locals, {
        by: user(),
        ...(of === undefined ? {} : { of }),
        ...(types === undefined ? {} : { lock: types }),
      });
      const names = Object.keys(locals).join(", ");
      terminal.print(
        invocation.json ? JSON.stringify({ id: run, turn }) : `${run}: ${names} edited, as turn ${turn}`,
      );
    } finally {
      await engine.close();
    }
  },
};

function assignment(word: string): readonly [string, unknown] {
  const end = word.indexOf("=");
  if (end > 0) return [word.slice(0, end), parsePayload(word.slice(end + 1))];
  throw new ColdframeError("CF3201", `${word}: the name of a local, "=" and its value as JSON: amount=12`);
}

/** Undefined when there is none and none was asked for. @throws ColdframeError CF3203, CF3301 */
function readLock(cwd: string, named: string | undefined): Pick<Lock, "codes"> | undefined {
  const file = resolve(cwd, named ?? LOCK);
  if (!existsSync(file)) {
    if (named === undefined) return undefined;
    throw new ColdframeError("CF3203", `there is no lock file "${file}"`);
  }
  let lock: unknown;
  try {
    lock = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ColdframeError("CF3301", `"${file}": ${(error as Error).message}`);
  }
  if (typeof (lock as Lock | null)?.codes === "object") return lock as Lock;
  throw new ColdframeError("CF3301", `"${file}" has no "codes". Make it with coldframe release`);
}
