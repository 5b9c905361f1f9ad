/**
 * Transactions of users, as SQL. A deadlock undoes the whole transaction on the server, and what came after it would be committed
 * statement by statement: so these sessions commit nothing by themselves meanwhile, and a savepoint shows whether the transaction
 * that was begun is the one that ends.
 */
import type { NewRun } from "../../runtime/engine/store.ts";
import type { NumberedStep, PostOperations, UserOperations } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import { isBroken, numberOf, refusalOf, userFailures } from "./failures.ts";
import { serverOf } from "./migrate.ts";
import type { Value } from "./sql.ts";
import { insertNew, withoutRepeats } from "./starts.ts";
import { statements } from "./statements.ts";
import { reserveNumbers } from "./tables.ts";
import { inserted } from "./upkeep.ts";

/** There is no savepoint of this name. */
const UNKNOWN_SAVEPOINT = 1305;

/** Of connections of `mysql2`. Statements that end a transaction, and those before which the server commits. */
const rules: UserOperations<Session>["rules"] = {
  ...userFailures,
  asks: new Set(["query", "execute"]),
  ends: new Set(["beginTransaction", "commit", "rollback", "destroy", "end", "changeUser", "reset"]),
  endings: new RegExp(
    `^\\s*(${[
      "begin|start\\s+transaction|commit|rollback(?!\\s+(work\\s+)?to\\b)|xa|set\\s+(session\\s+|@@)?autocommit",
      "(create|drop)(?!\\s+temporary)|alter|rename|truncate|grant|revoke|(un)?lock\\s+tables?",
      "(analyze|optimize|repair|check)\\s+table|flush|load\\s+index",
    ].join("|")})\\b`,
    "i",
  ),
};

const stepValues = ({ n, worker, epoch }: NumberedStep) => [n, worker, epoch];

export const userTransactions: UserOperations<Session> & PostOperations<Session> = {
  rules,
  isBroken,
  refusalOf,

  async begin(session, ms) {
    await session.run(
      `SET @'coldframe wait' = @@wait_timeout, @'coldframe commits' = @@autocommit, SESSION wait_timeout = ?,
        SESSION autocommit = 0`,
      [Math.ceil(ms / 1000)],
    );
    await session.run("SAVEPOINT coldframe");
    return "";
  },

  isOpen: (session) => release(session, "coldframe"),

  async commit(session) {
    await session.run("COMMIT");
  },

  async rollback(session) {
    await session.run("ROLLBACK");
  },

  async abandon(session, client) {
    const { threadId } = client as { readonly threadId?: unknown };
    if (typeof threadId === "number") await session.run("KILL ?", [threadId]);
  },

  async restore(session) {
    await session.run(
      "SET SESSION autocommit = @'coldframe commits', SESSION wait_timeout = @'coldframe wait'",
    );
  },

  async lookUp(session, step, lock) {
    if (lock) await session.run(statements.lockRun, [step.n]);
    const [row] = (await session.run(statements.outcome, [step.wait, ...stepValues(step)])).rows;
    if (row === undefined) return "fenced";
    return row.wait === null ? null : { wait: row.wait, threw: row.threw, value: row.value };
  },

  async record(session, step, { threw, value }) {
    const owned = await session.run(statements.lockOwned, stepValues(step));
    if (owned.rows.length === 0) return false;
    return inserted(session.run(statements.record, [step.n, step.wait, threw, value]));
  },

  async postRuns(session, all, now) {
    const place = await placeOf(session);
    if (!place.inside || !place.ours) return { ...place, created: [] };
    const runs = withoutRepeats(all);
    const free = await reserveNumbers(session, runs.length);
    const time = now ?? ((await session.run(statements.now, [null])).rows[0].now as number);
    const created = await insertNew(session, runs, free, null, time);
    const fresh = runs.filter(({ id }) => created.has(id));
    const lines = fresh.flatMap(({ id, limit }) => (limit === null ? [] : [lineOf(id, limit)]));
    const limits = fresh.flatMap(({ id, limit, limited = limit }) =>
      limited === null ? [] : [[created.get(id)!, limited.key, limited.max]],
    );
    const histories = fresh.flatMap(({ id, history }) => (history ? [[created.get(id)!, history]] : []));
    if (limits.length > 0) await session.run("INSERT INTO @limits (n, `key`, `max`) VALUES ?", [limits]);
    if (histories.length > 0) await session.run("INSERT INTO @histories (n, keep) VALUES ?", [histories]);
    // That of the start is what others see when it is committed.
    await session.run(statements.post, [[["start", null, null, JSON.stringify(free), null, null], ...lines]]);
    return { ...place, created: [...created.keys()] };
  },

  async postEvent(session, { key, id, payload, run }) {
    const place = await placeOf(session);
    if (!place.inside || !place.ours) return { ...place, status: null };
    const status =
      run === null ? null : ((await session.run(statements.statusOf, [run])).rows[0]?.status ?? null);
    if (run === null || ["active", "blocked", "suspended"].includes(status))
      await session.run(statements.post, [[["event", key, id, payload, run, null]]]);
    return { ...place, status };
  },
};

function lineOf(id: string, { key, max }: NonNullable<NewRun["limit"]>): readonly Value[] {
  return ["line", key, null, null, id, max];
}

/** A savepoint is gone at once when no transaction is open. */
async function placeOf(session: Session): Promise<{ readonly inside: boolean; readonly ours: boolean }> {
  if (!session.isChecked) {
    session.server = await serverOf(session, session.where);
    session.isChecked = true;
  }
  await session.run("SAVEPOINT coldframe_place");
  const inside = await release(session, "coldframe_place");
  return { inside, ours: (await session.run(statements.mark)).rows[0]?.mark === session.mark };
}

/** False: there is no such savepoint. */
async function release(session: Session, savepoint: string): Promise<boolean> {
  try {
    await session.run(`RELEASE SAVEPOINT ${savepoint}`);
    return true;
  } catch (error) {
    if (numberOf(error) === UNKNOWN_SAVEPOINT) return false;
    throw error;
  }
}
