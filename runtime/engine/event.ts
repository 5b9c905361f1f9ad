/** `event()`: a promise that somebody outside settles by its key, and the stream of all events of that key. */

import { sha256 } from "../../abi/index.ts";
import { checkOptions, wrongOption } from "../errors.ts";
import { freeRun, machine, type Run } from "../machine/index.ts";
import type { Duration } from "./duration.ts";
import { schemaName } from "./event-schema.ts";
import { copyEvents, type EventSource, nextEvent } from "./event-source.ts";
import { asEvents } from "./event-stream.ts";
import { freeWorld } from "./free.ts";
import { checkName } from "./options.ts";
import { isSchema, type StandardSchema } from "./schema.ts";

export interface EventOptions<T = unknown> {
  /** A well-known key, at most 512 characters. Without it an unguessable one is made. */
  readonly key?: string;
  /** A time after which it rejects with `TimeoutError`: a duration from now, or a date. In a stream, for each event. */
  readonly timeout?: Duration | Date;
  /**
   * False, the default: each event goes to one of those who wait for the key. True: this one gets a copy of each event that
   * is sent from now on, whoever else does.
   */
  readonly broadcast?: boolean;
  /** Standard Schema of the payload. It has to be a top-level `const` of a marked module, or imported by one. */
  readonly schema?: StandardSchema<T>;
}

/**
 * A promise for the payload of the next event, and an async iterable of the payloads of all: the first iteration begins with the
 * event that `await` gives. `key` is what `send(key, payload)` takes.
 */
export interface EventPromise<T> extends Promise<T>, AsyncIterable<T> {
  readonly key: string;
}

/**
 * Waits for an event. One that was sent before is kept and found. The key may stand before the options or among them.
 * @throws ColdframeError CF2301, CF2302, CF3103 for wrong options; the promise rejects with `TimeoutError`, and with CF2307
 *   when the payload does not fit the schema
 */
export function event<T = unknown>(key: string, options?: Omit<EventOptions<T>, "key">): EventPromise<T>;
export function event<T = unknown>(options?: EventOptions<T> | string): EventPromise<T>;
export function event<T>(
  first: EventOptions<T> | string = {},
  second: Omit<EventOptions<T>, "key"> = {},
): EventPromise<T> {
  const named = typeof first === "string";
  const given: EventOptions<T> = named ? second : first;
  checkOptions("event()", given, ["timeout", "broadcast", "schema", ...(named ? [] : ["key"])]);
  const { timeout, broadcast = false, schema } = given;
  const key = named ? first : given.key;
  if (key !== undefined) checkName("event key", key);
  if (typeof broadcast !== "boolean") throw wrongOption("event()", "broadcast", broadcast, "true or false");
  if (schema !== undefined && !isSchema(schema))
    throw wrongOption("event()", "schema", schema, "a Standard Schema");
  const { run } = machine;
  const hosted = run !== null && run.host !== null;
  const name = key ?? (hosted ? eventKey(secretOf(run), run.id, run.nextId) : freeWorld.newKey());
  const source: EventSource = {
    key: broadcast ? `${name} for ${hosted ? `${run.id}/${run.nextId}` : freeWorld.newKey()}` : name,
    ...(timeout === undefined ? {} : { timeout }),
    ...(schema === undefined ? {} : { schema: hosted ? schemaName(schema) : schema }),
    ...(broadcast ? { copies: name } : {}),
  };
  if (broadcast) copyEvents(source, "next");
  return asEvents(nextEvent(source), name, source) as EventPromise<T>;
}

/**
 * The key of a generated event: the same whenever the same wait of the same run asks for it, a second time after a
 * crash too, and 128 bits to guess for those who were not given it. It ends with the run's id, so that a sender learns
 * that the run has ended.
 */
export function eventKey(secret: string, run: string, wait: number): string {
  return `${sha256(`${secret} ${wait} ${run}`).slice(0, 32)}.${wait}.${run}`;
}

/** Whether the run with this secret has made this key. The time it takes does not depend on how much of the key is right. */
export function isGenuine(key: string, run: string, secret: string): boolean {
  const wait = Number(key.slice(33, key.indexOf(".", 33)));
  const right = eventKey(secret, run, wait);
  let difference = right.length ^ key.length;
  for (let i = 0; i < key.length; i++) difference |= key.charCodeAt(i) ^ right.charCodeAt(i);
  return difference === 0;
}

/** Secrets of the runs in this process. Beside the run, so that no snapshot and no user code sees them. */
const secrets = new WeakMap<Run, string>();

export function setSecret(run: Run, secret: string): void {
  secrets.set(run, secret);
}

function secretOf(run: Run): string {
  return secrets.get(run) ?? (run === freeRun ? "" : run.id);
}
