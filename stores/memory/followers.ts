/** Runs that wait for the ends of others, and those that end with the run that started them. */
import type { Following, Hint, RunEnd } from "../../runtime/engine/store.ts";
import { arrive, tell } from "./arrivals.ts";
import type { Database, Follower, Record } from "./database.ts";

export function follow(data: Database, run: Record, { wait, run: id, attached }: Following): void {
  const target = data.runs.get(id);
  if (target === undefined) return;
  if (target.end !== null) arrive(data, run, outcome(wait, target.end));
  else addFollower(target, { run, wait, attached });
}

export function addFollower(target: Record, follower: Follower): void {
  target.followers.push(follower);
  follower.run.follows.add(target);
}

/** The run has ended: those who waited for it are told, those attached to it are cancelled. */
export function tellFollowers(data: Database, run: Record, end: RunEnd, hints: Hint[]): void {
  for (const follower of run.followers) {
    follower.run.follows.delete(run);
    if (follower.run.end !== null) continue;
    arrive(data, follower.run, outcome(follower.wait, end));
    hints.push({ kind: "run", run: follower.run.id });
  }
  run.followers.length = 0;
  for (const other of run.follows) {
    if (other.followers.some((follower) => follower.run === run && follower.attached))
      askToCancel(data, other, hints);
  }
}

/** False: it has ended. */
export function askToCancel(data: Database, run: Record, hints: Hint[]): boolean {
  if (run.end !== null) return false;
  if (run.cancel === "no") run.cancel = "asked";
  if (run.status === "suspended") run.status = "active";
  tell(data, run);
  hints.push({ kind: "run", run: run.id });
  return true;
}

function outcome(wait: number, { status, value }: RunEnd) {
  return { wait, threw: status !== "done", value };
}
