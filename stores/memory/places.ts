/** Locks with a number of places: a line for each key, served in order; a place lasts until it is given up or its run ends. */
import type { Acquiring, Hint, NewRun } from "../../runtime/engine/store.ts";
import { arrive } from "./arrivals.ts";
import type { Database, Record } from "./database.ts";

/** The wait of a run that has to get a place before it begins. */
const BEGINNING = -1;

export function acquire(data: Database, run: Record, acquiring: Acquiring, hints: Hint[]): void {
  const line = data.places.get(acquiring.key) ?? [];
  data.places.set(acquiring.key, line);
  line.push({ ...acquiring, run, held: false });
  serve(data, acquiring.key, hints);
}

/** A run that was just inserted, not due, is due once it has a place. */
export function queueRun(
  data: Database,
  run: Record,
  limit: NonNullable<NewRun["limit"]>,
  hints: Hint[],
): void {
  acquire(
    data,
    run,
    { wait: BEGINNING, key: `run ${limit.key}`, max: limit.max, loose: false, value: "" },
    hints,
  );
}

export function release(data: Database, run: string, wait: number, hints: Hint[]): void {
  for (const [key, line] of data.places) {
    const at = line.findIndex((place) => place.run.id === run && place.wait === wait);
    if (at < 0) continue;
    line.splice(at, 1);
    serve(data, key, hints);
    return;
  }
}

/** The run has ended: what it had or waited for is the next one's. */
export function releaseAll(data: Database, run: Record, hints: Hint[]): void {
  const waits = [...data.places.values()]
    .flat()
    .filter((place) => place.run === run && !(place.loose && place.held));
  for (const { wait } of waits) release(data, run.id, wait, hints);
}

/** Lets those in, from the front of the line, for whom there is a place. */
function serve(data: Database, key: string, hints: Hint[]): void {
  const line = data.places.get(key)!;
  if (line.length === 0) data.places.delete(key);
  for (const place of line) {
    if (place.held) continue;
    if (line.filter(({ held }) => held).length >= place.max) return;
    place.held = true;
    const { run, wait, value } = place;
    if (wait === BEGINNING) {
      if (run.due === null) run.due = data.now();
      hints.push({ kind: "ready" });
    } else {
      arrive(data, run, { wait, threw: false, value });
      hints.push({ kind: "run", run: run.id });
    }
  }
}
