/** A thread that has loaded nothing before: modules that have changed since are loaded as they are now. See `rehearse-in-thread.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { type RehearsalOrder, rehearseHere } from "./rehearse-here.ts";
import type { Rehearsed } from "./rehearse-in-thread.ts";
import { failed } from "./thread-failure.ts";

const said: Rehearsed = await rehearseHere(workerData as RehearsalOrder).then(
  (runs) => ({ kind: "done", runs }) as const,
  failed,
);
parentPort!.postMessage(said);
