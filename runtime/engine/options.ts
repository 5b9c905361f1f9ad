/** Checks options that users write, so that a misspelt one is an error and not silence. */
import { ColdframeError, checkOptions, wrongOption } from "../errors.ts";
import { ALL_PARKS } from "./store.ts";

/** @throws ColdframeError CF2301 unless `value` is an integer of at least `least`, or infinite */
export function checkCount(owner: string, option: string, value: unknown, least: number): void {
  const fits = typeof value === "number" && value >= least && (Number.isInteger(value) || value === Infinity);
  if (!fits) throw wrongOption(owner, option, value, `an integer of at least ${least}`);
}

export interface StartOptions {
  /** The same id twice is one run. Default: one of its own. */
  readonly id?: string;
  /** For finding runs: up to the user. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Higher is claimed first. Default 0. */
  readonly priority?: number;
  /** Only workers of this group carry it on. Default `"default"`; of a child run that of the run that starts it. */
  readonly group?: string;
  /** It begins when fewer than `max` runs that were started with this key have begun and not ended; in order. */
  readonly limit?: { readonly key: string; readonly max: number };
  /**
   * How many of its parks are kept when they are over, to fork it from there or set it back: docs/history.md. Default: as the engine
   * says; of a child run as many as of the run that starts it.
   */
  readonly history?: number | "all";
}

/**
 * Start options with their defaults.
 * @throws ColdframeError CF2301, CF3103
 */
export function checkStart(options: StartOptions): {
  readonly id: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly group: string | undefined;
  readonly limit: { readonly key: string; readonly max: number } | null;
  /** As the store takes it. */
  readonly history: number | undefined;
} {
  checkOptions("start()", options, ["id", "tags", "priority", "group", "limit", "history"]);
  const { id, tags = {}, priority = 0, group, limit = null } = options;
  const history = options.history === undefined ? undefined : parksOf("start()", options.history);
  if (id !== undefined) checkName("run id", id);
  if (group !== undefined) checkGroup(group);
  if (!Number.isSafeInteger(priority)) throw wrongOption("start()", "priority", priority, "an integer");
  for (const [name, value] of Object.entries(tags)) {
    checkName("tag", name);
    if (typeof value !== "string") throw wrongOption("start()", `tags.${name}`, value, "a text");
  }
  if (limit !== null) {
    checkOptions("start(), limit", limit, ["key", "max"]);
    checkName("limit", limit.key);
    checkCount("start(), limit", "max", limit.max, 1);
  }
  return { id, tags, priority, group, limit, history };
}

/**
 * How many parks are kept, as the store takes it.
 * @throws ColdframeError CF2301
 */
export function parksOf(owner: string, history: unknown): number {
  if (history === "all") return ALL_PARKS;
  const fits = Number.isInteger(history) && (history as number) >= 0 && (history as number) < ALL_PARKS;
  if (!fits) throw wrongOption(owner, "history", history, 'a number of parks, or "all"');
  return history as number;
}

/**
 * `"*"` stands for all groups where workers are named, so none can be called so.
 * @throws ColdframeError CF2301, CF3103
 */
export function checkGroup(group: unknown): asserts group is string {
  checkName("group", group);
  if (group === "*")
    throw wrongOption("group", "name", group, 'the name of one group: "*" stands for all of them');
}

/** The longest id or key, in UTF-16 units. */
const LONGEST = 512;

/**
 * Ids and keys are text that every store and shell keeps as it is.
 * @throws ColdframeError CF3103 when empty, too long, or with control characters or lone surrogates
 */
export function checkName(what: string, name: unknown): asserts name is string {
  let problem: string | null = null;
  if (typeof name !== "string") problem = `is ${name === null ? "null" : typeof name}, but must be a text`;
  else if (name === "") problem = "is empty";
  else if (name.length > LONGEST) problem = `has ${name.length} characters, at most ${LONGEST} are possible`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  else if (/[\u0000-\u001f\u007f]/.test(name)) problem = "holds a control character";
  else if (/\p{Surrogate}/u.test(name)) problem = "holds half of a surrogate pair";
  if (problem !== null) throw new ColdframeError("CF3103", `${what} ${problem}`);
}
