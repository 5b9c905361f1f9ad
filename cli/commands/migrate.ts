/** `coldframe migrate`: what becomes of parked runs under the code of this folder, and carrying them over to it. */
import type { Store } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { type Rehearsal, rehearse } from "../../runtime/index.ts";
import { exits } from "../failure.ts";
import { loadModule } from "../load-module.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import { table } from "../render/table.ts";
import { titleOf } from "./runs.ts";

export const migrate: Page = {
  name: "migrate",
  summary: "what becomes of parked runs under new code, and carry them over",
  args: {
    "dry-run": { type: "boolean", description: "only tell; nothing is written" },
  },
  rest: "module",
  examples: [
    "coldframe migrate ./main.ts --dry-run",
    "coldframe migrate ./main.ts --json | jq '.[].outcome'",
  ],
  notes: [
    "The modules are loaded, and every parked run is decoded under them, as a",
    "worker would, migrations included. Without --dry-run, runs that a migration",
    "carries over, and blocked ones that can go on now, are then woken: workers",
    "with this code record them in their new form. Exit code 1: some are blocked.",
  ],
  async run(invocation, terminal) {
    const { rest, json, values } = invocation;
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module with workflows is missing. See coldframe migrate --help.");
    for (const module of rest) await loadModule(module, terminal);
    const store = await openStore(invocation, terminal);
    try {
      await store.migrate();
      const all: Rehearsal[] = [];
      for await (const one of rehearse(store)) all.push(one);
      const woken = values["dry-run"] === true ? 0 : await wake(all, store);
      if (json) terminal.print(JSON.stringify(all, null, 2));
      else {
        const cells = all.map(({ run, entry, outcome, reason, at }) => [
          run,
          titleOf(entry),
          outcome,
          reason ?? at.join(", "),
        ]);
        const columns = [
          { title: "RUN", shrinks: true, paint: terminal.style.bold },
          { title: "WORKFLOW", shrinks: true },
          { title: "OUTCOME", paint: terminal.style[all.some(isBlocked) ? "bad" : "good"] },
          { title: "WHERE, OR WHY NOT", shrinks: true, sentence: true },
        ];
        terminal.print(
          all.length === 0 ? "no parked runs" : table(columns, cells, terminal.width, terminal.style),
        );
        terminal.print(summary(all, woken, values["dry-run"] === true));
      }
      return all.some(isBlocked) ? exits.failure : exits.ok;
    } finally {
      await store.close();
    }
  },
};

const isBlocked = ({ outcome }: Rehearsal): boolean => outcome === "blocked";

function summary(all: readonly Rehearsal[], woken: number, dry: boolean): string {
  const counts = (["same", "goes on", "migrated", "blocked"] as const).map(
    (outcome) => `${all.filter((one) => one.outcome === outcome).length} ${outcome}`,
  );
  return `${counts.join(", ")}; ${dry ? "nothing was written" : `${woken} woken`}`;
}

/** Has workers take them up. A run that stands still because somebody wants it to stays so. */
async function wake(all: readonly Rehearsal[], store: Store): Promise<number> {
  let woken = 0;
  for (const { run, status, outcome } of all) {
    if (outcome === "blocked") continue;
    if (status === "blocked") woken += (await store.unblock(run, null)) ? 1 : 0;
    else if (status === "active" && outcome === "migrated" && (await store.suspend(run)))
      woken += (await store.resume(run)) ? 1 : 0;
  }
  return woken;
}
