/** Runs that wait for the ends of others, and those that end with the run that started them. */
import type { Following, RunEnd } from "../../runtime/engine/store.ts";
import { tell } from "./events.ts";
import { Again } from "./needs.ts";
import type { RunRecord } from "./records.ts";
import { hasEnded, type Work } from "./work.ts";

/** Run `n` waits for the end of another one; when that has ended, it has news. */
export function follow(work: Work, n: number, { wait, run: id, attached }: Following): void {
  const target = work.runOf(id);
  if (target === undefined) return;
  if (hasEnded(target)) {
    const end = work.outcomes.get(target.n);
    if (end === undefined) {
      work.needs.outcomes.add(id);
      throw new Again("the end of a run");
    }
    work.insertArrival(n, wait, end.status !== "done", end.value, null);
    tell(work, work.run(n));
    return;
  }
  work.changes.followers.add({ run: target.n, n, wait, attached });
  work.belongings.get(target.n)?.followers.push({ n, wait });
  if (attached) work.belongings.get(n)?.attached.push(target.n);
}

/** The run has ended: those who waited for it are told, those attached to it are cancelled. */
export function tellFollowers(work: Work, { n }: RunRecord, { status, value }: RunEnd): void {
  const { followers, attached } = work.belongingsOf(n);
  for (const follower of followers) {
    const run = work.run(follower.n);
    if (!tell(work, run)) continue;
    work.insertArrival(follower.n, follower.wait, status !== "done", value, null);
    work.hints.push({ kind: "run", run: run.id });
  }
  for (const other of attached) askToCancel(work, work.run(other));
  for (const follower of work.changes.followers)
    if (follower.run === n || follower.n === n) work.changes.followers.delete(follower);
  work.changes.unfollowed.push(n);
}

/** False: it has ended. */
export function askToCancel(work: Work, run: RunRecord): boolean {
  if (!tell(work, run)) return false;
  if (run.cancel === "no") run.cancel = "asked";
  if (run.status === "suspended") run.status = "active";
  work.hints.push({ kind: "run", run: run.id });
  return true;
}
