/** `coldframe schedule`, `unschedule`, `pause` and `unpause`: sets, removes and holds what starts by the clock. */
import { ColdframeError } from "../../runtime/errors.ts";
import type { Engine, ScheduleOptions } from "../../runtime/index.ts";
import type { Page } from "../page.ts";
import { parsePayload } from "../parse-payload.ts";
import { whole } from "../whole-number.ts";
import { withEngine } from "../with-engine.ts";
import { inZone } from "./schedules.ts";

export const schedule: Page = {
  name: "schedule",
  summary: "set what is started by the clock",
  args: {
    id: { type: "positional", description: "of the schedule", required: true },
    cron: {
      type: "string",
      valueHint: "expression",
      description: "five fields, or six with seconds in front",
    },
    workflow: {
      type: "string",
      valueHint: "name",
      description: "module#name, as coldframe runs --json has it",
    },
    args: { type: "string", valueHint: "json", description: "its arguments, a list (default: [])" },
    zone: { type: "string", valueHint: "zone", description: "IANA name (default: UTC)" },
    overlap: {
      type: "string",
      valueHint: "what",
      description: "skip, queue, allow or cancel (default: skip)",
    },
    "catch-up": { type: "string", valueHint: "what", description: "none, last or all (default: last)" },
    history: { type: "string", valueHint: "n", description: 'parks of its runs that are kept, or "all"' },
    paused: { type: "boolean", description: "it does not fire until coldframe unpause" },
  },
  examples: [
    'coldframe schedule nightly --cron "30 2 * * *" --workflow shop/flows.ts#report',
    `coldframe schedule tick --cron @hourly --workflow flows.ts#tick --args '["a"]'`,
  ],
  notes: [
    "One that is there already is replaced; what it started goes on.",
    "Whether a worker has the workflow shows when it fires.",
  ],
  async run(invocation, terminal) {
    const { id, cron, workflow, args, zone, overlap, history } = invocation.values as Record<
      string,
      string | undefined
    >;
    if (cron === undefined || workflow === undefined)
      throw new ColdframeError("CF3201", "--cron and --workflow are needed. See coldframe schedule --help.");
    const list = args === undefined ? [] : parsePayload(args);
    if (!Array.isArray(list)) throw new ColdframeError("CF3201", `--args ${args}: a list, as '["sales"]'.`);
    const catchUp = invocation.values["catch-up"] as string | undefined;
    const options: ScheduleOptions = {
      ...{ cron, workflow, args: list },
      ...(zone === undefined ? {} : { timeZone: zone }),
      ...(overlap === undefined ? {} : { overlap: overlap as "skip" }),
      ...(catchUp === undefined ? {} : { catchUp: catchUp as "last" }),
      ...(history === undefined
        ? {}
        : { history: history === "all" ? history : whole("history", history, 1_000_000) }),
      ...(invocation.values["paused"] === true ? { paused: true } : {}),
    };
    const state = await withEngine(invocation, terminal, (engine) => engine.schedule(id!, options));
    if (invocation.json) terminal.print(JSON.stringify(state));
    else if (state.paused) terminal.print(`${id} is set, and paused`);
    else if (state.next === null) terminal.print(`${id} is set, and never fires`);
    else terminal.print(`${id} fires next at ${inZone(state.next, state.timeZone)}`);
  },
};

function pageOf(
  page: Pick<Page, "name" | "summary" | "examples" | "notes">,
  change: (schedules: Engine["schedules"], id: string) => Promise<boolean>,
  done: string,
  not: string,
): Page {
  return {
    ...page,
    args: {
      id: {
        type: "positional",
        description: "of the schedule, as coldframe schedules shows it",
        required: true,
      },
    },
    async run(invocation, terminal) {
      const id = invocation.values["id"] as string;
      const changed = await withEngine(invocation, terminal, async ({ schedules }) => {
        if ((await schedules.get(id)) === null)
          throw new ColdframeError("CF3107", `"${id}". coldframe schedules lists those of this database`);
        return change(schedules, id);
      });
      if (invocation.json) terminal.print(JSON.stringify({ id, changed }));
      else terminal.print(`${id} ${changed ? done : not}`);
    },
  };
}

export const unschedule: Page = pageOf(
  {
    name: "unschedule",
    summary: "remove a schedule",
    examples: ["coldframe unschedule nightly"],
    notes: ["Runs that it started go on."],
  },
  (schedules, id) => schedules.remove(id),
  "is removed",
  "was removed by somebody else",
);

export const pause: Page = pageOf(
  {
    name: "pause",
    summary: "keep a schedule from firing",
    examples: ["coldframe pause nightly"],
    notes: ["Runs that it started go on: coldframe suspend is for those."],
  },
  (schedules, id) => schedules.pause(id),
  "is paused",
  "is paused already",
);

export const unpause: Page = pageOf(
  {
    name: "unpause",
    summary: "let a schedule fire again",
    examples: ["coldframe unpause nightly"],
    notes: ["From the next time on: what it missed is not made up for."],
  },
  (schedules, id) => schedules.resume(id),
  "fires again",
  "is not paused",
);
