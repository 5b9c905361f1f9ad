/**
 * Events and limited runs of users' transactions. What a user's transaction has to do with others' keys and lines is not decided
 * there: locks of keys would be held until the user commits, and what a transaction sees may be older than what others have
 * committed. So it leaves a row in the outbox, which is there exactly when it is committed; workers find it when they look for
 * work, carry it out as if it came then, and remove it in the same transaction. Whoever sends an event while one for its key is in
 * the outbox does that first: who sends one after the other finds them delivered in that order, whichever way each was sent.
 */
import type { Hint } from "../../runtime/engine/store.ts";
import { decide, type Transactions } from "./batcher.ts";
import { type Op, queueOp, sendOp } from "./ops.ts";
import type { PostRecord } from "./records.ts";

/** What became of posts. */
export interface Delivered {
  /** How many are done. */
  readonly done: number;
  /** Somebody else carries some of them out, or has. */
  readonly taken: boolean;
}

/**
 * Carries out what is in the outbox, each once. What cannot be written stays there, and holds up nothing else.
 * @param wait until others have done what they are at
 */
export async function deliverPosts(
  posts: readonly PostRecord[],
  transactions: Transactions,
  tell: (hints: readonly Hint[]) => void,
  wait: boolean,
): Promise<Delivered> {
  const taking: Transactions = {
    failure: transactions.failure,
    transaction: (body) =>
      transactions.transaction(async (tables) => {
        if (!(await tables.takePosts(posts, wait))) throw new Taken();
        return body(tables);
      }),
  };
  try {
    const { hints } = await decide(posts.flatMap(opsOf), taking);
    tell([...hints, { kind: "ready" }]);
    return { done: posts.length, taken: false };
  } catch (error) {
    if (error instanceof Taken) return { done: 0, taken: true };
    if (transactions.failure(error) !== "alone") throw error;
    if (posts.length === 1) return { done: 0, taken: false };
  }
  const half = posts.length >> 1;
  const first = await deliverPosts(posts.slice(0, half), transactions, tell, wait);
  const second = await deliverPosts(posts.slice(half), transactions, tell, wait);
  return { done: first.done + second.done, taken: first.taken || second.taken };
}

function opsOf({ kind, name, id, body, run, max }: PostRecord): readonly Op[] {
  if (kind === "event") return [sendOp({ key: name!, id: id!, payload: body!, run })];
  return kind === "line" ? [queueOp(run!, { key: name!, max: max! })] : [];
}

/** Somebody else carries them out. */
class Taken extends Error {}
