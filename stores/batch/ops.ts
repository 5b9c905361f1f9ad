/** What can be asked of a batch: each is decided by itself, and answered when all is durable. */
import type {
  Mending,
  NewEvent,
  NewRun,
  RunEnd,
  ScheduleChange,
  ScheduleRow,
  WaitInfo,
  Write,
} from "../../runtime/engine/store.ts";
import { deliverEvent, unsubscribe } from "./events.ts";
import { askToCancel } from "./followers.ts";
import type { Needs } from "./needs.ts";
import { lineOf, queueRun } from "./places.ts";
import {
  commitNote,
  commitTurn,
  endRun,
  keepPark,
  needNote,
  needStart,
  needTurn,
  startRun,
  wakeRun,
} from "./turns.ts";
import { hasEnded, type Work } from "./work.ts";

export interface Op<T = unknown> {
  /** About how much is written. */
  readonly bytes: number;
  need(needs: Needs): void;
  /** May be called again, when the batch was undone. */
  apply(work: Work): T;
}

/** @param n number of its run @param worker number of the writer, 0 when it is gone */
export function writeOp(write: Write, n: number, worker: number): Op {
  return write.kind === "turn"
    ? {
        bytes: bytesOf(write),
        need: (needs) => needTurn(needs, write, n),
        apply: (work) => commitTurn(work, write, n, worker),
      }
    : {
        bytes: bytesOf(write),
        need: (needs) => needNote(needs, write, n),
        apply: (work) => commitNote(work, write, n, worker),
      };
}

export function bytesOf(write: Write): number {
  if (write.kind !== "turn") return 300;
  let bytes = (write.snapshot?.length ?? 0) + write.waits.length + 300;
  if (write.chunks !== null) for (const { body } of write.chunks.added) bytes += body.length + 100;
  for (const { payload } of write.sends) bytes += payload.length;
  return bytes;
}

export function sendOp(event: NewEvent): Op<ReturnType<typeof deliverEvent>> {
  return {
    bytes: event.payload.length + 200,
    need(needs) {
      needs.event(event.key, event.id);
      if (event.run !== null) needs.ids.add(event.run);
    },
    apply: (work) => deliverEvent(work, event),
  };
}

/** Runs with a limit: they wait for their places. */
export function startOp(runs: readonly NewRun[]): Op<ReturnType<typeof startRun>[]> {
  return {
    bytes: runs.reduce((bytes, run) => bytes + run.call.length + 200, 0),
    need(needs) {
      for (const run of runs) needStart(needs, run);
    },
    apply(work) {
      work.hints.push({ kind: "ready" });
      return runs.map((run) => startRun(work, run));
    },
  };
}

/** A run that was inserted, not due, waits for its place. @param id it may have ended */
export function queueOp(id: string, limit: NonNullable<NewRun["limit"]>): Op<void> {
  return {
    bytes: 200,
    need(needs) {
      needs.ids.add(id);
      needs.line(lineOf(limit));
    },
    apply(work) {
      const run = work.runOf(id);
      if (run !== undefined && !hasEnded(run)) queueRun(work, run, limit);
    },
  };
}

export function cancelOp(id: string): Op<boolean> {
  return {
    bytes: 100,
    need: (needs) => needs.ids.add(id),
    apply(work) {
      const run = work.runOf(id);
      return run !== undefined && askToCancel(work, run);
    },
  };
}

/** Ends a run whatever it is doing. Its owner finds itself fenced. @param n its number */
export function endOp(n: number, end: RunEnd): Op<boolean> {
  return {
    bytes: end.value.length + 200,
    need(needs) {
      for (const set of [needs.runs, needs.ends, needs.waits, needs.openings]) set.add(n);
    },
    apply(work) {
      const run = work.runs.get(n);
      if (run === undefined || hasEnded(run)) return false;
      for (const { kind, id: wait, name } of JSON.parse(work.waits.get(n) ?? "[]") as WaitInfo[]) {
        if (kind === "event") unsubscribe(work, n, wait, name);
      }
      const { keep } = work.belongingsOf(n);
      if (keep > 0) {
        work.needs.keep.set(n, keep);
        keepPark(work, n);
      }
      endRun(work, run, end, keep > 0 ? run.turn : null);
      return true;
    },
  };
}

export function suspendOp(id: string): Op<boolean> {
  return {
    bytes: 100,
    need: (needs) => needs.ids.add(id),
    apply(work) {
      const run = work.runOf(id);
      if (run === undefined || (run.status !== "active" && run.status !== "blocked")) return false;
      work.change(run);
      Object.assign(run, { status: "suspended", told: true, news: run.news + 1, reason: null, needs: null });
      work.hints.push({ kind: "run", run: id });
      return true;
    },
  };
}

export function resumeOp(id: string): Op<boolean> {
  return {
    bytes: 100,
    need: (needs) => needs.ids.add(id),
    apply(work) {
      const run = work.runOf(id);
      if (run?.status !== "suspended") return false;
      work.change(run);
      Object.assign(run, { status: "active", told: true, news: run.news + 1, due: work.now });
      work.hints.push({ kind: "ready" });
      return true;
    },
  };
}

export function unblockOp(id: string, worker: string | null): Op<boolean> {
  return {
    bytes: 100,
    need: (needs) => needs.ids.add(id),
    apply(work) {
      const run = work.runOf(id);
      if (run?.status !== "blocked") return false;
      work.change(run);
      Object.assign(run, { status: "active", due: work.now, deaths: 0, reason: null, needs: null });
      run.bound ??= worker;
      work.hints.push({ kind: "ready" });
      return true;
    },
  };
}

/** @param n number of the run */
export function mendOp(n: number, wait: number, mending: Mending): Op<boolean> {
  return {
    bytes: 200 + (mending.kind === "settle" ? mending.value.length : 0),
    need(needs) {
      needs.runs.add(n);
      needs.openings.add(n);
    },
    apply(work) {
      const run = work.runs.get(n);
      const held = run === undefined || hasEnded(run) ? undefined : work.attempts(n).get(wait);
      if (run === undefined || held === undefined || held.due !== null) return false;
      if (mending.kind === "retry")
        work.setAttempt({ ...held, made: 0, due: 0, since: work.now, begun: null });
      else {
        work.insertArrival(n, wait, mending.threw, mending.value, null);
        work.dropAttempt(n, wait);
      }
      wakeRun(work, run);
      return true;
    },
  };
}

/** What of a change of a schedule concerns runs. @returns whether it starts what it is to start */
export function firingOp(change: ScheduleChange): Op<Pick<ScheduleRow, "last">> {
  const { starts, unless, cancel, row } = change;
  return {
    bytes: row.spec.length * (1 + starts.length) + 200,
    need(needs) {
      for (const run of starts) needStart(needs, run);
      for (const id of [unless, cancel]) if (id !== null) needs.ids.add(id);
    },
    apply(work) {
      const other = unless === null ? undefined : work.runOf(unless);
      if (other !== undefined && !hasEnded(other)) return { last: unless };
      const cancelled = cancel === null ? undefined : work.runOf(cancel);
      if (cancelled !== undefined) askToCancel(work, cancelled);
      for (const run of starts) startRun(work, run);
      work.hints.push({ kind: starts.length > 0 ? "ready" : "schedule" });
      return { last: row.last };
    },
  };
}
