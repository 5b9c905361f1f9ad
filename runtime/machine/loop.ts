/**
 * The job loop (ECMA-262 §9.5, §27.2.2), and the doors through which promises of unmarked code come in.
 *
 * A hosted run is drained: all its jobs, one after another, on one stack. The free run gets one microtask per job, so
 * that its jobs mix with those of native code in the order in which all were queued.
 */
import { ColdframeError } from "../errors.ts";
import { isStamped } from "./closure.ts";
import {
  Adopt,
  type Callable,
  Constant,
  Durable,
  Element,
  Finally,
  Generating,
  type Mirror,
  NativeReaction,
  NativeWait,
  type Reaction,
  Then,
  ThenableJob,
  Unwrap,
} from "./durable.ts";
import { elementSettled } from "./element.ts";
import { $return, $throw } from "./end.ts";
import { isNativeThen, NativePromise, nativeThen } from "./intrinsics.ts";
import { createResolvers } from "./resolvers.ts";
import { freeRun, machine, type Run } from "./run.ts";
import { enqueue, reject, releaseQueue, resolve, setScheduler, subscribe } from "./settle.ts";

/** Entries of the queue after which the part that was read is used again, or given back. */
const LONG = 3 * 4096;

/**
 * Runs the jobs of a hosted run until none is left, then tells its host. Does nothing when that is under way below on
 * the stack, and while the run is paused.
 */
export function drain(run: Run): void {
  if (run.draining || run.paused || run.host === null) return;
  if (run.ended) {
    run.jobs.length = run.head = run.tail = 0;
    return;
  }
  const { run: outer, top, next, entry, job } = machine;
  machine.run = run;
  machine.entry = machine.job = null;
  run.draining = true;
  try {
    runJobs(run);
  } finally {
    run.draining = false;
    machine.run = outer;
    machine.top = top;
    machine.next = next;
    machine.entry = entry;
    machine.job = job;
  }
  if (run.head !== run.tail) return;
  releaseQueue(run);
  for (const promise of run.rejections) {
    run.rejections.delete(promise);
    run.host.onUnhandledRejection(run, promise);
  }
  run.host.onQuiescent(run);
}
machine.drain = drain;

function runJobs(run: Run): void {
  for (let enters = true; run.head < run.tail && !run.paused && !run.ended; enters = false) {
    machine.observer?.betweenJobs(run, enters);
    const { jobs, head } = run;
    const job = jobs[head] as Reaction | ThenableJob;
    const value = jobs[head + 1];
    const threw = jobs[head + 2] as boolean;
    advance(run);
    machine.next = null;
    if (job instanceof Durable) {
      // Under an observer every await is a job of its own.
      machine.top = machine.observer === null ? job : null;
      carryOn(job, value, threw);
    } else {
      machine.top = job instanceof Generating ? job.task : null;
      machine.job = null;
      perform(run, job, value, threw);
    }
  }
}

/** Takes the job at `head` out of the queue. */
function advance(run: Run): void {
  const { jobs, head } = run;
  jobs[head] = jobs[head + 1] = undefined;
  run.head = head + 3;
  if (run.head === run.tail) {
    run.head = run.tail = 0;
    if (jobs.length > LONG) jobs.length = 0;
  } else if (run.head > LONG && run.head * 2 > run.tail) {
    // By hand: `copyWithin` of plain arrays is ten times as slow.
    const length = run.tail - run.head;
    for (let i = 0; i < length; i++) jobs[i] = jobs[run.head + i];
    jobs.length = run.tail = length;
    run.head = 0;
  }
}

function carryOn(task: Durable, value: unknown, threw: boolean): void {
  machine.job = task;
  try {
    // Called without a receiver, which would stand in every stack trace.
    const step = task.code!.step!;
    $return(task, step(task, value, threw));
  } catch (error) {
    $throw(task, error);
  }
}

setScheduler(() => {
  nativeThen(turn, runFreeJob);
});
/** Looks nowhere for a species: the program may have put a getter in the place of `Promise.prototype.constructor`. */
const turn = Object.setPrototypeOf(
  NativePromise.resolve(),
  Object.create(NativePromise.prototype, { constructor: { value: undefined } }),
) as Promise<void>;

function runFreeJob(): void {
  machine.observer?.betweenJobs(freeRun, false);
  const { jobs, head } = freeRun;
  const job = jobs[head] as Reaction | ThenableJob;
  const value = jobs[head + 1];
  const threw = jobs[head + 2] as boolean;
  advance(freeRun);
  performFree(job, value, threw);
}

