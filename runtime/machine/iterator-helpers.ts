/**
 * `map`, `filter`, `take`, `drop` and `flatMap` of the iterators that marked code makes and of its generators (ECMA-262 §27.1.4), where
 * the engine has them: what the platform's own helpers hold cannot be read, and so not be saved.
 *
 * They stand on the prototypes of our iterators, so that calls of these names cost nothing elsewhere. Arguments that the platform refuses
 * are handed to it.
 */
import type { Callable } from "./durable.ts";
import { iterator as iterable } from "./intrinsics.ts";
import { $iterate, getMethod, Iteration, isObject } from "./iterate.ts";
import { $module } from "./registry.ts";

export type HelperKind = "map" | "filter" | "take" | "drop" | "flatMap";

/** An iterator with its `next`, read once (§7.4.1). */
export interface IteratorRecord {
  readonly iterator: object;
  readonly next: unknown;
}

export interface HelperState {
  readonly kind: HelperKind;
  /** Null only while the snapshot has not made it yet. */
  underlying: IteratorRecord;
  /** What `map`, `filter` and `flatMap` call. */
  callback: unknown;
  counter: number;
  /** What `take` and `drop` still count; may be infinite. */
  remaining: number;
  /** What `flatMap` is in. */
  inner: Iteration | null;
  done: boolean;
}

interface Platform {
  readonly prototype: Readonly<Record<HelperKind, Callable>> & object;
}

const platform = (globalThis as { readonly Iterator?: Platform }).Iterator?.prototype;
const originals = platform?.map === undefined ? undefined : { ...pickHelpers(platform) };
const kinds: readonly HelperKind[] = ["map", "filter", "take", "drop", "flatMap"];

function pickHelpers(from: Readonly<Record<HelperKind, Callable>>): Readonly<Record<HelperKind, Callable>> {
  const { map, filter, take, drop, flatMap } = from;
  return { map, filter, take, drop, flatMap };
}

/** %IteratorHelperPrototype%; without the platform's it is never used. */
const helperPrototype: object =
  originals === undefined
    ? {}
    : (Object.getPrototypeOf(Reflect.apply(originals.map, [].values(), [() => 0])) as object);

export class IteratorHelper {
  readonly #state: HelperState;
  #running = false;

  constructor(state: HelperState) {
    this.#state = state;
  }

  static state(helper: IteratorHelper): HelperState {
    return helper.#state;
  }

  /** %IteratorHelperPrototype%.next (§27.1.2.1.1) */
  next(): IteratorResult<unknown, undefined> {
    const state = this.#state;
    this.#enter();
    try {
      if (state.done) return { value: undefined, done: true };
      const step = advance(state);
      if (step !== null) return step;
      finish(state);
      return { value: undefined, done: true };
    } catch (error) {
      finish(state);
      throw error;
    } finally {
      this.#running = false;
    }
  }

  /** %IteratorHelperPrototype%.return (§27.1.2.1.2) */
  return(): IteratorResult<unknown, undefined> {
    const state = this.#state;
    this.#enter();
    try {
      if (state.done) return { value: undefined, done: true };
      const { inner, underlying } = state;
      finish(state);
      if (inner !== null) guarded(underlying, () => inner.close());
      close(underlying.iterator);
      return { value: undefined, done: true };
    } finally {
      this.#running = false;
    }
  }

  #enter(): void {
    if (this.#running) throw new TypeError("Generator is already running");
    this.#running = true;
  }
}

/** Lets go of everything. */
function finish(state: HelperState): void {
  state.done = true;
  state.inner = state.callback = null;
}

type Step = IteratorYieldResult<unknown> | null;
const yielded = (value: unknown): Step => ({ value, done: false });

/** The closure of the helper up to its next `yield`; null: it has returned. */
function advance(state: HelperState): Step {
  const { underlying } = state;
  switch (state.kind) {
    case "map": {
      const step = stepValue(underlying);
      return step && yielded(guarded(underlying, () => call(state, step.value)));
    }
    case "filter":
      for (;;) {
        const step = stepValue(underlying);
        if (step === null || guarded(underlying, () => call(state, step.value))) return step;
      }
    case "take":
      if (state.remaining === 0) {
        close(underlying.iterator);
        return null;
      }
      state.remaining--;
      return stepValue(underlying);
    case "drop":
      for (; state.remaining > 0; state.remaining--) if (stepOf(underlying) === null) return null;
      return stepValue(underlying);
    case "flatMap":
      return flatten(state);
  }
}

