/**
 * `pool(n)`: so many calls at a time. A pool and the calls that wait in it are data of the run: it may be kept in a local
 * across any await.
 */
import { $module, $Promise, createBound } from "../machine/index.ts";
import { methodsOf } from "./methods.ts";
import { checkCount } from "./options.ts";

/** Calls that fail together: after the first failure none of the rest begins. */
class Batch {
  failed = false;
}

class Call {
  readonly body: () => unknown;
  readonly batch: Batch;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  constructor(
    body: () => unknown,
    batch: Batch,
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    this.body = body;
    this.batch = batch;
    this.resolve = resolve;
    this.reject = reject;
  }
}

export class Pool {
  readonly size: number;
  /** Calls under way. */
  running = 0;
  /** Calls that wait. */
  readonly waiting: Call[] = [];

  /** Use `pool`. */
  constructor(size: number) {
    this.size = size;
  }

  /** Calls `body` once there is room. @returns what it returns */
  run<T>(body: () => Promise<T> | T): Promise<T> {
    return add(this, body, new Batch()) as Promise<T>;
  }

  /**
   * Calls `f(item, index)` for each item, in order, so many at a time.
   * @returns all results in the order of the items; rejects with the first failure, after which no further call begins
   */
  map<T, R>(items: Iterable<T>, f: (item: T, index: number) => Promise<R> | R): Promise<R[]> {
    const batch = new Batch();
    const calls = Array.from(items, (item, index) =>
      add(this, createBound(f as never, undefined, [item, index]) as never, batch),
    );
    return $Promise.all(calls) as Promise<R[]>;
  }
}

/**
 * Makes a pool.
 * @param size calls at a time, from 1
 * @throws ColdframeError CF2301
 */
export function pool(size: number): Pool {
  checkCount("pool()", "size", size, 1);
  return new Pool(size);
}

function add(pool: Pool, body: () => unknown, batch: Batch): Promise<unknown> {
  const { promise, resolve, reject } = $Promise.withResolvers<unknown>();
  pool.waiting.push(new Call(body, batch, resolve, reject));
  fill(pool);
  return promise;
}

function fill(pool: Pool): void {
  while (pool.running < pool.size && pool.waiting.length > 0) {
    const call = pool.waiting.shift()!;
    if (call.batch.failed) continue;
    pool.running++;
    const result = $Promise.try(call.body);
    result.then(
      createBound(done as never, pool, [call]) as (value: unknown) => void,
      createBound(failed as never, pool, [call]) as (reason: unknown) => void,
    );
  }
}

function done(this: Pool, call: Call, value: unknown): void {
  this.running--;
  call.resolve(value);
  fill(this);
}

function failed(this: Pool, call: Call, reason: unknown): void {
  this.running--;
  call.batch.failed = true;
  call.reject(reason);
  fill(this);
}

$module("coldframe/pool", "1", {
  Pool: () => Pool,
  ...methodsOf(Pool),
  Call: () => Call,
  Batch: () => Batch,
  done: () => done,
  failed: () => failed,
});
