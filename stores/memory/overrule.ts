/** Turns that people write in place of the owner of a run: forks, rewinds, edits. */
import type { Hint, NewRun, Overruling } from "../../runtime/engine/store.ts";
import type { Database, Record } from "./database.ts";
import { keepPark } from "./history.ts";
import { insertRun, writeExtras } from "./writes.ts";

export function forkRun(data: Database, fresh: NewRun, parked: Overruling, hints: Hint[]): boolean {
  if (data.runs.has(fresh.id)) return false;
  for (const run of [...parked.turn.starts, fresh]) insertRun(data, run, null, hints);
  const run = data.runs.get(fresh.id)!;
  write(data, run, parked, run.due, hints);
  return true;
}

export function overrule(data: Database, overruling: Overruling, hints: Hint[]): boolean {
  const { turn } = overruling;
  const run = data.runs.get(turn.run);
  if (run === undefined || run.end !== null) return false;
  if (run.epoch !== turn.epoch || run.turn !== turn.turn - 1) return false;
  keepPark(data, run);
  run.epoch++;
  write(data, run, overruling, data.now(), hints);
  hints.push({ kind: "run", run: run.id });
  return true;
}

function write(
  data: Database,
  run: Record,
  { turn, line, cancel }: Overruling,
  due: number | null,
  hints: Hint[],
): void {
  const now = data.now();
  Object.assign(run, { turn: turn.turn, snapshot: turn.snapshot, waits: turn.waits, updated: now });
  Object.assign(run, { worker: null, due });
  if (cancel !== null) {
    Object.assign(run, { cancel, deaths: 0, blocked: null });
    if (run.status === "blocked") run.status = "active";
  }
  run.journal.push({ time: now, turn: turn.turn, ...line });
  writeExtras(data, run, turn, hints);
  hints.push({ kind: "ready" });
}
