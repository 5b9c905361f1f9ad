/**
 * Schedules: runs started by the clock. A schedule is a row with the time of its next fire. Whichever worker finds it due moves
 * that time on and starts the run in one transaction, if nobody did before; the run's id is made of the schedule's and the
 * time, so that one fire is one run whatever happens.
 */
import { checkOptions, wrongOption } from "../errors.ts";
import { encodeValue, type WriterOptions } from "../snapshot/index.ts";
import { cronTimes, lastFires } from "./cron.ts";
import { entryOf } from "./entry.ts";
import { checkName, checkStart, parksOf } from "./options.ts";
import { randomId } from "./random-id.ts";
import { DEFAULT_GROUP, type NewRun, type ScheduleChange, type ScheduleRow } from "./store.ts";

export interface ScheduleOptions<A extends readonly unknown[] = readonly unknown[]> {
  /** Five fields, or six with seconds in front: `"30 2 * * *"`. Also `@daily` and the like. */
  readonly cron: string;
  /** IANA name. Default `"UTC"`. */
  readonly timeZone?: string;
  /** An async function of a marked module; or its name, `module#name`, for programs that have not loaded it. */
  readonly workflow: ((...args: A) => Promise<unknown>) | string;
  /** Copied. Default: none. */
  readonly args?: NoInfer<A>;
  /**
   * When the last run has not ended: `skip` this fire, the default; `queue` it until then; `allow` both; or `cancel` the last one, and
   * begin when it has ended.
   */
  readonly overlap?: "skip" | "queue" | "allow" | "cancel";
  /**
   * Fires that were missed because nobody worked: `none` is made up for, the `last` one, which is the default, or `all`, at most the
   * last hundred. With the overlaps `skip` and `cancel` there is only room for the last.
   */
  readonly catchUp?: "none" | "last" | "all";
  /** True: it does not fire until `resume`. Default: as it was. */
  readonly paused?: boolean;
  /** Of its runs. They also get `schedule`, its id, and `scheduled`, the time. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Of its runs. Default 0. */
  readonly priority?: number;
  /** Of its runs. Default `"default"`. */
  readonly group?: string;
  /** How many parks of its runs are kept. Default: as the engine says that starts them. */
  readonly history?: number | "all";
}

/** A schedule, for people. */
export interface ScheduleState {
  readonly id: string;
  readonly cron: string;
  readonly timeZone: string;
  /** `module#name` of the workflow. */
  readonly entry: string;
  readonly overlap: "skip" | "queue" | "allow" | "cancel";
  readonly catchUp: "none" | "last" | "all";
  readonly paused: boolean;
  /** When it fires next, in ms since 1970; null: paused, or never again. */
  readonly next: number | null;
  /** Id of the run that it started last, or null. */
  readonly last: string | null;
}

/** What a schedule is, without how far it has come: the text in its row. */
interface Spec extends Pick<ScheduleState, "cron" | "timeZone" | "entry" | "overlap" | "catchUp"> {
  readonly call: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly priority: number;
  /** These are left out when none was given. */
  readonly group?: string;
  readonly history?: number;
}

/** Fires made up for at one time, at most. */
const CATCH_UP = 100;
/** Workers are busy, and look only so often: a fire that is late by no more than this, in ms, was not missed. */
const LATE = 60_000;

const OPTIONS = [
  ...["cron", "timeZone", "workflow", "args", "overlap", "catchUp", "paused"],
  ...["tags", "priority", "group", "history"],
];

/**
 * The text of a schedule.
 * @throws ColdframeError CF2001, CF2101, CF2301, CF3103
 */
