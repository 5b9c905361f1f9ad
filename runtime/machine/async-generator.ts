/**
 * Async generators (ECMA-262 §27.6). The task is one that awaits as any other does; its queue holds the requests that were not
 * answered yet. Between two pieces of the body the machine itself awaits on its behalf (`Generating`), so that a `yield` is one suspend point.
 *
 * | queue state | the task |
 * |---|---|
 * | `start`, `yield` | suspended at its point, until a request comes |
 * | `running` | on the stack, at an `await`, or at a `yield` whose operand or injected return value is awaited |
 * | `draining` | has ended; answers what is queued |
 * | `done` | has ended; answers at once |
 */
import type { StepFunction } from "../../abi/index.ts";
import {
  Durable,
  Generating,
  GeneratorQueue,
  NEXT,
  RETURN,
  Request,
  type ResumeMode,
  THROW,
} from "./durable.ts";
import { $park } from "./end.ts";
import { foreignGenerator, generatorTask, incompatible, setAsyncMethods } from "./generator.ts";
import type { GeneratorMethods } from "./generator-shell.ts";
import { nativeSettled } from "./intrinsics.ts";
import { attachResolved, setGenerating } from "./loop.ts";
import { $module } from "./registry.ts";
import { freeRun, inRun, machine } from "./run.ts";
import { enqueue, reject, resolve } from "./settle.ts";
import { trace } from "./stack.ts";
import { mirror } from "./task.ts";

// ---- the body

/**
 * What the job loop calls for a task of an async generator: runs `body` until it suspends or ends. The author's `return` and
 * exceptions answer the request, they do not settle the task.
 */
export function $asyncGenerator(body: StepFunction): StepFunction {
  const step = (task: Durable, value: unknown, mode: boolean | ResumeMode): typeof $park => {
    advance(body, task, value, Number(mode) as ResumeMode);
    return $park;
  };
  return Object.assign(step, { body }) as StepFunction;
}

function advance(body: StepFunction, task: Durable, value: unknown, mode: ResumeMode): void {
  const queue = queueOf(task);
  queue.state = "running";
  for (let sent = value, how = mode; ; ) {
    let result: unknown;
    try {
      result = body(task, sent, how as never);
    } catch (error) {
      trace(error, machine.job ?? task);
      end(task, queue, error, true);
      return;
    }
    if (result === $park) return;
    if (!(result instanceof Request)) {
      end(task, queue, result, false);
      return;
    }
    // It yielded without a job in between, and there was a request already.
    sent = result.value;
    how = result.mode;
  }
}

function carryOn(task: Durable, value: unknown, mode: ResumeMode): void {
  task.code!.step!(task, value, mode as never);
}

const queueOf = (task: Durable): GeneratorQueue => task.value as GeneratorQueue;

/** `yield value` (§27.6.3.8, §15.5.5): awaits the operand, then answers the oldest request. Returns what the step function returns. */
export function $yield(task: Durable, value: unknown): typeof $park | Request {
  const { run } = task;
  if ((typeof value !== "object" || value === null) && typeof value !== "function") {
    if (machine.top === task && run.head === run.tail) return $yielded(task, value);
    enqueue(run, new Generating("yield", task), value, false);
    return $park;
  }
  try {
    attachResolved(run, value, new Generating("yield", task));
  } catch (error) {
    return new Request(THROW, error, undefined as never);
  }
  return $park;
}

/** AsyncGeneratorYield (§27.6.3.8) of a value that needs not be awaited. A request: go on with that one at once. */
export function $yielded(task: Durable, value: unknown): typeof $park | Request {
  const queue = queueOf(task);
  answer(queue, value, false, false);
  if (queue.requests.length === 0) {
    queue.state = "yield";
    return $park;
  }
  const next = take(queue);
  return next.mode === RETURN ? awaitReturn(task, next.value) : next;
}

/** The value of an injected return is awaited before the body hears of it. */
function awaitReturn(task: Durable, value: unknown): typeof $park | Request {
  try {
    attachResolved(task.run, value, new Generating("return", task));
  } catch (error) {
    return new Request(THROW, error, undefined as never);
  }
  return $park;
}

/** The machine has awaited something on behalf of the generator. */
function generating({ phase, task }: Generating, value: unknown, threw: boolean): void {
  if (phase === "end") {
    answer(queueOf(task), value, threw, true);
    drainQueue(task);
  } else if (phase === "return") carryOn(task, value, threw ? THROW : RETURN);
  else if (threw) carryOn(task, value, THROW);
  else {
    const next = $yielded(task, value);
    if (next instanceof Request) carryOn(task, next.value, next.mode);
  }
}
setGenerating(generating);

