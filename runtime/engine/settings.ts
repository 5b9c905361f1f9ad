/** Options of an engine, and the settings that they become. */
import { wrongOption } from "../errors.ts";
import { LEAST_LIMIT } from "../snapshot/index.ts";
import { type Clock, clockOf } from "./clock.ts";
import { type Duration, milliseconds } from "./duration.ts";
import { type FactListener, Facts } from "./facts.ts";
import { checkCount, parksOf } from "./options.ts";
import { entriesOf, type Groups, groupsOf, type Only } from "./placement.ts";
import type { AroundStep, KeptBuilds, LogEntry, Settings, Watchdog } from "./ports.ts";
import { isHeapFull } from "./pressure.ts";
import type { Store } from "./store.ts";
import type { Timing } from "./timing.ts";
import { checkPolicy, type UpgradePolicy } from "./upgrade.ts";

export interface EngineOptions {
  readonly store: Store;
  /** False: only starts, answers and looks; other processes work. A text says who the worker is. Default true. */
  readonly worker?: boolean | string;
  /** How long a run with pending native promises stays in memory before it is saved as it is. Default 1 s. */
  readonly hold?: Duration;
  /** Parked runs kept decoded, from 0 to Infinity. Default 1000. */
  readonly cache?: number;
  /** Groups of runs that this process works on: one, a list, or `"*"` for all. Default `"default"`. */
  readonly group?: Groups;
  /** The only workflows that it works on: functions, or names of loaded ones. Default: all. */
  readonly only?: Only;
  /** Kept copies of older builds: `keptBuilds("builds")` of `coldframe/builds`. Default: none. */
  readonly builds?: KeptBuilds;
  /** In which code runs go on after a deploy, of workflows of which `upgrade()` says nothing. Default `"newest"`. */
  readonly upgrade?: UpgradePolicy;
  /** Runs that this process works on at one time. Default 10,000. */
  readonly concurrency?: number;
  /** After this time without a sign of life, a worker's runs go to others. Default 10 s; 45 s on a database server. */
  readonly lease?: Duration;
  /** How often to look at the store when nothing is heard. Default 5 s; 2 min on a database server that tells. */
  readonly poll?: Duration;
  /** What steps in flight get at close and at cancel. Default 5 s. */
  readonly grace?: Duration;
  /** How long the results of runs that have ended are kept. Default: for ever. */
  readonly retention?: Duration;
  /** Default: the platform's timers, and the time of the database server where there is one. */
  readonly clock?: Clock;
  /** Default: warnings and errors to the console. */
  readonly log?: (entry: LogEntry) => void;
  /** Called with all that happens to the runs that this process works on: as `engine.facts.listen`, from the beginning. */
  readonly onFact?: FactListener;
  /** Called instead of the body of each step, which it calls. */
  readonly aroundStep?: AroundStep;
  /** Is told what is being run, to say what blocks the event loop: `watchdog()` of `coldframe/watchdog`. Default: nobody. */
  readonly watchdog?: Watchdog;
  /** As of `start`, for runs that are started here and do not say otherwise. Default: none is kept, and nothing is written for it. */
  readonly history?: number | "all";
  /** Called before and after each commit and each execution of a step: for tests that kill the process there. */
  readonly failpoint?: (name: string) => void;
  /** In [0, 1), for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /**
   * What becomes of a run that cannot be saved where it would park. `"fail"`, the default: its await throws CF2101. `"hold"`: it is
   * blocked as it was last saved, until a process with other code carries it on, or somebody unblocks it.
   */
  readonly onUnsavable?: "fail" | "hold";
  /** Whether an object is a Proxy, which cannot be saved. Default: what Node, Deno or Bun say; elsewhere none is. */
  readonly isProxy?: (object: object) => boolean;
  /**
   * The most that may be stored of one thing, in bytes: arguments or result of a step or run, payload of an event, snapshot of a run with
   * its large values. What is larger is CF2104 where it is handed over. At least 1,024. Default: no limit.
   */
  readonly maxPayload?: number;
}

export const ENGINE_OPTIONS: readonly string[] = [
  "store",
  "worker",
  "hold",
  "cache",
  "group",
  "only",
  "builds",
  "upgrade",
  "concurrency",
  "lease",
  "poll",
  "grace",
  "retention",
  "clock",
  "log",
  "onFact",
  "aroundStep",
  "watchdog",
  "history",
  "failpoint",
  "random",
  "onUnsavable",
  "isProxy",
  "maxPayload",
];

/** @throws ColdframeError CF2001, CF2301, CF2302, CF3103 */
export function settingsOf(options: EngineOptions, timing: Timing): Settings {
  const {
    cache = 1000,
    concurrency = 10_000,
    hold = 1000,
    lease = options.store.pace?.lease ?? 10_000,
    poll = options.store.pace?.poll ?? 5000,
    grace = 5000,
  } = options;
  const { onUnsavable = "fail", upgrade = "newest" } = options;
  checkPolicy("createEngine()", "upgrade", upgrade);
  if (options.builds !== undefined && typeof options.builds?.load !== "function")
    throw wrongOption("createEngine()", "builds", options.builds, 'what keptBuilds("builds") returns');
  if (onUnsavable !== "fail" && onUnsavable !== "hold")
    throw wrongOption("createEngine()", "onUnsavable", onUnsavable, '"fail" or "hold"');
  checkCount("createEngine()", "cache", cache, 0);
  checkCount("createEngine()", "concurrency", concurrency, 1);
  if (options.maxPayload !== undefined)
    checkCount("createEngine()", "maxPayload", options.maxPayload, LEAST_LIMIT);
  for (const name of ["onFact", "aroundStep", "log"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw wrongOption("createEngine()", name, options[name], "a function");
  }
  if (options.watchdog !== undefined && typeof options.watchdog?.enter !== "function")
    throw wrongOption("createEngine()", "watchdog", options.watchdog, "what watchdog() returns");
  const log = options.log ?? logToConsole;
  const facts = new Facts((kind, error) =>
    log({ level: "error", message: `a listener to facts threw at "${kind}"`, error }),
  );
  if (options.onFact !== undefined) facts.listen(options.onFact);
  return {
    store: options.store,
    clock: options.clock ?? clockOf(options.store),
    log,
    hold: milliseconds(hold),
    cache,
    concurrency,
    groups: groupsOf(options.group),
    only: entriesOf(options.only),
    builds: options.builds ?? null,
    upgrade,
    isFull: isHeapFull,
    lease: milliseconds(lease),
    poll: milliseconds(poll),
    grace: milliseconds(grace),
    retention: options.retention === undefined ? null : milliseconds(options.retention),
    history: options.history === undefined ? 0 : parksOf("createEngine()", options.history),
    timing,
    failpoint: options.failpoint ?? (() => {}),
    random: options.random ?? Math.random,
    facts,
    aroundStep: options.aroundStep ?? null,
    watchdog: options.watchdog ?? null,
    onUnsavable,
    about: typeof options.worker === "string" ? options.worker : "",
    codec: {
      ...(options.isProxy === undefined ? {} : { isProxy: options.isProxy }),
      ...(options.maxPayload === undefined ? {} : { limit: options.maxPayload }),
    },
  };
}

function logToConsole({ level, message, run, at, error }: LogEntry): void {
  if (level !== "warn" && level !== "error") return;
  const place = [run, at].filter((part) => part !== undefined && part !== "").join(" ");
  console[level](
    `coldframe: ${place === "" ? "" : `${place}: `}${message}`,
    ...(error === undefined ? [] : [error]),
  );
}
