/** Copies of runs, and their removal. */
import {
  BOUND_FOR,
  type Copy,
  type Hint,
  type RunEnd,
  type Stranded,
  type WaitInfo,
} from "../../runtime/engine/store.ts";
import { shareChunks } from "./chunks.ts";
import type { Database, Record } from "./database.ts";
import { feed, unsubscribe } from "./events.ts";
import { addFollower } from "./followers.ts";
import { keepPark } from "./history.ts";
import { endRun, forgetRun } from "./writes.ts";

/** Copies a run that has not ended, as it was last saved. */
export function cloneRun(data: Database, from: Record, { id, secret, state }: Copy): void {
  const now = data.now();
  const copy: Record = {
    ...from,
    ...state,
    n: data.count++,
    id,
    secret,
    parent: null,
    created: now,
    updated: now,
    status: "active",
    blocked: null,
    epoch: 0,
    seen: from.news,
    worker: null,
    due: now,
    cancel: "no",
    deaths: 0,
    arrivals: new Map(from.arrivals),
    attempts: new Map([...from.attempts].map(([wait, known]) => [wait, { ...known, begun: null }])),
    taken: new Map(),
    sent: [],
    chunks: shareChunks(data, from.chunks),
    keep: 0,
    limit: null,
    parks: [],
    pastChunks: new Map(),
    journal: [],
    followers: [],
    follows: new Set(),
  };
  data.runs.set(id, copy);
  for (const { kind, id: wait, name } of JSON.parse(copy.waits) as WaitInfo[]) {
    if (kind === "event")
      data.subscriptions.set(name, [
        ...(data.subscriptions.get(name) ?? []),
        { run: copy, wait, schema: null },
      ]);
  }
  for (const fed of [...data.feeds.values()].flat()) {
    if (fed.run === from) feed(data, copy, fed);
  }
  for (const target of from.follows) {
    for (const { wait } of target.followers.filter((one) => one.run === from)) {
      addFollower(target, { run: copy, wait, attached: false });
    }
  }
  for (const line of data.places.values()) {
    for (const place of line.filter(({ run, held }) => run === from && !held))
      line.push({ ...place, run: copy });
  }
}

/** Ends a run whatever it is doing. */
export function endByForce(data: Database, run: Record, end: RunEnd, hints: Hint[]): void {
  for (const { kind, id, name } of JSON.parse(run.waits) as WaitInfo[]) {
    if (kind === "event") unsubscribe(data, run, id, name, hints);
  }
  keepPark(data, run);
  endRun(data, run, end, hints);
}

/** What no live worker can claim: see the store port. */
export function strand(data: Database, reason: string): readonly Stranded[] {
  const now = data.now();
  const live = [...data.workers.values()].filter(({ until }) => until > now);
  const isHeld = ({ group, entry, bound, due }: Record): boolean =>
    live.some(
      ({ id, builds, groups, only }) =>
        ((id === bound && due! > now - BOUND_FOR) || builds.includes(bound!)) &&
        groups?.includes(group) !== false &&
        only?.includes(entry) !== false,
    );
  const blocked: Stranded[] = [];
  for (const run of data.runs.values()) {
    const { id, entry, turn, bound, due } = run;
    if (run.status !== "active" || run.worker !== null || due === null || due > now) continue;
    if (bound === null || isHeld(run)) continue;
    if (bound !== run.build) {
      run.bound = null;
      continue;
    }
    run.status = "blocked";
    run.blocked = { reason: reason.replace("{build}", bound), needs: entry };
    blocked.push({ id, entry, turn, build: bound });
  }
  return blocked;
}

/** Removes runs that ended before a time. @returns how many */
export function collect(data: Database, before: number, limit: number): number {
  const ended = [...data.runs.values()]
    .filter((run) => run.end !== null && run.updated < before)
    .slice(0, limit);
  for (const run of ended) forgetRun(data, run);
  return ended.length;
}
