/** What comes for a run from elsewhere. */
import type { Arrival } from "../../runtime/engine/store.ts";
import type { Record } from "./database.ts";

/** Records what somebody else than the owner settled, and makes the run due. */
export function arrive(run: Record, arrival: Arrival): void {
  if (run.arrivals.has(arrival.wait)) return;
  run.arrivals.set(arrival.wait, arrival);
  tell(run);
}

/** Something came for the run from elsewhere: it is due, and its owner has news. */
export function tell(run: Record): void {
  run.news++;
  run.due = 0;
  if (run.status === "blocked") {
    run.status = "active";
    run.blocked = null;
  }
}
