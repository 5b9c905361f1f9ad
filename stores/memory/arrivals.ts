/** What comes for a run from elsewhere. */
import type { Arrival } from "../../runtime/engine/store.ts";
import type { Database, Record } from "./database.ts";

/** Records what somebody else than the owner settled, and makes the run due. */
export function arrive(data: Database, run: Record, arrival: Arrival): void {
  if (run.arrivals.has(arrival.wait)) return;
  run.arrivals.set(arrival.wait, arrival);
  tell(data, run);
}

/** Something came for the run from elsewhere: it is due, and its owner has news. */
export function tell(data: Database, run: Record): void {
  run.news++;
  if (run.worker !== null || run.due === null || run.due > data.now()) run.due = data.now();
  if (run.status === "blocked") {
    run.status = "active";
    run.blocked = null;
  }
}
