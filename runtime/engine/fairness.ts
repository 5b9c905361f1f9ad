/**
 * Which of the runs that are due is claimed first: priority ages. Each point of priority is worth a minute of waiting, so a
 * run of priority 0 goes before one of priority 5 that has become due five minutes later. Whatever keeps coming with a
 * higher priority, a run is overtaken only by what becomes due within so many minutes after it: none waits for ever.
 *
 * The rank does not change while runs wait. So stores can keep order by it, or by priority and due time, and merge.
 */

/** What a point of priority is worth, in ms of waiting. */
export const MS_PER_POINT = 60_000;

/** The lower one is claimed first. @param due when it became due, in ms since 1970 */
export function rankOf(priority: number, due: number): number {
  return due - priority * MS_PER_POINT;
}
