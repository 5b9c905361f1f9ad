/** `send()`: an event from marked code. It is sent when the run is saved, in the same transaction. */
import { checkOptions } from "../errors.ts";
import { machine } from "../machine/index.ts";
import { encodeValue } from "../snapshot/index.ts";
import { freeWorld } from "./free.ts";
import { checkName } from "./options.ts";

export interface PostOptions {
  /** The same key and id twice is one event. Default: one of its own. */
  readonly id?: string;
}

/**
 * Sends an event to whoever waits for it with `event(key)`, in this run, in another, or outside; it is kept when nobody does yet.
 * @param payload is copied
 * @throws ColdframeError CF2101 when the payload cannot be saved, CF2301, CF3103 for wrong options
 */
export function send(key: string, payload?: unknown, options: PostOptions = {}): void {
  checkName("event key", key);
  checkOptions("send()", options, ["id"]);
  const { id } = options;
  if (id !== undefined) checkName("event id", id);
  const { run } = machine;
  if (run === null || run.host === null) {
    freeWorld.send(key, payload, id);
    return;
  }
  const text = encodeValue(payload, run.host.codec, `payload of event "${key}"`);
  run.host.effect(run, { kind: "send", key, id: id ?? `${run.id}/${run.nextId++}`, payload: text });
}
