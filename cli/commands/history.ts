/** `coldframe history`: the parks of a run that are kept, and what people did to it. */
import type { JournalEntry, PastPark } from "../../runtime/index.ts";
import { asJson } from "../as-json.ts";
import type { Page } from "../page.ts";
import type { Style } from "../render/style.ts";
import { table } from "../render/table.ts";
import { relative } from "../render/time.ts";
import { whole } from "../whole-number.ts";
import { withEngine } from "../with-engine.ts";
import { nameOf } from "./runs.ts";
import { noSuchRun } from "./show.ts";

export const history: Page = {
  name: "history",
  summary: "where a run has been parked, and what people did to it",
  args: {
    run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
    limit: { type: "string", valueHint: "n", description: "at most so many parks, the newest (default 100)" },
  },
  examples: ["coldframe history expand-42", "coldframe show expand-42 --at -3"],
  notes: [
    "Parks are kept of runs that were started with { history: 10 } or so.",
    "Reads the database only: neither the workflow's code nor a worker is needed.",
  ],
  async run(invocation, terminal) {
    const { run, limit } = invocation.values as Record<string, string>;
    const options = limit === undefined ? {} : { limit: whole("limit", limit, 1_000_000) };
    await withEngine(invocation, terminal, async (engine) => {
      const found = await engine.history(run!, options);
      if (found === null) throw noSuchRun(run!);
      if (invocation.json) {
        terminal.print(asJson(found));
        return;
      }
      const { parks, journal, keeps } = found;
      if (parks.length > 0) terminal.print(listing(parks, terminal.width, terminal.style));
      for (const entry of journal) terminal.print(said(entry, terminal.style));
      if (keeps === 0 && parks.length < 2)
        terminal.print("no parks are kept of it: it was started without { history }");
      else if (parks.length === 0) terminal.print("it has not been parked yet");
    });
  },
};

function listing(parks: readonly PastPark[], width: number, style: Style): string {
  const now = Date.now();
  const columns = [
    { title: "TURN", align: "right" as const, paint: style.bold },
    { title: "SAVED" },
    { title: "WAITS FOR", shrinks: true, sentence: true },
    { title: "AT", shrinks: true },
    { title: "" },
  ];
  const cells = parks.map((park) => [
    String(park.turn),
    relative(park.saved, now),
    park.waits
      .map(({ kind, name }) =>
        kind === "timer" ? "a timer" : `${kind} ${kind === "step" ? nameOf(name) : name}`,
      )
      .join(", "),
    park.waits[0]?.at ?? "",
    park.isPresent ? "now" : "",
  ]);
  return table(columns, cells, width, style);
}

function said({ time, turn, what, by, detail }: JournalEntry, style: Style): string {
  const who = by === "" ? "" : ` by ${by}`;
  const done =
    what === "fork"
      ? `forked from ${String(detail["run"])} at turn ${String(detail["turn"])}`
      : what === "rewind"
        ? `set back to turn ${String(detail["to"])}`
        : `edited: ${(detail["locals"] as readonly string[]).join(", ")}`;
  return style.dim(`turn ${turn}: ${done}${who}, ${relative(time, Date.now())}`);
}