function flatten(state: HelperState): Step {
  const { underlying } = state;
  for (;;) {
    const { inner } = state;
    if (inner === null) {
      const step = stepValue(underlying);
      if (step === null) return null;
      state.inner = guarded(underlying, () => flattenable(call(state, step.value)));
    } else {
      if (guarded(underlying, () => inner.next())) return yielded(inner.value);
      state.inner = null;
    }
  }
}

function call(state: HelperState, value: unknown): unknown {
  return Reflect.apply(state.callback as Callable, undefined, [value, state.counter++]);
}

/** IteratorStep (§7.4.7) */
function stepOf({ iterator, next }: IteratorRecord): object | null {
  const result: unknown = Reflect.apply(next as Callable, iterator, []);
  if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  return (result as { done?: unknown }).done ? null : result;
}

/** IteratorStepValue (§7.4.8) */
function stepValue(record: IteratorRecord): Step {
  const result = stepOf(record);
  return result === null ? null : yielded((result as { value?: unknown }).value);
}

/** IteratorClose (§7.4.11) for a normal completion. */
function close(iterator: object): void {
  const method = getMethod(iterator, "return");
  if (method === undefined) return;
  const result: unknown = Reflect.apply(method, iterator, []);
  if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
}

/** IfAbruptCloseIterator (§7.4.12) */
function guarded<T>({ iterator }: IteratorRecord, body: () => T): T {
  try {
    return body();
  } catch (error) {
    try {
      const method = getMethod(iterator, "return");
      if (method !== undefined) Reflect.apply(method, iterator, []);
    } catch {}
    throw error;
  }
}

/** GetIteratorFlattenable (§7.4.5), strings rejected */
function flattenable(value: unknown): Iteration {
  if (!isObject(value)) throw new TypeError(`${String(value)} is not an object`);
  if (getMethod(value, iterable) !== undefined) return $iterate(value);
  const iteration = new Iteration("iterator", value);
  iteration.iterator = value;
  iteration.method = (value as { next?: unknown }).next;
  return iteration;
}

const { next, return: finishEarly } = IteratorHelper.prototype;
$module("coldframe/machine.helpers", "1", { next: () => next, return: () => finishEarly });

const Shell = class extends IteratorHelper {};
Object.setPrototypeOf(Shell.prototype, helperPrototype);
Reflect.deleteProperty(Shell.prototype, "constructor");
define(Shell.prototype, { next, return: finishEarly });

export const iteratorHelperPrototype: object = Shell.prototype;

export function createHelper(state: HelperState): IteratorHelper {
  return new Shell(state);
}

const methods = Object.fromEntries(
  kinds.map((kind) => [
    kind,
    {
      // A method: no constructor, and named.
      [kind](this: unknown, argument: unknown): unknown {
        return help(kind, this, argument);
      },
    }[kind]!,
  ]),
);

function help(kind: HelperKind, iterator: unknown, argument: unknown): unknown {
  const own = platform![kind];
  const counts = kind === "take" || kind === "drop";
  const limit = counts && typeof argument === "number" ? Math.trunc(argument) : Number.NaN;
  // What somebody has replaced, and what is an error, is the platform's.
  if (
    own !== originals![kind] ||
    !isObject(iterator) ||
    (counts ? !(limit >= 0) : typeof argument !== "function")
  )
    return Reflect.apply(own, iterator, [argument]);
  const underlying = { iterator, next: (iterator as { next?: unknown }).next };
  return createHelper({
    kind,
    underlying,
    callback: counts ? null : argument,
    counter: 0,
    remaining: counts ? limit : 0,
    inner: null,
    done: false,
  });
}

/** What the prototype has already stays. */
function define(prototype: object, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values))
    if (!Object.hasOwn(prototype, key))
      Object.defineProperty(prototype, key, { value, writable: true, configurable: true });
}

/** These methods, where the engine has them. */
export const helperMethods: { readonly [name: string]: Callable } =
  originals === undefined ? {} : (methods as never);

/** Gives them to a prototype of our iterators, or of a class of marked code that extends `Iterator`. */
export function giveHelpers(prototype: object): void {
  define(prototype, helperMethods);
}

giveHelpers(iteratorHelperPrototype);
