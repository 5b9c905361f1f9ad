/** Locks with a number of places: a line for each key, served in order; a place lasts until it is given up or its run ends. */
import type { Acquiring, NewRun } from "../../runtime/engine/store.ts";
import { tell } from "./events.ts";
import { Again } from "./needs.ts";
import type { PlaceRecord, RunRecord } from "./records.ts";
import type { Work } from "./work.ts";

/** The wait of a run that has to get a place before it begins. */
const BEGINNING = -1;

/** The key of the line in which runs wait to begin. */
export function lineOf({ key }: NonNullable<NewRun["limit"]>): string {
  return `run ${key}`;
}

export function acquire(work: Work, n: number, { wait, key, max, loose, value }: Acquiring): void {
  const line = work.line(key);
  const place: PlaceRecord = { seq: null, key, n, wait, max, loose, value, held: false };
  work.changes.places.add(place);
  // Who is behind others that were not loaded is left to the database.
  if (!line.more) line.waiting.push(place);
  work.belongings.get(n)?.places.push(place);
  serve(work, key);
}

/** A run that was just inserted, not due, is due once it has a place. */
export function queueRun(work: Work, { n }: RunRecord, limit: NonNullable<NewRun["limit"]>): void {
  acquire(work, n, { wait: BEGINNING, key: lineOf(limit), max: limit.max, loose: false, value: "" });
}

/** @param run that has the place or waits for it */
export function release(work: Work, run: string, wait: number): void {
  const owner = work.runOf(run);
  if (owner === undefined) return;
  const made = [...work.changes.places].find((place) => place.n === owner.n && place.wait === wait);
  const found = made ?? work.places.get(`${wait} ${owner.n}`);
  if (found !== undefined) {
    giveUp(work, found);
    return;
  }
  if (work.needs.released.has(`${wait} ${run}`)) return;
  work.needs.release(run, wait);
  throw new Again("a place");
}

/** The run has ended: what it had or waited for is the next one's. */
export function releaseAll(work: Work, { n }: RunRecord): void {
  for (const { wait, key, held } of [...work.belongingsOf(n).places]) {
    const made = [...work.changes.places].find((place) => place.n === n && place.wait === wait);
    if (made?.loose && made.held) continue;
    giveUp(work, made ?? { n, wait, key, held });
  }
}

function giveUp(work: Work, { n, wait, key, held }: Pick<PlaceRecord, "n" | "wait" | "key" | "held">): void {
  // A place is given up once: a run may release it and end in one turn, or in one transaction with who releases it for it.
  work.places.delete(`${wait} ${n}`);
  const belongings = work.belongings.get(n)?.places ?? [];
  const own = belongings.findIndex((place) => place.wait === wait);
  if (own >= 0) belongings.splice(own, 1);
  const line = work.line(key);
  const at = line.waiting.findIndex((place) => place.n === n && place.wait === wait);
  if (at >= 0) line.waiting.splice(at, 1);
  const made = [...work.changes.places].find((place) => place.n === n && place.wait === wait);
  const granted = work.changes.granted.findIndex((place) => place.n === n && place.wait === wait);
  if (made?.held ?? (held || granted >= 0)) line.taken--;
  if (granted >= 0) work.changes.granted.splice(granted, 1);
  if (made !== undefined) work.changes.places.delete(made);
  else work.changes.droppedPlaces.push({ n, wait });
  serve(work, key);
}

/** Lets those in, from the front of the line, for whom there is a place. */
function serve(work: Work, key: string): void {
  const line = work.line(key);
  for (;;) {
    const next = line.waiting[0];
    if (next === undefined) {
      if (!line.more) return;
      work.needs.lines.set(key, 4 * work.needs.lines.get(key)!);
      throw new Again("more of a line");
    }
    if (line.taken >= next.max) return;
    const run = work.run(next.n);
    line.waiting.shift();
    line.taken++;
    next.held = true;
    if (next.seq !== null) work.changes.granted.push(next);
    if (next.wait === BEGINNING) {
      if (run.due === null) work.change(run).due = work.now;
      work.hints.push({ kind: "ready" });
      continue;
    }
    if (tell(work, run)) {
      work.insertArrival(next.n, next.wait, false, next.value, null);
      work.hints.push({ kind: "run", run: run.id });
    }
  }
}
