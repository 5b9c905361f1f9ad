/**
 * `setTimeout` and `setInterval` of marked code: in a hosted run external waits, so that a run can be parked while
 * they are pending and finds them again; elsewhere the platform's.
 */
import type { Code } from "../../abi/index.ts";
import { stamp } from "./closure.ts";
import type { Durable, Handler } from "./durable.ts";
import { Then } from "./durable.ts";
import { external } from "./external.ts";
import { $Promise } from "./promise.ts";
import { registerCode, registerRecord } from "./registry.ts";
import { builtin } from "./resolvers.ts";
import { machine, type Run } from "./run.ts";
import { subscribe } from "./settle.ts";

/** The scope record of a pending timer, and what `clearTimeout` takes. */
export class Timer {
  handler: Handler | null = null;
  args: unknown[] = [];
  /** Milliseconds between two calls; null for one call only. */
  period: number | null = null;
  wait: Durable | null = null;

  /** A run does not end because of its timers, nor stay open for them. */
  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  close(): this {
    $clearTimeout(this);
    return this;
  }

  [Symbol.dispose](): void {
    $clearTimeout(this);
  }
}

const variables = ["handler", "args", "period", "wait"] as const;
registerRecord({ id: "coldframe#timer", Record: Timer, variables });
const fireCode: Code = registerCode(builtin("coldframe#fire", variables, makeFire));

/** @param delay milliseconds */
export function $setTimeout(handler: Handler, delay = 0, ...args: unknown[]): unknown {
  const { run } = machine;
  if (run === null || run.host === null) return globalThis.setTimeout(handler, delay, ...args);
  return arm(run, newTimer(handler, args, null), delay);
}

/** @param period milliseconds */
export function $setInterval(handler: Handler, period = 0, ...args: unknown[]): unknown {
  const { run } = machine;
  if (run === null || run.host === null) return globalThis.setInterval(handler, period, ...args);
  return arm(run, newTimer(handler, args, Number(period) || 0), period);
}

/** Also what `clearInterval` is. Calls with something else than a pending timer do nothing. */
export function $clearTimeout(timer?: unknown): void {
  if (!(timer instanceof Timer)) {
    globalThis.clearTimeout(timer as number);
    return;
  }
  timer.period = null;
  const { wait } = timer;
  if (wait === null) return;
  timer.wait = null;
  if (wait.wait !== null) wait.run.waits.delete(wait.wait.id);
  wait.reactions = undefined;
}

/** `setTimeout` of `node:timers/promises`, also by `util.promisify`. With a signal it is a promise that no snapshot keeps. */
export function $delay<T>(delay = 1, value?: T, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
  const { run } = machine;
  const { signal } = options;
  if (run === null || run.host === null || signal !== undefined)
    return platformDelay(delay, value as T, signal);
  const { promise, resolve } = $Promise.withResolvers<T>();
  $setTimeout(resolve as never, delay, value);
  return promise as unknown as Promise<T>;
}

function platformDelay<T>(delay: number, value: T, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      globalThis.clearTimeout(timer);
      const cause = signal!.reason;
      const error = new Error("The operation was aborted", { cause });
      reject(Object.assign(error, { name: "AbortError", code: "ABORT_ERR" }));
    };
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    }, delay);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

Object.defineProperty($setTimeout, Symbol.for("nodejs.util.promisify.custom"), { value: $delay });

function newTimer(handler: Handler, args: unknown[], period: number | null): Timer {
  if (typeof handler !== "function") throw new TypeError('The "callback" argument must be of type function.');
  const timer = new Timer();
  timer.handler = handler;
  timer.args = args;
  timer.period = period;
  return timer;
}

function arm(run: Run, timer: Timer, delay: number): Timer {
  const due = run.host!.now() + Math.max(1, Number(delay) || 0);
  timer.wait = external(run, { kind: "timer", id: run.nextId++, due, at: "setTimeout" });
  subscribe(timer.wait, new Then(makeFire(timer), undefined, null));
  return timer;
}

function makeFire(timer: Timer): () => void {
  return stamp(() => fire(timer), fireCode, [timer], machine.run);
}

/** An interval is armed again before its handler is called: what the handler throws does not end it. */
function fire(timer: Timer): void {
  if (timer.wait === null) return;
  const { run } = timer.wait;
  timer.wait = null;
  if (timer.period !== null) arm(run, timer, timer.period);
  Reflect.apply(timer.handler!, timer, timer.args);
}