/** A job of the free run, now. There is no top: native jobs that nobody here knows of may be queued before the next. */
function performFree(job: Reaction | ThenableJob, value: unknown, threw: boolean): void {
  const { run, top, next, entry, job: outer } = machine;
  machine.run = freeRun;
  machine.top = machine.next = machine.entry = machine.job = null;
  try {
    perform(freeRun, job, value, threw);
  } finally {
    machine.run = run;
    machine.top = top;
    machine.next = next;
    machine.entry = entry;
    machine.job = outer;
  }
}

function perform(run: Run, job: Reaction | ThenableJob, value: unknown, threw: boolean): void {
  if (job instanceof Element) elementSettled(job, value, threw);
  else if (job instanceof Then) performThen(job, value, threw);
  else if (job instanceof Durable) carryOn(job, value, threw);
  else if (job instanceof ThenableJob) performThenable(run, job);
  else if (job instanceof Adopt) passOn(job.target, value, threw);
  else if (job instanceof Finally) performFinally(run, job, value, threw);
  else if (job instanceof Constant) passOn(job.target, threw ? value : job.value, threw || job.threw);
  else if (job instanceof Unwrap) performUnwrap(job, value, threw);
  else if (job instanceof Generating) performGenerating(job, value, threw);
  else if (job instanceof NativeReaction) performNative(job, value, threw);
  else throw new Error(`no such reaction: ${(job as Mirror).constructor.name}`);
}

/** Carries on an async generator; handed in by async-generator.ts, which stands above. */
let performGenerating: (job: Generating, value: unknown, threw: boolean) => void;
export function setGenerating(perform: typeof performGenerating): void {
  performGenerating = perform;
}

function passOn(target: Durable, value: unknown, threw: boolean): void {
  if (threw) reject(target, value);
  else resolve(target, value);
}

/** NewPromiseReactionJob (§27.2.2.1) */
function performThen({ onFulfilled, onRejected, target }: Then, value: unknown, threw: boolean): void {
  const handler = threw ? onRejected : onFulfilled;
  if (handler === undefined) {
    if (target !== null) passOn(target, value, threw);
    return;
  }
  let result: unknown;
  try {
    result = handler(value);
  } catch (error) {
    if (target !== null) reject(target, error);
    return;
  }
  if (target !== null) resolve(target, result);
}

/** NewPromiseResolveThenableJob (§27.2.2.2) */
function performThenable(run: Run, { target, thenable, then }: ThenableJob): void {
  const isDurable = thenable instanceof Durable && then === durableThen;
  if (isDurable) {
    let Class: unknown;
    try {
      Class = (thenable as { constructor?: unknown }).constructor;
    } catch (error) {
      reject(target, error);
      return;
    }
    if (Class === NativePromise) {
      adopt(run, thenable, target);
      return;
    }
    // Its `then` makes a promise of another class, or throws (§27.2.5.4).
  }
  if (isNativeThen(then) && watch(run, thenable, new Adopt(target))) return;
  const resolvers = createResolvers(target);
  if (isDurable || isStamped(then)) {
    callThen(thenable, then, resolvers.resolve, resolvers.reject);
    return;
  }
  const wait = new NativeWait(run, new Adopt(target));
  run.natives.add(wait);
  callThen(
    thenable,
    then,
    (value) => {
      run.natives.delete(wait);
      resolvers.resolve(value);
    },
    (reason) => {
      run.natives.delete(wait);
      resolvers.reject(reason);
    },
  );
}

function callThen(
  thenable: object,
  then: Callable,
  onFulfilled: (value: unknown) => void,
  onRejected: (reason: unknown) => void,
): void {
  try {
    Reflect.apply(then, thenable, [onFulfilled, onRejected]);
  } catch (error) {
    onRejected(error);
  }
}

function adopt(run: Run, promise: Durable, target: Durable): void {
  try {
    attach(run, promise, new Adopt(target));
  } catch (error) {
    reject(target, error);
  }
}

/** The functions of `Promise.prototype.finally` (§27.2.5.3) */
function performFinally(run: Run, { onFinally, target }: Finally, value: unknown, threw: boolean): void {
  const derived = new Durable(run, null);
  try {
    attach(run, promiseResolve(run, onFinally()), new Constant(value, threw, derived));
  } catch (error) {
    reject(target, error);
    return;
  }
  resolve(target, derived);
}

/** The functions of AsyncFromSyncIteratorContinuation (§27.1.6.4) */
function performUnwrap({ iteration, done, target }: Unwrap, value: unknown, threw: boolean): void {
  if (threw) {
    iteration?.fail();
    reject(target, value);
  } else resolve(target, { value, done });
}

/** A handler of unmarked code is called as the platform would call it: outside any run. */
function performNative(reaction: NativeReaction, value: unknown, threw: boolean): void {
  const { target } = reaction;
  const handler = threw ? reaction.onRejected : reaction.onFulfilled;
  const { run, top, next, entry } = machine;
  machine.run = machine.top = machine.next = machine.entry = null;
  try {
    if (handler !== undefined) {
      const result = handler(value);
      target?.resolve(result);
    } else if (threw) target?.reject(value);
    else target?.resolve(value);
  } catch (error) {
    target?.reject(error);
  } finally {
    machine.run = run;
    machine.top = top;
    machine.next = next;
    machine.entry = entry;
  }
}

