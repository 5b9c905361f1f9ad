/** Several workers in one process: a thread each. They know of each other only by the database, as processes do. */
import { Worker } from "node:worker_threads";
import { type Failed, failureOf } from "./thread-failure.ts";
import type { WorkOrder } from "./work-here.ts";

export type ThreadNews =
  | { readonly kind: "warn"; readonly line: string }
  | { readonly kind: "working" }
  | Failed;

export interface Threads {
  /** Has every thread park its runs and end. */
  close(): Promise<void>;
  /** Rejects when a thread ends by itself. Its runs are taken over by others when its lease ends. */
  readonly died: Promise<never>;
}

/**
 * Resolves when all threads are at work.
 * @throws what the first one fails with that cannot begin; the others are ended
 */
export async function workInThreads(
  count: number,
  order: WorkOrder,
  warn: (line: string) => void,
): Promise<Threads> {
  const entry = new URL("./work-thread.js", import.meta.url);
  const threads = Array.from({ length: count }, () => new Worker(entry, { workerData: order }));
  let closing = false;
  const ended = threads.map((thread) => new Promise<void>((resolve) => thread.once("exit", () => resolve())));
  const died = Promise.race(
    threads.map(
      (thread, i) =>
        new Promise<never>((_, reject) => {
          thread.once("error", reject);
          thread.once("exit", (code) => {
            if (!closing) reject(new Error(`thread ${i + 1} of ${count} ended by itself, with code ${code}`));
          });
        }),
    ),
  );
  died.catch(() => {});
  const begin = (thread: Worker) =>
    new Promise<void>((resolve, reject) => {
      thread.on("message", (news: ThreadNews) => {
        if (news.kind === "warn") warn(news.line);
        else if (news.kind === "working") resolve();
        else reject(failureOf(news));
      });
    });
  const close = async (): Promise<void> => {
    closing = true;
    for (const thread of threads) thread.postMessage("close");
    await Promise.all(ended);
  };
  try {
    await Promise.race([Promise.all(threads.map(begin)), died]);
  } catch (error) {
    closing = true;
    for (const thread of threads) await thread.terminate();
    throw error;
  }
  return { close, died };
}
