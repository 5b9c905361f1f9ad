/** Rehearsals in a thread of their own, for a process that goes on while the code changes: modules are loaded once in a thread. */
import { Worker } from "node:worker_threads";
import type { Rehearsal } from "../runtime/index.ts";
import type { RehearsalOrder } from "./rehearse-here.ts";
import { type Failed, failureOf } from "./thread-failure.ts";

export type Rehearsed = Failed | { readonly kind: "done"; readonly runs: readonly Rehearsal[] };

/** @throws what `rehearseHere` does */
export async function rehearseInThread(order: RehearsalOrder): Promise<readonly Rehearsal[]> {
  const thread = new Worker(new URL("./rehearse-thread.js", import.meta.url), { workerData: order });
  try {
    const said = await new Promise<Rehearsed>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
      thread.once("exit", (code) => reject(new Error(`the thread of the rehearsal ended with ${code}`)));
    });
    if (said.kind === "failed") throw failureOf(said);
    return said.runs;
  } finally {
    await thread.terminate();
  }
}
