/** `coldframe runs`: the list of runs, what needs a person first to be seen. */
import {
  DEFAULT_GROUP,
  type RunFilter,
  type RunRow,
  type RunStatus,
  type Store,
} from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { blockageOf } from "../../runtime/index.ts";
import { openStore } from "../open-store.ts";
import type { Page } from "../page.ts";
import type { Style } from "../render/style.ts";
import { table } from "../render/table.ts";
import { relative } from "../render/time.ts";

/** A name alone is looked for in all runs, so many at a time. */
const PAGE = 1000;

const statuses: readonly RunStatus[] = ["active", "blocked", "suspended", "done", "failed", "cancelled"];

export const runs: Page = {
  name: "runs",
  summary: "list runs, newest first",
  args: {
    status: { type: "string", valueHint: "status", description: statuses.join(", ") },
    workflow: {
      type: "string",
      valueHint: "name",
      description: "only runs of this function, as module#name or name",
    },
    group: { type: "string", valueHint: "name", description: "only runs of this group of workers" },
    tag: { type: "string", valueHint: "name:value", description: "only runs with this tag" },
    blocked: {
      type: "boolean",
      description: "only blocked ones: how many, and why",
    },
    limit: { type: "string", valueHint: "n", description: "at most so many (default 100)" },
  },
  examples: [
    "coldframe runs",
    "coldframe runs --blocked",
    "coldframe runs --tag schedule:nightly",
    "coldframe runs --json | jq -r '.[].id'",
  ],
  async run(invocation, terminal) {
    const values = invocation.values as Record<string, string | undefined>;
    const isBlocked = invocation.values["blocked"] === true;
    const filter = filterOf({ ...values, ...(isBlocked ? { status: "blocked" } : {}) });
    const store = await openStore(invocation, terminal, { blind: true });
    try {
      await store.migrate();
      const found = await find(store, filter, values["workflow"]);
      if (invocation.json) terminal.print(JSON.stringify(found, null, 2));
      else if (isBlocked && found.length > 0)
        terminal.print(explained(found, await store.read.reasons(), terminal.style));
      else terminal.print(found.length === 0 ? "no runs" : listing(found, terminal.width, terminal.style));
    } finally {
      await store.close();
    }
  },
};

function filterOf({ status, group, tag, limit }: Record<string, string | undefined>): RunFilter {
  if (status !== undefined && !statuses.includes(status as RunStatus)) {
    throw new ColdframeError("CF3201", `--status ${status}: it is one of ${statuses.join(", ")}.`);
  }
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    throw new ColdframeError("CF3201", `--limit ${limit}: a number from 1.`);
  const colon = tag?.indexOf(":") ?? 1;
  if (colon <= 0) throw new ColdframeError("CF3201", `--tag ${tag}: a tag, as name:value.`);
  return {
    ...(status === undefined ? {} : { status: status as RunStatus }),
    ...(group === undefined ? {} : { group }),
    ...(tag === undefined ? {} : { tags: { [tag.slice(0, colon)]: tag.slice(colon + 1) } }),
    limit: limit === undefined ? 100 : Number(limit),
  };
}

/** @param workflow `module#name`, which the store knows, or a name alone, which it does not */
async function find(
  { read }: Store,
  filter: RunFilter,
  workflow: string | undefined,
): Promise<readonly RunRow[]> {
  if (workflow === undefined) return read.runs(filter);
  if (workflow.includes("#")) return read.runs({ ...filter, entry: workflow });
  const found: RunRow[] = [];
  for (let after: string | undefined; ; ) {
    const page = await read.runs({ ...filter, limit: PAGE, ...(after === undefined ? {} : { after }) });
    found.push(...page.filter(({ entry }) => nameOf(entry) === workflow));
    if (found.length >= filter.limit! || page.length < PAGE) return found.slice(0, filter.limit);
    after = page.at(-1)!.id;
  }
}

/** What is blocked, with why, what ran it last, and what helps. */
function explained(rows: readonly RunRow[], reasons: Readonly<Record<string, number>>, style: Style): string {
  const counts = Object.entries(reasons).map(([code, runs]) => `${runs} for ${code}`);
  const texts = rows.map((row) => {
    const { build, remedy } = blockageOf(row.blocked!, row.build, []);
    return [
      `${style.bold(row.id)}  ${titleOf(row.entry)}`,
      `  ${row.blocked!.reason}`,
      ...(build === null ? [] : [`  last run by build ${build}`]),
      `  goes on with ${remedy}`,
    ].join("\n");
  });
  return [style.bad(`blocked: ${counts.join(", ")}`), ...texts].join("\n\n");
}

function listing(rows: readonly RunRow[], width: number, style: Style): string {
  const now = Date.now();
  const columns = [
    { title: "RUN", shrinks: true, paint: style.bold },
    { title: "WORKFLOW", shrinks: true },
    { title: "STATUS", paint: (text: string) => paintStatus(text.trim(), style) },
    { title: "CHANGED" },
    { title: "NEXT", shrinks: true, sentence: true },
  ];
  const cells = rows.map((row) => [
    row.id,
    titleOf(row.entry),
    row.status,
    relative(row.updated, now),
    next(row, now),
  ]);
  return table(columns, cells, width, style);
}

/** What will happen next, or has to. */
function next(row: RunRow, now: number): string {
  if (row.blocked !== null) return row.blocked.reason;
  if (row.status !== "active") return "";
  if (row.held > 0)
    return row.held === 1
      ? "a step is held for you to decide"
      : `${row.held} steps are held for you to decide`;
  if (row.cancel !== "no") return "is being cancelled";
  if (row.worker !== null) return "runs";
  if (row.due === null) return "waits";
  if (row.due <= now) {
    const group = row.group === DEFAULT_GROUP ? "" : ` of group ${row.group}`;
    const build = row.bound === null || row.bound !== row.build ? "" : ` that holds build ${row.build}`;
    return `waits for a worker${group}${build}`;
  }
  return relative(row.due, now);
}

export function paintStatus(status: string, style: Style): string {
  if (status === "done") return style.good(status);
  if (status === "failed" || status === "blocked") return style.bad(status);
  return status;
}

/** `shop/flows.ts#upgradeGame` as `upgradeGame`. */
export function nameOf(entry: string): string {
  return entry.slice(entry.lastIndexOf("#") + 1);
}

/** The same for people: every module may have a `default`. */
export function titleOf(entry: string): string {
  const name = nameOf(entry);
  return name === "default"
    ? `default of ${entry.slice(entry.lastIndexOf("/") + 1, -"#default".length)}`
    : name;
}
