/** Transactions of users, as SQL. */
import type { NewEvent, NewRun } from "../../runtime/engine/store.ts";
import type { NumberedStep, PostOperations, Row, UserOperations } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import { isBroken, refusalOf, userFailures } from "./failures.ts";
import { channelOf, OTHERS } from "./hints.ts";
import { startValues } from "./starts.ts";

/** Of the client of `pg`. */
const rules: UserOperations<Session>["rules"] = {
  ...userFailures,
  asks: new Set(["query"]),
  ends: new Set(["end", "connect"]),
  endings:
    /^\s*(begin|start\s+transaction|commit|end|abort|rollback(?!\s+((work|transaction)\s+)?to\b)|prepare\s+transaction)\b/i,
};

let marks = 0;

const stepValues = ({ n, worker, epoch, wait }: NumberedStep) => [n, worker, epoch, wait];

export const userTransactions: UserOperations<Session> & PostOperations<Session> = {
  rules,
  isBroken,
  refusalOf,

  async begin(session, ms) {
    const mark = `${process.pid}.${++marks}`;
    // Settings that end with the transaction, and before its first query: its isolation level is still the user's to say.
    await session.text(
      `BEGIN; SET LOCAL coldframe.tx = '${mark}'; SET LOCAL idle_in_transaction_session_timeout = ${ms}`,
    );
    return mark;
  },

  async isOpen(session, mark) {
    const { rows } = await session.text("SELECT current_setting('coldframe.tx', true) = $1::text AS open", [
      mark,
    ]);
    return rows[0].open === true;
  },

  async commit(session) {
    await session.text("COMMIT");
  },

  async rollback(session) {
    await session.text("ROLLBACK");
  },

  async restore() {},

  async lookUp(session, step, lock) {
    if (lock) await session.run("lockRun", [step.n]);
    const [row] = (await session.run("outcome", stepValues(step))).rows;
    if (row === undefined) return "fenced";
    return row.wait === null ? null : { wait: row.wait, threw: row.threw, value: row.value };
  },

  async record(session, step, { threw, value }) {
    return (await session.run("record", [...stepValues(step), threw, value])).rowCount === 1;
  },

  async postRuns(session, runs: readonly NewRun[], now, tells) {
    const { rows } = await session.run("postRuns", [
      now,
      session.mark,
      ...toldBy(session, tells),
      ...startValues(runs),
      runs.map(({ limit }) => limit?.key ?? null),
      runs.map(({ limit }) => limit?.max ?? null),
    ]);
    const [{ created, ...place }] = rows as [Row];
    return { ...placeOf(place), created: JSON.parse(created) };
  },

  async postEvent(session, { key, id, payload, run }: NewEvent, tells) {
    const values = [session.mark, ...toldBy(session, tells), key, id, payload, run];
    const [row] = (await session.run("postEvent", values)).rows as [Row];
    return { ...placeOf(row), status: row.status };
  },
};

function placeOf({ inside, ours }: Row) {
  return { inside, ours };
}

function toldBy(session: Session, tells: boolean): readonly (string | null)[] {
  return [tells ? channelOf(session.schema) : null, OTHERS];
}
