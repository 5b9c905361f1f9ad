/** How a step function hands back control: suspended, returned or thrown (ECMA-262 §27.7.5.2). */
import type { Frame } from "../../abi/index.ts";
import { type Durable, FULFILLED, REJECTED } from "./durable.ts";
import { machine } from "./run.ts";
import { resolve, settle } from "./settle.ts";
import { trace } from "./stack.ts";

/** What `$await` returns when the step function has to save its locals and return. */
export const $park: unique symbol = Symbol("park") as never;

/**
 * Where the task will carry on, and with which locals.
 * @param frame null: none is live
 * @returns `$park`
 */
export function $suspend(task: Durable, ip: number, frame: Frame | null = null): typeof $park {
  task.ip = ip;
  task.frame = frame;
  if (machine.observer !== null) machine.observer.suspended(task);
  return $park;
}

/**
 * Ends the task with what its step function returned; nothing for `$park`, which says that it was suspended.
 * @returns `$park`
 */
export function $return(task: Durable, value: unknown): typeof $park {
  if (value === $park) return $park;
  task.frame = null;
  if ((typeof value !== "object" || value === null) && typeof value !== "function") {
    if (task.reactions === undefined) {
      task.state = FULFILLED;
      task.value = value;
    } else settle(task, FULFILLED, value);
  } else resolve(task, value);
  return $park;
}

/** An exception that nothing in the function has caught. */
export function $throw(task: Durable, error: unknown): void {
  task.frame = null;
  trace(error, machine.job ?? task);
  settle(task, REJECTED, error);
}
