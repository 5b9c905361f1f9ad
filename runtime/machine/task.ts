/**
 * What compiled async functions call: a task begins, awaits, and ends (ECMA-262 §27.7.5).
 *
 * The fast paths do what the queue would have done, without the queue: a task that has the *top* (nothing below it on
 * the JavaScript stack would do anything before the next job) goes on inline when its promise is settled and the
 * queue is empty, since its own job would be the next. Measured: an await of a marked function at a quarter of
 * native, against 0.7 without.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { runOf } from "./closure.ts";
import { type Callable, Durable, FULFILLED, Mirror, PENDING, REJECTED } from "./durable.ts";
import { $park } from "./end.ts";
import { NativePromise } from "./intrinsics.ts";
import { attach, isOddPromise, promiseResolve, watchOdd } from "./loop.ts";
import { freeRun, inRun, machine, type Run } from "./run.ts";
import { addReaction, enqueue, handle, subscribe } from "./settle.ts";

/**
 * Starts a task. In the current run; else in the run of the closure `self`; else in the free run. A closure of
 * another hosted run than the current one enters its own.
 * @param target `new.target` of a function that had to be emitted as a declaration, and is none that `new` takes
 */
export function $begin(code: Code, self: Callable | null, target?: unknown): Durable {
  const { run } = machine;
  if (target !== undefined) throw new TypeError(`${self!.name} is not a constructor`);
  if (run === null || (code.make !== null && isElsewhere(self!, run))) return beginFromOutside(code, self);
  const task = new Durable(run, code);
  if (machine.next !== null) {
    // Only the callee itself may take the top: whoever begins first instead was called by something unmarked.
    if (machine.next === self) machine.top = task;
    machine.next = null;
  }
  return task;
}

function isElsewhere(self: Callable, run: Run): boolean {
  const own = runOf(self);
  return own !== null && own !== run && !own.free;
}

function beginFromOutside(code: Code, self: Callable | null): Durable {
  const run = (self === null ? null : runOf(self)) ?? freeRun;
  if (run.ended) throw ended(code, run);
  const task = new Durable(run, code);
  machine.entry = { task, run: machine.run, top: machine.top, next: machine.next, entry: machine.entry };
  machine.run = run;
  machine.top = machine.next = null;
  return task;
}

function ended(code: Code, run: Run): ColdframeError {
  return new ColdframeError("CF2005", `${code.id} (${code.file}:${code.line}) belongs to run "${run.id}"`);
}

/** What the function returns: its task; for a call from outside any run a native promise. */
export function $end(task: Durable): Durable | Promise<unknown> {
  return machine.entry !== null && machine.entry.task === task ? endFromOutside(task) : task;
}

function endFromOutside(task: Durable): Durable | Promise<unknown> {
  const { run, top, next, entry } = machine.entry!;
  // A call from another run gets the task itself, so that awaiting it there is refused.
  const result = run === null ? mirror(task) : task;
  machine.run = run;
  machine.top = top;
  machine.next = next;
  machine.entry = entry;
  machine.drain(task.run);
  return result;
}

/** A native promise that settles together with `promise`, in the same job. */
export function mirror(promise: Durable): Promise<unknown> {
  let reaction!: Mirror;
  const native = new NativePromise((resolve, reject) => {
    reaction = new Mirror({ resolve, reject });
    subscribe(promise, reaction);
  });
  reaction.promise = native;
  return native;
}

/**
 * `await value` (§27.7.5.3).
 * @returns the value when the task may go on at once; otherwise `$park`: the task is subscribed and will be resumed
 * @throws the reason, when the promise is rejected and the task may go on at once; ColdframeError CF2002 when the
 *   promise belongs to another run
 */
export function $await(task: Durable, value: unknown): unknown {
  // Small, so that V8 inlines it: what cannot go on inline is left to the functions below.
  if (value instanceof Durable) {
    if (machine.top === value) machine.top = task;
    const { run } = task;
    return value.state === FULFILLED && value.run === run && goesOn(task, run) && isPlain(value)
      ? value.value
      : awaitDurable(task, value);
  }
  if ((typeof value !== "object" || value === null) && typeof value !== "function") {
    if (goesOn(task, task.run)) return value;
    enqueue(task.run, task, value, false);
    return $park;
  }
  return awaitObject(task, value);
}

/** Whether the job of `task` would be the next, were it put into the queue now. */
function goesOn(task: Durable, run: Run): boolean {
  return machine.top === task && run.head === run.tail;
}

/** PromiseResolve looks at `constructor`: instances of subclasses are awaited as any thenable is. */
function isPlain(promise: object): boolean {
  return promise.constructor === NativePromise;
}

function awaitDurable(task: Durable, promise: Durable): unknown {
  if (promise.run !== task.run || !isPlain(promise)) return awaitObject(task, promise);
  return awaitOwn(task, promise);
}

/** Awaits what PromiseResolve gave, a promise of the task's run. */
function awaitOwn(task: Durable, promise: Durable): unknown {
  const { run } = task;
  const { state } = promise;
  if (state === PENDING) {
    if (promise.reactions === undefined) promise.reactions = task;
    else addReaction(promise, task);
    promise.handled = true;
    return $park;
  }
  if (state === REJECTED && !promise.handled) handle(promise);
  if (goesOn(task, run)) {
    if (state === FULFILLED) return promise.value;
    throw promise.value;
  }
  enqueue(run, task, promise.value, state === REJECTED);
  return $park;
}

function awaitObject(task: Durable, value: object): unknown {
  const { run } = task;
  if (isOddPromise(value)) {
    watchOdd(run, value, task);
    return $park;
  }
  const promise = promiseResolve(run, value);
  if (promise !== value && promise instanceof Durable && promise.state !== PENDING)
    return awaitOwn(task, promise);
  attach(run, promise, task);
  return $park;
}

/** For `await f(x)`: hands the top to `f`, if `task` has it. Returns `f`. */
export function $to<F>(task: Durable, f: F): F {
  if (machine.top === task) machine.next = f;
  return f;
}

/**
 * For a sync closure that native code called outside any run: calls it again in the run that made it, so that what it
 * calls belongs there. Compiled closures open with `if (!$machine.run) return $enter(self, this, arguments);`
 * @returns its result, a promise of this machine as a native one
 */
export function $enter(self: Callable, thisArgument?: unknown, args: ArrayLike<unknown> = []): unknown {
  const result = inRun(runOf(self) ?? freeRun, () => Reflect.apply(self, thisArgument, args));
  return result instanceof Durable ? mirror(result) : result;
}
