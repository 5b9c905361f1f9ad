/**
 * `coldframe/watchdog`: tells what blocks the event loop, while it blocks. A thread of its own watches; it keeps no process
 * alive. What blocks is known from the engine, which notes what it calls in memory that both threads share.
 */
import { isMainThread, Worker } from "node:worker_threads";
import { checkOptions, wrongOption } from "../../runtime/errors.ts";
import type { Watchdog } from "../../runtime/index.ts";
import { Board } from "./board.ts";
import type { WatchOrder } from "./watch-thread.ts";

export interface WatchdogOptions {
  /** Milliseconds that the event loop may be blocked before it is told, from 20. Default 1000. Told again each time that it has doubled. */
  readonly after?: number;
  /** A line of JSON, as `coldframe work --json` writes it, and not of text. */
  readonly json?: boolean;
  /** Descriptor of the file that is written to. Default 2: the error output. */
  readonly fd?: number;
}

/**
 * Watches the thread that calls it. For `createEngine({ store, watchdog: watchdog() })`; several engines of a thread may share one.
 * @throws ColdframeError CF2301 for wrong options
 */
export function watchdog(options: WatchdogOptions = {}): Watchdog & Disposable {
  const { after = 1000, json = false, fd = 2 } = options;
  checkOptions("watchdog()", options, KNOWN);
  if (!Number.isFinite(after) || after < 20)
    throw wrongOption("watchdog()", "after", after, "milliseconds, from 20");
  const board = new Board();
  const every = after / 4;
  board.beat();
  const beating = setInterval(() => board.beat(), every);
  beating.unref();
  const workerData: WatchOrder = { memory: board.memory, after, every, json, fd, isMain: isMainThread };
  // Not what the process was started with: a hook that loads workflows has no business there.
  const thread = new Worker(new URL("./watch-thread.js", import.meta.url), { workerData, execArgv: [] });
  thread.unref();
  // It cannot be made when the process is out of threads or memory: then nobody watches, and all goes on.
  thread.on("error", () => clearInterval(beating));
  return {
    enter: (run, step, at) => board.enter(run, step, at),
    leave: () => board.leave(),
    pending: (run, step, at) => board.pending(run, step, at),
    settled: (pending) => board.settled(pending),
    [Symbol.dispose]() {
      clearInterval(beating);
      void thread.terminate();
    },
  };
}

const KNOWN: readonly string[] = ["after", "json", "fd"] satisfies (keyof WatchdogOptions)[];
