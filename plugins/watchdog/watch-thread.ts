/** The thread that watches another one. It writes to the file itself: what goes through the other thread would wait for it. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { Board } from "./board.ts";
import { stackOfMain } from "./stack.ts";
import { type Blocking, Vigil } from "./vigil.ts";

export interface WatchOrder {
  readonly memory: SharedArrayBuffer;
  readonly after: number;
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly json: boolean;
  readonly fd: number;
  /** The thread that is watched is the main one, which can be asked where it is. */
  readonly isMain: boolean;
}

/** So long the thread has to say where it is, in ms. */
const PATIENCE = 500;

const { memory, after, every, json, fd, isMain } = workerData as WatchOrder;
const board = new Board(memory);
const vigil = new Vigil(board, after);
let asking = false;
setInterval(async () => {
  if (asking) return;
  const said = vigil.look(performance.now());
  if (said === null) return;
  const { beats } = board;
  asking = true;
  const frames = isMain ? await stackOfMain(PATIENCE) : null;
  asking = false;
  // It has gone on meanwhile: where it is now is not where it was.
  tell(frames === null || board.beats !== beats ? said : vigil.placed(said, frames));
}, every);

function tell(said: Blocking): void {
  const { level, message, run, at } = said;
  const where = [run, at].filter((part) => part !== undefined).join(" ");
  const line = json ? JSON.stringify(said) : `${level}${where === "" ? "" : ` ${where}`}: ${message}`;
  try {
    writeSync(fd, `${line}\n`);
  } catch {
    // Nobody reads: there is nobody to tell.
  }
}
