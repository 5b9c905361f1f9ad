/** Times of cron expressions, by croner, which is loaded when there is a schedule. */
import { wrongOption } from "../errors.ts";

/** The first time after a time, both in ms since 1970; null: never again. */
export type CronTimes = (after: number) => number | null;

/**
 * Times at which local clocks were put forward are made up for at once, those that clocks show twice count once, unless the
 * expression fires at intervals within a day: with a `*` or a step in its seconds, minutes or hours.
 * @param owner for people
 * @throws ColdframeError CF2301 when the expression or the zone cannot be read
 */
export async function cronTimes(owner: string, cron: string, timeZone: string): Promise<CronTimes> {
  const { Cron } = await import("croner");
  let timezone: string;
  try {
    timezone = new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw wrongOption(owner, "timeZone", timeZone, "an IANA time zone");
  }
  try {
    const times = new Cron(cron, { timezone, paused: true, fixedTimeRule: "no-wildcard" });
    times.nextRun();
    return (after) => times.nextRun(new Date(after))?.getTime() ?? null;
  } catch (error) {
    throw wrongOption(owner, "cron", cron, `a cron expression (${(error as Error).message})`);
  }
}

/** The last `count` times in `from … now`, oldest first, without going through all of them. */
export function lastFires(after: CronTimes, from: number, now: number, count: number): readonly number[] {
  for (let span = 60_000; ; span *= 4) {
    const begin = Math.max(from - 1, now - span);
    const times: number[] = [];
    for (let time = after(begin); time !== null && time <= now; time = after(time)) times.push(time);
    if (times.length >= count || begin === from - 1) return times.slice(-count);
  }
}
