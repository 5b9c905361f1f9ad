/**
 * Events of a key as an async iterable: each `next` waits for one. Nothing is subscribed between two of them, since events that
 * nobody waits for are kept, in order; only copies of broadcast events are asked for from the first `next` to `return`.
 */
import { $module, $Promise, Durable, machine } from "../machine/index.ts";
import { copyEvents, type EventSource, nextEvent } from "./event-source.ts";
import { methodsOf } from "./methods.ts";

/** What `event()` gave out. Its properties are saved with it, so there are no more than needed. */
interface EventObject extends Promise<unknown> {
  readonly key: string;
  /** Left out when it is the key alone. */
  readonly source?: EventSource;
  /** Its own event is part of an iteration already. */
  readonly iterated?: true;
}

export class EventStream implements AsyncIterableIterator<unknown> {
  readonly source: EventSource;
  /** The first event, when it was asked for before. */
  first: Promise<unknown> | null;
  closed = false;

  constructor(source: EventSource, first: Promise<unknown> | null) {
    this.source = source;
    this.first = first;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.closed) return ended();
    const next = this.first ?? nextEvent(this.source);
    this.first = null;
    return next.then(toResult);
  }

  return(): Promise<IteratorResult<unknown>> {
    if (!this.closed) copyEvents(this.source, "none");
    this.closed = true;
    this.first = null;
    return ended();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function toResult(value: unknown): IteratorResult<unknown> {
  return { value, done: false };
}

function ended(): Promise<IteratorResult<unknown>> {
  const result = { value: undefined, done: true } as const;
  return machine.run === null ? Promise.resolve(result) : ($Promise.resolve(result) as never);
}

/** Gives a promise its key, and makes it iterable. */
export function asEvents<P extends object>(promise: P, key: string, source: EventSource): P {
  Object.defineProperty(promise, "key", { value: key, enumerable: true });
  if (source.key !== key || Object.keys(source).length > 1)
    Object.defineProperty(promise, "source", { value: source });
  if (!(promise instanceof Durable))
    Object.defineProperty(promise, Symbol.asyncIterator, { value: openEvents });
  return promise;
}

function openEvents(this: EventObject): EventStream {
  const { key, source = { key }, iterated } = this;
  copyEvents(source, "all");
  if (iterated === undefined) Object.defineProperty(this, "iterated", { value: true });
  return new EventStream(source, iterated === undefined ? this : null);
}

// Not as a property of each event, which would be saved with it.
Object.defineProperty(Durable.prototype, Symbol.asyncIterator, {
  configurable: true,
  get(this: Durable) {
    return Object.hasOwn(this, "key") ? openEvents : undefined;
  },
});

$module("coldframe/event-stream", "1", {
  EventStream: () => EventStream,
  openEvents: () => openEvents,
  toResult: () => toResult,
  // What "for await" keeps is the method.
  next: () => EventStream.prototype.next,
  ...methodsOf(EventStream, "next"),
});
