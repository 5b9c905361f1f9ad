/** Transactions of users, as SQL. */
import type { NewEvent, NewRun } from "../../runtime/engine/store.ts";
import type { NumberedStep, PostOperations, Row, UserOperations } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import { isBroken, refusalOf, stateOf, userFailures } from "./failures.ts";
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

  async abandon(session, client) {
    const { processID } = client as { readonly processID?: unknown };
    if (typeof processID === "number")
      await session.text(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND usename = current_user",
        [processID],
      );
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
    if (!(await isInside(session))) return { ...OUTSIDE, created: [] };
    const { rows } = await session.run("postRuns", [
      now,
      session.mark,
      ...toldBy(session, tells),
      ...startValues(runs),
      runs.map(({ limit }) => limit?.key ?? null),
      runs.map(({ limit }) => limit?.max ?? null),
      runs.map(({ limit, limited = limit }) => limited?.key ?? null),
      runs.map(({ limit, limited = limit }) => limited?.max ?? null),
      runs.map(({ history = 0 }) => history),
    ]);
    const [{ created, ours }] = rows as [Row];
    return { inside: true, ours, created: JSON.parse(created) };
  },

  async postEvent(session, { key, id, payload, run }: NewEvent, tells) {
    if (!(await isInside(session))) return { ...OUTSIDE, status: null };
    const values = [session.mark, ...toldBy(session, tells), key, id, payload, run];
    const [{ ours, status }] = (await session.run("postEvent", values)).rows as [Row];
    return { inside: true, ours, status };
  },
};

const OUTSIDE = { inside: false, ours: true } as const;
const NO_TRANSACTION = "25P01";

async function isInside(session: Session): Promise<boolean> {
  try {
    await session.run("beInside", []);
    return true;
  } catch (error) {
    if (stateOf(error) === NO_TRANSACTION) return false;
    throw error;
  }
}

function toldBy(session: Session, tells: boolean): readonly (string | null)[] {
  return [tells ? channelOf(session.schema) : null, OTHERS];
}