/**
 * PromiseResolve(%Promise%, x) (§27.2.4.7.1): `x` if it is a promise of this machine or of the platform, else a new
 * one resolved with it. May throw what the getter of `constructor` throws.
 */
export function promiseResolve(run: Run, x: unknown): Durable | Promise<unknown> {
  if (x instanceof NativePromise && x.constructor === NativePromise) return x;
  const promise = new Durable(run, null);
  resolve(promise, x);
  return promise;
}

/**
 * Subscribes `reaction`, which belongs to `run`, to a promise.
 * @returns where it stands, for pruning
 * @throws ColdframeError CF2002 when the promise belongs to another run
 */
export function attach(
  run: Run,
  promise: Durable | Promise<unknown>,
  reaction: Reaction,
): Durable | NativeWait {
  if (promise instanceof Durable) {
    if (promise.run === run) {
      subscribe(promise, reaction);
      return promise;
    }
    if (!run.free && !promise.run.free) throw foreign(promise, run);
    return watchDurable(run, promise, reaction);
  }
  const wait = watch(run, promise, reaction);
  if (wait !== null) return wait;
  const wrapped = new Durable(run, null);
  resolve(wrapped, promise);
  subscribe(wrapped, reaction);
  return wrapped;
}

/** Subscribes to a native promise with exactly one `then`. Null when it only looks like one. */
export function watch(run: Run, promise: object, reaction: Reaction): NativeWait | null {
  const wait = new NativeWait(run, reaction);
  try {
    nativeThen(
      promise,
      (value) => arrive(wait, value, false),
      (reason) => arrive(wait, reason, true),
    );
  } catch {
    return null;
  }
  run.natives.add(wait);
  return wait;
}

/** Subscribes `reaction` to what PromiseResolve makes of `x`. @throws what the getter of `constructor` throws; as `attach` */
export function attachResolved(run: Run, x: unknown, reaction: Reaction): void {
  if (isOddPromise(x)) watchOdd(run, x, reaction);
  else attach(run, promiseResolve(run, x), reaction);
}

/** A promise of the platform with a `constructor` of its own: who reads it, and how often, may be noticed. */
export function isOddPromise(x: unknown): x is Promise<unknown> {
  return x instanceof NativePromise && !(x instanceof Durable) && Object.hasOwn(x, "constructor");
}

/**
 * PromiseResolve and PerformPromiseThen of such a promise: by the platform's own `await`, which reads `constructor` once.
 * @throws what its getter throws
 */
export function watchOdd(run: Run, promise: Promise<unknown>, reaction: Reaction): NativeWait {
  const wait = new NativeWait(run, reaction);
  let early: { readonly error: unknown } | null = null;
  let isEarly = true;
  const follow = async () => {
    let value: unknown;
    try {
      value = await promise;
    } catch (error) {
      if (isEarly) early = { error };
      else arrive(wait, error, true);
      return;
    }
    arrive(wait, value, false);
  };
  void follow();
  isEarly = false;
  if (early !== null) throw (early as { readonly error: unknown }).error;
  run.natives.add(wait);
  return wait;
}

/** Between the free run and another, a promise is as foreign as a native one, and as harmless. */
function watchDurable(run: Run, promise: Durable, reaction: Reaction): NativeWait {
  const wait = new NativeWait(run, reaction);
  run.natives.add(wait);
  subscribe(
    promise,
    new NativeReaction(
      (value) => arrive(wait, value, false),
      (reason) => arrive(wait, reason, true),
      null,
    ),
  );
  return wait;
}

/** A promise of unmarked code has settled: the job it was for is run at once, and what follows from it. */
function arrive(wait: NativeWait, value: unknown, threw: boolean): void {
  const { run, reaction } = wait;
  if (!run.natives.delete(wait)) return;
  if (run.free) {
    machine.observer?.betweenJobs(run, true);
    performFree(reaction, value, threw);
  } else {
    enqueue(run, reaction, value, threw);
    drain(run);
  }
}

export function foreign(promise: Durable, run: Run): ColdframeError {
  const what = promise.code === null ? "a promise" : `the promise of ${promise.code.id}`;
  return new ColdframeError(
    "CF2002",
    `${what} made in run "${promise.run.id}" is awaited in run "${run.id}". Runs share module variables: keep promises out of them`,
  );
}

/** `Durable.prototype.then`; handed in by then.ts, which stands above. */
let durableThen: unknown;
export function setDurableThen(then: Callable): void {
  durableThen = then;
}
