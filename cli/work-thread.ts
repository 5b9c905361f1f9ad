/** What a thread of `coldframe work --threads` runs: an engine of its own over the same file. */
import { parentPort, workerData } from "node:worker_threads";
import { failed } from "./thread-failure.ts";
import { type WorkOrder, workHere } from "./work-here.ts";
import type { ThreadNews } from "./work-threads.ts";

const port = parentPort!;
const tell = (news: ThreadNews): void => port.postMessage(news);
try {
  const engine = await workHere(workerData as WorkOrder, (line) => tell({ kind: "warn", line }));
  port.once("message", () => void engine.close().finally(() => process.exit()));
  tell({ kind: "working" });
} catch (error) {
  tell(failed(error));
  port.close();
}
