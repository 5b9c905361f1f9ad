/**
 * `channel()`: messages between tasks and runs, in order, each to one receiver. At most `capacity` are on the way; who sends
 * more waits. A message is an event; the room that it takes is a place of a lock, given back when it is received.
 */
import { checkOptions } from "../errors.ts";
import { $module, createBound, external, machine, type Run } from "../machine/index.ts";
import { event } from "./event.ts";
import { freeWorld } from "./free.ts";
import type { Lock } from "./lock.ts";
import { methodsOf } from "./methods.ts";
import { noteSite } from "./native-consumers.ts";
import { checkCount, checkName } from "./options.ts";
import { send } from "./post.ts";

export interface ChannelOptions {
  /** Messages that may be on the way, from 1. All who use a key should give the same. Default 1. */
  readonly capacity?: number;
}

/** A message on its way. */
interface Envelope {
  readonly value: unknown;
  /** Run and wait of the sender, which hold its place. */
  readonly run: string;
  readonly wait: number;
}

export class Channel<T> implements AsyncIterableIterator<T> {
  /** The same in all who use the channel. */
  readonly key: string;
  readonly capacity: number;

  /** Use `channel`. */
  constructor(key: string, capacity: number) {
    this.key = key;
    this.capacity = capacity;
  }

  /** Sends a message. Resolves when there was room for it. @param value is copied */
  send(value: T): Promise<void> {
    const { key, capacity } = this;
    const { run } = machine;
    const slots = `channel ${key}`;
    if (run === null || run.host === null) {
      return freeWorld.acquire(slots, capacity).then(() => void send(key, { value, run: "", wait: 0 }));
    }
    const room = external(run, {
      kind: "lock",
      id: run.nextId++,
      key: slots,
      max: capacity,
      loose: true,
      at: "",
    });
    noteSite(room, "channel.send()");
    return (room as unknown as Promise<Lock>).then(
      createBound(post as never, this, [value]) as never,
    ) as Promise<void>;
  }

  /** The next message, once there is one. */
  receive(): Promise<T> {
    return event<Envelope>(this.key).then(createBound(open as never, this, []) as never) as Promise<T>;
  }

  /** For `for await`: never done by itself. */
  next(): Promise<IteratorResult<T>> {
    return this.receive().then(toResult as never);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * A channel: the same for all who name the same key. Without a key it is one of its own, to be handed on.
 * @throws ColdframeError CF2301, CF3103 for wrong options
 */
export function channel<T = unknown>(key?: string, options: ChannelOptions = {}): Channel<T> {
  checkOptions("channel()", options, ["capacity"]);
  const { capacity = 1 } = options;
  checkCount("channel()", "capacity", capacity, 1);
  if (key !== undefined) checkName("channel", key);
  return new Channel(key ?? ownKey(machine.run), capacity);
}

/** The same when the code that makes it runs again after a crash. */
function ownKey(run: Run | null): string {
  return run === null || run.host === null ? freeWorld.newKey() : ownChannel(run.id, run.nextId++);
}

/** Key of a channel that a run has made without one. */
export function ownChannel(run: string, n: number | string): string {
  return `channel ${run}/${n}`;
}

/** There is room: the message goes. */
function post(this: Channel<unknown>, value: unknown, place: Lock): void {
  const envelope: Envelope = { value, run: machine.run!.id, wait: place.id };
  send(this.key, envelope);
}

function open(this: Channel<unknown>, { value, run: sender, wait }: Envelope): unknown {
  const { run } = machine;
  if (run === null || run.host === null) freeWorld.release(`channel ${this.key}`);
  else run.host.effect(run, { kind: "release", run: sender, wait, key: `channel ${this.key}` });
  return value;
}

function toResult(value: unknown): IteratorResult<unknown> {
  return { value, done: false };
}

$module("coldframe/channel", "1", {
  Channel: () => Channel,
  post: () => post,
  open: () => open,
  toResult: () => toResult,
  // What "for await" keeps is the method.
  next: () => Channel.prototype.next,
  ...methodsOf(Channel, "next"),
});
