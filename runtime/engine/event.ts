/** `event()`: a promise that somebody outside settles by its key. */
import { type Durable, external, freeRun, machine, type Run } from "../machine/index.ts";
import { sha256 } from "../sha256.ts";
import { type Duration, dueTime } from "./duration.ts";
import { freeWorld } from "./free.ts";
import { checkName, checkOptions } from "./options.ts";

export interface EventOptions {
  /** A well-known key, at most 512 characters. Without it an unguessable one is made. */
  readonly key?: string;
  /** A time after which it rejects with `TimeoutError`: a duration from now, or a date. */
  readonly timeout?: Duration | Date;
}

/** A promise for an event's payload. `key` is what `send(key, payload)` takes. */
export interface EventPromise<T> extends Promise<T> {
  readonly key: string;
}

/**
 * Waits for an event. One that was sent before is kept and found. Each event settles one wait.
 * @throws ColdframeError CF2301, CF2302, CF3103 for wrong options; the promise rejects with `TimeoutError`
 */
export function event<T = unknown>(options: EventOptions | string = {}): EventPromise<T> {
  const { key, timeout } = typeof options === "string" ? { key: options } : options;
  if (typeof options !== "string") checkOptions("event()", options, ["key", "timeout"]);
  if (key !== undefined) checkName("event key", key);
  const { run } = machine;
  return (
    run === null || run.host === null ? freeEvent(key, timeout) : durableEvent(run, key, timeout)
  ) as EventPromise<T>;
}

function freeEvent(key: string | undefined, timeout: Duration | Date | undefined): Promise<unknown> {
  const { clock } = freeWorld;
  const name = key ?? freeWorld.newKey();
  const due = timeout === undefined ? null : dueTime(timeout, clock.now());
  return withKey(freeWorld.wait(name, due), name);
}

function durableEvent(run: Run, key: string | undefined, timeout: Duration | Date | undefined): Durable {
  const due = timeout === undefined ? null : dueTime(timeout, run.host!.now());
  const id = run.nextId++;
  const name = key ?? eventKey(secretOf(run), run.id, id);
  return withKey(external(run, { kind: "event", id, key: name, due, at: "" }), name);
}

function withKey<P extends object>(promise: P, key: string): P {
  return Object.defineProperty(promise, "key", { value: key, enumerable: true });
}

/**
 * The key of a generated event: the same whenever the same wait of the same run asks for it, a second time after a
 * crash too, and 128 bits to guess for those who were not given it. It ends with the run's id, so that a sender learns
 * that the run has ended.
 */
export function eventKey(secret: string, run: string, wait: number): string {
  return `${sha256(`${secret} ${wait} ${run}`).slice(0, 32)}.${wait}.${run}`;
}

/** The run that handed out this key, when it is a generated one. */
export function runOfKey(key: string): string | null {
  return /^[0-9a-f]{32}\.\d+\.(.+)$/s.exec(key)?.[1] ?? null;
}

/** Secrets of the runs in this process. Beside the run, so that no snapshot and no user code sees them. */
const secrets = new WeakMap<Run, string>();

export function setSecret(run: Run, secret: string): void {
  secrets.set(run, secret);
}

function secretOf(run: Run): string {
  return secrets.get(run) ?? (run === freeRun ? "" : run.id);
}