export function specOf<A extends readonly unknown[]>(
  id: string,
  options: ScheduleOptions<A>,
  codec: WriterOptions,
): string {
  checkName("schedule id", id);
  const owner = `schedule "${id}"`;
  checkOptions(owner, options, OPTIONS);
  const { cron, timeZone = "UTC", workflow, args = [], overlap = "skip", catchUp = "last", paused } = options;
  checkOneOf(owner, "overlap", overlap, ["skip", "queue", "allow", "cancel"]);
  checkOneOf(owner, "catchUp", catchUp, ["none", "last", "all"]);
  if (paused !== undefined) checkOneOf(owner, "paused", paused, [true, false]);
  if (typeof cron !== "string") throw wrongOption(owner, "cron", cron, "a text");
  if (!Array.isArray(args)) throw wrongOption(owner, "args", args, "a list");
  const { tags = {}, priority = 0, group, history } = options;
  checkStart({ tags, priority, ...(group === undefined ? {} : { group }) });
  const entry = typeof workflow === "string" ? nameIn(owner, workflow) : entryOf(workflow as never);
  const call = encodeValue([...args], codec);
  const spec: Spec = {
    ...{ cron, timeZone, entry, overlap, catchUp, call, tags, priority },
    ...(group === undefined ? {} : { group }),
    ...(history === undefined ? {} : { history: parksOf(owner, history) }),
  };
  return JSON.stringify(spec);
}

function nameIn(owner: string, workflow: string): string {
  if (/^[^#]+#[^#]+$/.test(workflow)) return workflow;
  throw wrongOption(owner, "workflow", workflow, "a function, or its name as module#name");
}

function checkOneOf(owner: string, option: string, value: unknown, known: readonly unknown[]): void {
  if (known.includes(value)) return;
  throw wrongOption(owner, option, value, known.map((one) => JSON.stringify(one)).join(", "));
}

/** When a schedule of this text fires first after a time. @throws ColdframeError CF2301 */
export async function firstFire(id: string, spec: string, after: number): Promise<number | null> {
  const { cron, timeZone } = JSON.parse(spec) as Spec;
  return (await cronTimes(`schedule "${id}"`, cron, timeZone))(after);
}

/** The next times of a schedule of this text. */
export async function nextFires(id: string, spec: string, from: number, count: number): Promise<number[]> {
  const { cron, timeZone } = JSON.parse(spec) as Spec;
  const after = await cronTimes(`schedule "${id}"`, cron, timeZone);
  const times: number[] = [];
  for (let time = after(from); time !== null && times.length < count; time = after(time)) times.push(time);
  return times;
}

/** Whether both fire at the same times: then a fire that was missed is not lost because something else is another one now. */
export function sameTimes(one: string, other: string): boolean {
  const [a, b] = [JSON.parse(one) as Spec, JSON.parse(other) as Spec];
  return a.cron === b.cron && a.timeZone === b.timeZone;
}

export function stateOf({ id, spec, paused, next, last }: ScheduleRow): ScheduleState {
  const { cron, timeZone, entry, overlap, catchUp } = JSON.parse(spec) as Spec;
  return { id, cron, timeZone, entry, overlap, catchUp, paused, next, last };
}

/**
 * What a due schedule does now.
 * @param history parks that are kept of runs whose schedule says nothing of it
 */
export async function fireOf(row: ScheduleRow, now: number, history: number): Promise<ScheduleChange> {
  const { id, last } = row;
  const spec: Spec = { history, ...(JSON.parse(row.spec) as Spec) };
  const { overlap, catchUp } = spec;
  const after = await cronTimes(`schedule "${id}"`, spec.cron, spec.timeZone);
  const many = catchUp === "all" && (overlap === "allow" || overlap === "queue");
  const times = lastFires(after, row.next ?? now, now, many ? CATCH_UP : 1).filter(
    (time) => catchUp !== "none" || now - time <= LATE,
  );
  const starts = times.map((time) => runOf(id, spec, time));
  return {
    row: { ...row, version: randomId(), next: after(now), last: starts.at(-1)?.id ?? last },
    seen: row.version,
    starts,
    unless: overlap === "skip" ? last : null,
    cancel: overlap === "cancel" && starts.length > 0 ? last : null,
  };
}

function runOf(
  id: string,
  { entry, call, tags, priority, overlap, group = DEFAULT_GROUP, history = 0 }: Spec,
  time: number,
): NewRun {
  const scheduled = new Date(time).toISOString();
  const single = overlap === "queue" || overlap === "cancel";
  return {
    ...{ entry, call, priority, group, history },
    id: `${id}@${scheduled}`,
    secret: randomId(),
    tags: { ...tags, schedule: id, scheduled },
    parent: null,
    limit: single ? { key: `schedule ${id}`, max: 1 } : null,
  };
}
