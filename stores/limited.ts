/** A limit of time for what a user does with a transaction. */
import { ColdframeError } from "../runtime/errors.ts";

export interface Limit {
  /** In milliseconds. */
  readonly ms: number;
  /** What it did to others meanwhile, for people. */
  readonly why: string;
  /** Rejects when the store is closed. */
  readonly closed: Promise<never>;
}

/**
 * Calls `body` and waits for it, but not for longer than it may take.
 * @throws ColdframeError CF3109 when it takes longer, what `closed` rejects with, what it throws
 */
export async function limited<T>({ ms, why, closed }: Limit, body: () => Promise<T> | T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const advice = "Do what takes long in a step before it";
      reject(new ColdframeError("CF3109", `${why}. ${advice}`));
    }, ms);
  });
  try {
    return await Promise.race([body(), late, closed]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is thrown at whoever uses a transaction that has ended, or ends it. */
export function transactionIsOver(): ColdframeError {
  return new ColdframeError(
    "CF3108",
    "await all that is done with it before the function returns, and leave its commit to the store",
  );
}
