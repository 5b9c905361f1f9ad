/** The thread that watches another one. It writes to the file itself: what goes through the other thread would wait for it. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { Board } from "./board.ts";
import { Vigil } from "./vigil.ts";

export interface WatchOrder {
  readonly memory: SharedArrayBuffer;
  readonly after: number;
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly json: boolean;
  readonly fd: number;
}

const { memory, after, every, json, fd } = workerData as WatchOrder;
const vigil = new Vigil(new Board(memory), after);
setInterval(() => {
  const said = vigil.look(performance.now());
  if (said === null) return;
  const { level, message, run, at } = said;
  const where = [run, at].filter((part) => part !== undefined).join(" ");
  const line = json ? JSON.stringify(said) : `${level}${where === "" ? "" : ` ${where}`}: ${message}`;
  try {
    writeSync(fd, `${line}\n`);
  } catch {
    // Nobody reads: there is nobody to tell.
  }
}, every);
