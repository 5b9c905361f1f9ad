/** `coldframe schedules`: what starts by the clock, and when it does next. */
import type { ScheduleState } from "../../runtime/index.ts";
import type { Page, Terminal } from "../page.ts";
import { table } from "../render/table.ts";
import { relative } from "../render/time.ts";
import { whole } from "../whole-number.ts";
import { withEngine } from "../with-engine.ts";
import { titleOf } from "./runs.ts";

export const schedules: Page = {
  name: "schedules",
  summary: "list schedules, and when they fire next",
  args: {
    next: { type: "string", valueHint: "n", description: "the next n times of each, from 1 to 1000" },
  },
  examples: ["coldframe schedules", "coldframe schedules --next 5"],
  async run(invocation, terminal) {
    const next = invocation.values["next"] as string | undefined;
    const count = next === undefined ? null : whole("next", next, 1000);
    const rows = await withEngine(invocation, terminal, async ({ schedules }) => {
      const all = await schedules.list();
      if (count === null) return all;
      return Promise.all(all.map(async (row) => ({ ...row, fires: await schedules.fires(row.id, count) })));
    });
    if (invocation.json) terminal.print(JSON.stringify(rows, null, 2));
    else terminal.print(rows.length === 0 ? "no schedules" : listing(rows, terminal));
  },
};

function listing(
  rows: readonly (ScheduleState & { readonly fires?: readonly number[] })[],
  { width, style }: Terminal,
): string {
  const now = Date.now();
  const columns = [
    { title: "SCHEDULE", shrinks: true, paint: style.bold },
    { title: "CRON" },
    { title: "ZONE", shrinks: true },
    { title: "WORKFLOW", shrinks: true },
    { title: "NEXT" },
    { title: "LAST RUN", shrinks: true },
  ];
  const cells = rows.map((row) => [
    row.id,
    row.cron,
    row.timeZone,
    titleOf(row.entry),
    nextOf(row, now),
    row.last ?? "",
  ]);
  const lists = rows
    .filter(({ fires }) => fires !== undefined)
    .map(({ id, timeZone, fires }) =>
      [id, ...fires!.map((time) => `  ${inZone(time, timeZone)}`)].join("\n"),
    );
  return [table(columns, cells, width, style), ...lists].join("\n\n");
}

function nextOf({ paused, next }: ScheduleState, now: number): string {
  if (paused) return "paused";
  if (next === null) return "never";
  return next <= now ? "due" : relative(next, now);
}

/** As the clocks there show it, and in which zone that is. */
export function inZone(time: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  return `${format.format(time).replace(",", "")} ${timeZone}`;
}