function end(task: Durable, queue: GeneratorQueue, value: unknown, threw: boolean): void {
  task.frame = null;
  task.ip = 0;
  queue.state = "draining";
  answer(queue, value, threw, true);
  drainQueue(task);
}

/** AsyncGeneratorCompleteStep (§27.6.3.5) */
function answer(queue: GeneratorQueue, value: unknown, threw: boolean, done: boolean): void {
  const promise = queue.promise!;
  queue.promise = null;
  if (threw) reject(promise, value);
  else resolve(promise, { value, done });
}

/** The next request becomes the one that is being answered. */
function take(queue: GeneratorQueue): Request {
  const next = queue.requests.shift()!;
  queue.promise = next.promise;
  return next;
}

/** AsyncGeneratorDrainQueue (§27.6.3.10) */
function drainQueue(task: Durable): void {
  const queue = queueOf(task);
  while (queue.requests.length > 0) {
    const next = take(queue);
    if (next.mode === RETURN) {
      if (awaitEnd(task, next.value)) return;
    } else answer(queue, next.mode === NEXT ? undefined : next.value, next.mode === THROW, true);
  }
  queue.state = "done";
}

/** AsyncGeneratorAwaitReturn (§27.6.3.9). False: its value cannot even be awaited, and the request is answered. */
function awaitEnd(task: Durable, value: unknown): boolean {
  const queue = queueOf(task);
  queue.state = "draining";
  try {
    attachResolved(task.run, value, new Generating("end", task));
    return true;
  } catch (error) {
    answer(queue, error, true, true);
    return false;
  }
}

// ---- requests

function request(object: unknown, value: unknown, mode: ResumeMode, name: string): unknown {
  const task = generatorTask(object);
  if (task === undefined || !(task.value instanceof GeneratorQueue))
    return rejected(incompatible(object, name));
  const { run } = machine;
  if (run === task.run) {
    if (machine.next !== methods.next) return ask(task, value, mode);
    // A `for await` that has the top hands it over, and takes it back with the promise.
    machine.next = null;
    machine.top = task;
    const promise = ask(task, value, mode);
    machine.top = promise;
    return promise;
  }
  if (run !== null && !run.free && !task.run.free) throw foreignGenerator(task, run);
  const promise = inRun(task.run, () => ask(task, value, mode));
  return run === null ? mirror(promise) : promise;
}

function rejected(error: TypeError): unknown {
  const { run } = machine;
  if (run === null) return nativeSettled(error, true);
  const promise = new Durable(run, null);
  reject(promise, error);
  return promise;
}

/** %AsyncGeneratorPrototype%.next, return and throw (§27.6.1) behind their checks. */
function ask(task: Durable, value: unknown, mode: ResumeMode): Durable {
  const queue = queueOf(task);
  const promise = new Durable(task.run ?? freeRun, null);
  if (queue.state === "start" && mode !== NEXT) {
    queue.state = "done";
    task.frame = null;
    task.ip = 0;
  }
  if (queue.state === "done") {
    if (mode === NEXT) resolve(promise, { value: undefined, done: true });
    else if (mode === THROW) reject(promise, value);
    else {
      queue.promise = promise;
      if (!awaitEnd(task, value)) drainQueue(task);
    }
    return promise;
  }
  if (queue.state !== "start" && queue.state !== "yield") {
    queue.requests.push(new Request(mode, value, promise));
    return promise;
  }
  queue.promise = promise;
  queue.state = "running";
  if (mode !== RETURN) carryOn(task, value, mode);
  else {
    const failed = awaitReturn(task, value);
    if (failed instanceof Request) carryOn(task, failed.value, failed.mode);
  }
  return promise;
}

const methods: GeneratorMethods = {
  next(this: unknown, value: unknown): unknown {
    return request(this, value, NEXT, "next");
  },
  return(this: unknown, value: unknown): unknown {
    return request(this, value, RETURN, "return");
  },
  throw(this: unknown, value: unknown): unknown {
    return request(this, value, THROW, "throw");
  },
};
setAsyncMethods(methods);

$module("coldframe/machine.async-generators", "1", {
  next: () => methods.next,
  return: () => methods.return,
  throw: () => methods.throw,
});

/** The promise that settles when `task` has done its part: for the task of an async generator that of its oldest request, else itself. */
export function asker(task: Durable): Durable {
  return task.value instanceof GeneratorQueue ? (task.value.promise ?? task) : task;
}
