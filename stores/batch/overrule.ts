/** Turns that people write in place of the owner of a run: forks, rewinds, edits. */
import type { NewRun, Overruling } from "../../runtime/engine/store.ts";
import { packBody } from "../rows/index.ts";
import { bytesOf, type Op } from "./ops.ts";
import type { RunRecord } from "./records.ts";
import { keepPark, needEffects, needStart, needTurn, startRun, writeExtras } from "./turns.ts";
import { hasEnded, type Work } from "./work.ts";

/** False: there is a run of this id. */
export function forkOp(fresh: NewRun, parked: Overruling): Op<boolean> {
  const { turn } = parked;
  return {
    bytes: bytesOf(turn) + fresh.call.length,
    need(needs) {
      needStart(needs, fresh);
      needEffects(needs, turn);
    },
    apply(work) {
      if (work.numbers.has(fresh.id)) return false;
      for (const run of [...turn.starts, fresh]) startRun(work, run);
      const run = work.runs.get(work.numbers.get(fresh.id)!)!;
      work.open(run.n, { arrivals: [], attempts: [] });
      write(work, run, parked, run.due);
      return true;
    },
  };
}

/** False: run `n` has ended, or is not any more as it was. */
export function overruleOp(n: number, overruling: Overruling): Op<boolean> {
  const { turn } = overruling;
  return {
    bytes: bytesOf(turn),
    need(needs) {
      needTurn(needs, turn, n);
      needs.openings.add(n);
    },
    apply(work) {
      const run = work.runs.get(n);
      if (run === undefined || hasEnded(run)) return false;
      if (run.epoch !== turn.epoch || run.turn !== turn.turn - 1) return false;
      if (turn.history > 0) keepPark(work, n);
      write(work, run, overruling, work.now);
      run.epoch++;
      work.changes.overruled.push(n);
      work.hints.push({ kind: "run", run: turn.run });
      return true;
    },
  };
}

function write(work: Work, run: RunRecord, { turn, line, cancel }: Overruling, due: number | null): void {
  const { n, epoch } = run;
  work.changes.states.set(n, {
    ...{ n, epoch, turn: turn.turn },
    body: packBody(turn.waits, turn.snapshot),
  });
  work.change(run);
  Object.assign(run, { turn: turn.turn, worker: null, due, told: false });
  if (cancel !== null) {
    Object.assign(run, { cancel, deaths: 0, reason: null, needs: null });
    if (run.status === "blocked") run.status = "active";
  }
  work.changes.journal.push({ n, turn: turn.turn, ...line });
  writeExtras(work, turn, run);
  work.hints.push({ kind: "ready" });
}
