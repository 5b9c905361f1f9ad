/** `rateLimit()`: no more than so many in a time, over all runs and workers of a store. */
import { checkOptions } from "../errors.ts";
import { $module, machine, registry, type Step } from "../machine/index.ts";
import { attemptStore } from "./attempt.ts";
import { type Duration, milliseconds } from "./duration.ts";
import { freeWorld } from "./free.ts";
import { checkCount, checkName } from "./options.ts";
import { sleep } from "./sleep.ts";

export interface RateLimit {
  /** How many, from 1: that many may go at once. */
  readonly limit: number;
  /** In which time. */
  readonly per: Duration;
}

/**
 * Executed by the worker: a place that was taken twice because of a crash is only lost. A database that fails is asked again
 * until it answers, as for everything else that a run does: it is no failure of the author's code.
 */
const reserve: Step = {
  id: "coldframe#reserve",
  name: "rateLimit",
  body: ((key: string, interval: number, burst: number) =>
    attemptStore().reserve(key, interval, burst)) as never,
  options: { retry: { attempts: Number.POSITIVE_INFINITY, interval: 100, maxInterval: 10_000 } },
};
registry.steps.set(reserve.id, reserve);

/**
 * Waits until this one may go: at most `limit` at once, and on average `limit` in the time `per`.
 * All who use a key should give the same numbers.
 * @throws ColdframeError CF2301, CF2302, CF3103 for wrong options
 */
export function rateLimit(key: string, options: RateLimit): Promise<void> {
  checkName("rate limit", key);
  checkOptions("rateLimit()", options, ["limit", "per"]);
  checkCount("rateLimit()", "limit", options.limit, 1);
  const { limit } = options;
  const interval = milliseconds(options.per) / limit;
  const { run } = machine;
  if (run === null || run.host === null) return sleepUntil(freeWorld.reserve(key, interval, limit));
  const reserved = run.host.callStep(run, reserve, [key, interval, limit]) as unknown as Promise<number>;
  return reserved.then(sleepUntil);
}

function sleepUntil(time: number): Promise<void> {
  return sleep(new Date(time));
}

$module("coldframe/rate-limit", "1", { sleepUntil: () => sleepUntil });
