/**
 * Locks that runs have in common: a mutex, a semaphore. A place is taken from when the await goes on until it is released or
 * the run ends, through parks and crashes; those who wait are served in the order in which they came.
 */
import { $module, external, machine } from "../machine/index.ts";
import { encodeValue } from "../snapshot/index.ts";
import { freeWorld } from "./free.ts";
import { methodsOf } from "./methods.ts";
import { noteSite } from "./native-consumers.ts";
import { checkCount, checkName } from "./options.ts";

/** A place that a run has. `await using` gives it back at the end of the block. */
export class Lock implements AsyncDisposable, Disposable {
  readonly key: string;
  /** Of the wait that got it. */
  readonly id: number;
  released = false;

  constructor(key: string, id: number) {
    this.key = key;
    this.id = id;
  }

  /** Gives the place to the next one, with the next save of the run. Doing so twice does nothing. */
  release(): void {
    if (this.released) return;
    this.released = true;
    const { run } = machine;
    if (run === null || run.host === null) freeWorld.release(this.key);
    else run.host.effect(run, { kind: "release", run: run.id, wait: this.id, key: this.key });
  }

  /** No promise of unmarked code may be made here: it would be awaited by the run, and no snapshot can keep it. */
  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return undefined as unknown as Promise<void>;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** What arrives with a place. */
export function encodeLock(key: string, id: number): string {
  return encodeValue(new Lock(key, id));
}

// What "using" keeps is the method.
$module("coldframe/lock", "1", {
  Lock: () => Lock,
  asyncDispose: () => Lock.prototype[Symbol.asyncDispose],
  dispose: () => Lock.prototype[Symbol.dispose],
  ...methodsOf(Lock, Symbol.asyncDispose, Symbol.dispose),
});

/**
 * Waits until no other run has the lock of this name. Not reentrant: a run that has it and asks again waits for itself.
 * @param key at most 512 characters
 * @throws ColdframeError CF3103 for a wrong key
 */
export function mutex(key: string): Promise<Lock> {
  return semaphore(key, 1);
}

/**
 * Waits for one of `max` places of this name. All who use a name should give the same number: each waits until fewer
 * than its own are taken.
 * @throws ColdframeError CF2301, CF3103
 */
export function semaphore(key: string, max: number): Promise<Lock> {
  checkName("lock", key);
  checkCount("semaphore()", "max", max, 1);
  const { run } = machine;
  if (run === null || run.host === null) return freeWorld.acquire(key, max).then(() => new Lock(key, 0));
  const promise = external(run, { kind: "lock", id: run.nextId++, key, max, loose: false, at: "" });
  noteSite(promise, max === 1 ? "mutex()" : "semaphore()");
  return promise as unknown as Promise<Lock>;
}
